package remote

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// witness records what the client reports to it, one line each.
type witness struct {
	mu   sync.Mutex
	told []string
}

func (w *witness) Asked(status int, kind Kind, again bool) { w.tell("asked", status, kind, again) }

func (w *witness) Waited(why Wait, took time.Duration) { w.tell("waited", why, took) }

func (w *witness) tell(words ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
}

func TestAnObserverSeesEveryRequestAndEveryWait(t *testing.T) {
	refused := roundTrip(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
	for _, story := range []struct {
		name    string
		service http.RoundTripper
		change  func(*Target)
		want    []string
	}{
		{
			"a listing of two pages", listed([]string{"a"}), func(*Target) {},
			[]string{"asked 200  false", "asked 200  false"},
		},
		{
			"in step with the pace", listed([]string{"a"}), func(t *Target) { t.Rate = 2 },
			[]string{"asked 200  false", "waited pace 500ms", "asked 200  false"},
		},
		{
			"asked to wait", then(status(429, "Retry-After", "7"), listed()), func(*Target) {},
			[]string{"asked 429 rate-limited false", "waited retry 7s", "asked 200  true"},
		},
		{
			"asked to wait, in step with the pace", then(status(503, "Retry-After", "5"), listed()), func(t *Target) { t.Rate = 0.125 },
			[]string{"asked 503 unavailable false", "waited retry 5s", "waited pace 3s", "asked 200  true"},
		},
		{
			"no listener", refused, func(t *Target) { t.RetryFor = 0 },
			[]string{"asked 0 unavailable false"},
		},
		{
			"an error inside HTTP 200", body(`{"code":80001,"message":"who?"}`), func(*Target) {},
			[]string{"asked 200 auth false"},
		},
		{
			"an error that means the end", then(listed([]string{"a"}), body(`{"code":80004}`)), func(*Target) {},
			[]string{"asked 200  false", "asked 200  false"},
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, w := testClient(story.service, story.change), &witness{}
				c.Observe(w)
				_, _ = readAll(t.Context(), c)
				if diff := cmp.Diff(story.want, w.told); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestAWaitThatIsCutShortCountsForAsLongAsItLasted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		c, w := testClient(status(503, "Retry-After", "60")), &witness{}
		c.Observe(w)
		if _, err := readAll(ctx, c); err == nil || err.Kind != Cancelled {
			t.Error(err)
		}
		if want := []string{"asked 503 unavailable false", "waited retry 5s"}; !slices.Equal(w.told, want) {
			t.Errorf("%q", w.told)
		}
	})
}

func TestObservedRequestsAddUpToTheTriesOfThePages(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := 0
		var mu sync.Mutex
		s := service(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			n++
			fails := n%3 == 0
			mu.Unlock()
			if fails {
				status(500)(w, r)
				return
			}
			listed([]string{"a"}, []string{"b"}, []string{"c"})(w, r)
		})
		w, pacer := &witness{}, NewPacer()
		var together sync.WaitGroup
		for range 4 {
			together.Go(func() {
				target := testTarget()
				target.Rate = 10
				c := NewClient(target, s, pacer, time.Now)
				c.Observe(w)
				if _, err := readAll(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		together.Wait()
		asked, again := 0, 0
		for _, line := range w.told {
			if strings.HasPrefix(line, "asked") {
				asked++
			}
			if strings.HasSuffix(line, "true") {
				again++
			}
		}
		if asked != n || asked-again != 16 {
			t.Errorf("told of %d requests, %d of them retries; %d were made for 16 pages", asked, again, n)
		}
	})
}
