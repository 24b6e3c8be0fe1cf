package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIsOnItsWayWhenTheCallerGivesUpIsWaitedFor cancels a listing while its
// second page is on its way.
func TestWhatIsOnItsWayWhenTheCallerGivesUpIsWaitedFor(t *testing.T) {
	const cancelAt = 10 * time.Second
	const justInTime = cancelAt + linger - time.Millisecond
	after := func(d time.Duration, ids ...string) service { // since the story began, at the turn of a second
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(d):
				respond(w, ids...)
			case <-r.Context().Done():
			}
		}
	}
	for _, story := range []struct {
		name  string
		page2 service
		work  time.Duration // of the caller on page 1; page 2 is ahead of it meanwhile
		want  string
		ends  time.Duration
	}{
		{"it is waited for, and comes", after(justInTime, "b"), 0, "1: a, 2: b; page 3: cancelled: context canceled", justInTime},
		{"it is ahead, and comes", after(justInTime, "b"), time.Minute, "1: a, 2: b; page 3: cancelled: context canceled", time.Minute},
		{"it comes before the caller has worked off the one in front", after(time.Second, "b"), time.Minute, "1: a, 2: b; page 3: cancelled: context canceled", time.Minute},
		{"it is the last", after(justInTime), 0, "1: a, 2: ; ", justInTime},
		{"it comes too late", after(time.Hour, "b"), 0, "1: a; page 2: cancelled: context canceled", cancelAt + linger},
		{"it is ahead, and comes too late", after(time.Hour, "b"), time.Minute, "1: a; page 2: cancelled: context canceled", time.Minute},
		{
			"the service can't answer it now",
			func(w http.ResponseWriter, _ *http.Request) { time.Sleep(11 * time.Second); w.WriteHeader(503) }, 0,
			"1: a; page 2: cancelled: context canceled", 11 * time.Second,
		},
		{
			"it will never be answered",
			func(w http.ResponseWriter, _ *http.Request) { time.Sleep(11 * time.Second); w.WriteHeader(403) }, 0,
			"1: a; page 2: auth: HTTP 403", 11 * time.Second,
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) { // which fails if a goroutine is left
				var requests atomic.Int32
				s := service(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					if pageOf(r) == 2 {
						story.page2(w, r)
						return
					}
					respond(w, "a")
				})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(cancelAt, cancel)
				start, tries, end := time.Now(), 0, ""
				var pages []string
				for p, err := range testClient(s).Pages(ctx, nil) {
					if err != nil {
						end = err.Error()
						tries += err.(*Error).Tries
						break
					}
					tries += p.Tries
					ids, _, _ := strings.Cut(show(p), ", count")
					pages = append(pages, ids)
					time.Sleep(story.work)
				}
				if diff := cmp.Diff(story.want, strings.Join(pages, ", ")+"; "+end); diff != "" {
					t.Error(diff)
				}
				// With work on page 1, another minute may have gone into page 2.
				if took := time.Since(start); took != story.ends+time.Duration(len(pages)-1)*story.work {
					t.Errorf("it took %v", took)
				}
				if tries != int(requests.Load()) || tries != 2 {
					t.Errorf("%d requests, %d counted", requests.Load(), tries)
				}
			})
		})
	}
}

// TestNothingIsBegunAfterTheCallerGaveUp: neither a wait for a turn nor one for
// another try outlives the caller.
func TestNothingIsBegunAfterTheCallerGaveUp(t *testing.T) {
	for name, change := range map[string]func(*Target){
		"in the wait for a turn": func(t *Target) { t.Rate = 0.01 },
		"in the wait to retry":   func(*Target) {},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				requests := 0
				s := service(func(w http.ResponseWriter, r *http.Request) {
					if requests++; pageOf(r) == 2 {
						w.Header().Set("Retry-After", "60")
						w.WriteHeader(503)
						return
					}
					respond(w, fmt.Sprint("job-", pageOf(r)))
				})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(10*time.Second, cancel)
				start := time.Now()
				pages, err := readAll(ctx, testClient(s, change))
				if len(pages) != 1 || err == nil || err.Kind != Cancelled || 1+err.Tries != requests || time.Since(start) != 10*time.Second {
					t.Errorf("after %v: %v, %v, %d requests", time.Since(start), pages, err, requests)
				}
			})
		})
	}
}

// TestAnAnswerThatIsReadWhenTheCallerGivesUpIsReadOn: its body is on its way too.
func TestAnAnswerThatIsReadWhenTheCallerGivesUpIsReadOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		dripping := roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := listed([]string{"a"}).RoundTrip(r)
			if pageOf(r) == 1 {
				resp.Body = &drip{ReadCloser: resp.Body, ctx: r.Context()}
			}
			return resp, err
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		pages, err := readAll(ctx, testClient(dripping))
		if strings.Join(pages, ", ") != "1: a, count 1, tries 1" || errText(err) != "page 2: cancelled: context canceled" {
			t.Errorf("%v, %v", pages, err)
		}
	})
}

// drip is a body that takes two seconds to come.
type drip struct {
	io.ReadCloser
	ctx  context.Context
	come bool
}

func (d *drip) Read(p []byte) (int, error) {
	if !d.come {
		select {
		case <-time.After(2 * time.Second):
			d.come = true
		case <-d.ctx.Done():
			return 0, d.ctx.Err()
		}
	}
	return d.ReadCloser.Read(p)
}

func TestAnAnswerOnItsWayWhenTheCallerGivesUpArrives(t *testing.T) {
	for after, told := range map[time.Duration]bool{2 * time.Second: true, time.Minute: false} {
		inBubble(t, func(t *testing.T) {
			s := service(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(after):
				case <-r.Context().Done():
				}
				fmt.Fprint(w, `{"code":200,"data":{"jobId":"job-1","state":"ImportRunning"}}`)
			})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			d, err := testClient(s).Describe(ctx, "job-1")
			if (err == nil) != told || told && d.RawState != "ImportRunning" {
				t.Errorf("after %v: %+v, %v", after, d, err)
			}
		})
	}
}
