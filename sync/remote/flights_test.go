package remote

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script is a reader who lets pages be asked for as far as this one, and whom
// some page makes want those behind it anew.
type script struct {
	through int
	anewAt  int
	taken   int
	unread  []string
}

func (s *script) Surely() bool       { return true }
func (s *script) Ahead() (int, bool) { return s.through, s.anewAt > 0 && s.taken == s.anewAt }
func (s *script) Unread(p Page)      { s.unread = append(s.unread, show(p)) }

func sideBySide(n int) func(*Target) { return func(t *Target) { t.Prefetch = n } }

// slow answers each page after a second, but for those that have a time of their own.
func slow(asked *[]int, pages int, own map[int]time.Duration) service {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		n := pageOf(r)
		mu.Lock()
		*asked = append(*asked, n)
		mu.Unlock()
		d, ok := own[n]
		if !ok {
			d = time.Second
		}
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		if n <= pages {
			answer(w, fmt.Sprint("job-", n))
			return
		}
		answer(w)
	}
}

func TestPagesSideBySideComeInTheirOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var asked []int
		var now, most atomic.Int32
		answers := slow(&asked, 12, map[int]time.Duration{4: 3 * time.Second})
		c := testClient(service(func(w http.ResponseWriter, r *http.Request) {
			most.Store(max(most.Load(), now.Add(1)))
			answers(w, r)
			now.Add(-1)
		}), sideBySide(4))
		reader, n, start := &script{through: 11}, 0, time.Now()
		var last Page
		for p, err := range c.Pages(t.Context(), reader) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; p.Number != n || p.Asked.Before(last.Asked) || p.Received.Before(p.Asked) {
				t.Fatalf("page %d comes as %d: %+v", p.Number, n, p)
			}
			last = p
		}
		// The first; up to seven, while four is slow; up to eleven; the last; the one after it.
		if took := time.Since(start); took != 7*time.Second || n != 13 || most.Load() != 4 {
			t.Errorf("%d pages in %v, %d at once", n, took, most.Load())
		}
		if slices.Sort(asked); len(asked) != 13 || asked[12] != 13 {
			t.Errorf("asked for %v", asked)
		}
		if reader.unread != nil {
			t.Errorf("unread %v", reader.unread)
		}
	})
}

func TestOnePageAtATimeIsAskedForInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var asked []int
		c := testClient(slow(&asked, 5, nil)) // no Prefetch is one
		for p := range c.Pages(t.Context(), &script{through: 5}) {
			if synctest.Wait(); len(asked) > p.Number+1 || p.Ahead != 0 {
				t.Errorf("at page %d, asked %d ahead: %v", p.Number, p.Ahead, asked)
			}
		}
	})
}

// TestAPageThatWasAskedForAgainClaimsNoMoreThanThoseBehindIt: its answer is
// younger than theirs, so it must not raise their times.
func TestAPageThatWasAskedForAgainClaimsNoMoreThanThoseBehindIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		failed := false
		s := service(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			if pageOf(r) == 2 && !failed {
				failed = true
				w.Header().Set("Retry-After", "5")
				w.WriteHeader(503)
				return
			}
			if pageOf(r) <= 5 {
				answer(w, fmt.Sprint("job-", pageOf(r)))
			} else {
				answer(w)
			}
		})
		start := time.Now()
		var got []string
		for p, err := range testClient(s, sideBySide(3)).Pages(t.Context(), &script{through: 4}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d: %v to %v, %d tries", p.Number, p.Asked.Sub(start), p.Received.Sub(start), p.Tries))
		}
		want := []string{
			"1: 0s to 1s, 1 tries",
			"2: 1s to 8s, 2 tries", // really asked for at 7s
			"3: 1s to 2s, 1 tries",
			"4: 1s to 2s, 1 tries",
			"5: 8s to 9s, 1 tries",
			"6: 9s to 10s, 1 tries",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatWasAskedForTooEarlyIsAskedForAnewAndNotThrownAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var asked []int
		c := testClient(slow(&asked, 6, map[int]time.Duration{2: 4 * time.Second, 5: 20 * time.Second}), sideBySide(4))
		reader := &script{through: 5, anewAt: 2}
		var got []string
		for p, err := range c.Pages(t.Context(), reader) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s, ahead %d", show(p), p.Ahead))
			if reader.taken = p.Number; p.Number == 2 {
				reader.through = 0
			}
		}
		want := []string{
			"1: job-1, count 1, tries 1, ahead 0", "2: job-2, count 1, tries 1, ahead 0", "3: job-3, count 1, tries 1, ahead 0",
			"4: job-4, count 1, tries 1, ahead 0", "5: job-5, count 1, tries 1, ahead 0", "6: job-6, count 1, tries 1, ahead 0",
			"7: , count 0, tries 1, ahead 0",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		unread := []string{"3: job-3, count 1, tries 1", "4: job-4, count 1, tries 1", "5: , count 0, tries 1"}
		if diff := cmp.Diff(unread, reader.unread); diff != "" {
			t.Error(diff)
		}
		if len(asked) != 10 {
			t.Errorf("asked for %v", asked)
		}
	})
}

// TestNothingIsLostOrLeftWhenAListingEndsEarly: what had come is told, and each
// request is counted, however the listing ends.
func TestNothingIsLostOrLeftWhenAListingEndsEarly(t *testing.T) {
	for _, story := range []struct {
		name   string
		at     int
		end    func(w http.ResponseWriter) // how page 2 answers
		leave  int
		unread string
		pages  string
	}{
		{"with an error", 2, func(w http.ResponseWriter) { w.WriteHeader(403) }, 0, "3: job-3, 4: , 5: job-5", "1"},
		{"with an empty page", 2, func(w http.ResponseWriter) { answer(w) }, 0, "3: job-3, 4: , 5: job-5", "1 2"},
		{"as the reader wants", 2, func(w http.ResponseWriter) { answer(w, "job-2") }, 2, "3: job-3, 4: , 5: job-5", "1 2"},
		{"in a panic", 2, func(w http.ResponseWriter) { answer(w, "job-2") }, -2, "3: , 4: , 5: ", "1 2"},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) { // which fails if a goroutine is left
				var requests atomic.Int32
				s := service(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					switch n := pageOf(r); n {
					case 2:
						time.Sleep(time.Second)
						story.end(w)
					case 4:
						<-r.Context().Done()
					default:
						answer(w, fmt.Sprint("job-", n))
					}
				})
				reader, pages, counted := &script{through: 9}, []string{}, 0
				func() {
					defer func() { _ = recover() }()
					for p, err := range testClient(s, sideBySide(4)).Pages(t.Context(), reader) {
						if err != nil {
							counted += err.(*Error).Tries
							break
						}
						counted += p.Tries
						pages = append(pages, fmt.Sprint(p.Number))
						if p.Number == -story.leave {
							panic("at work")
						}
						if p.Number == story.leave {
							break
						}
					}
				}()
				var unread []string
				for _, u := range reader.unread {
					page, _, _ := strings.Cut(u, ", count")
					unread = append(unread, page)
					counted++
				}
				if got := strings.Join(unread, ", "); got != story.unread || strings.Join(pages, " ") != story.pages {
					t.Errorf("unread %q, pages %v", got, pages)
				}
				if counted != int(requests.Load()) {
					t.Errorf("%d requests, %d counted", requests.Load(), counted)
				}
			})
		})
	}
}
