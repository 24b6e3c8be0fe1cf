package remote

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"importarchive/secret"
)

func TestRequestsKeepThePace(t *testing.T) {
	type asker struct {
		host, key string
		rate      float64
	}
	for _, story := range []struct {
		name   string
		askers []asker // each for a listing of ten requests
		want   time.Duration
	}{
		{"one client", []asker{{"a", "key-one", 10}}, 900 * time.Millisecond},
		{"two of one host and key", []asker{{"a", "key-one", 10}, {"a", "key-one", 10}}, 1900 * time.Millisecond},
		{"the slower of them counts", []asker{{"a", "key-one", 5}, {"a", "key-one", 10}}, 3800 * time.Millisecond},
		{"whichever came first", []asker{{"a", "key-one", 10}, {"a", "key-one", 5}}, 3800 * time.Millisecond},
		{"also for one without limit", []asker{{"a", "key-one", 5}, {"a", "key-one", 0}}, 3800 * time.Millisecond},
		{"another key", []asker{{"a", "key-one", 10}, {"a", "key-two", 10}}, 900 * time.Millisecond},
		{"another host", []asker{{"a", "key-one", 10}, {"b", "key-one", 10}}, 900 * time.Millisecond},
		{"no limit", []asker{{"a", "key-one", 0}}, 0},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				nine := listed([]string{"1"}, []string{"2"}, []string{"3"}, []string{"4"}, []string{"5"}, []string{"6"}, []string{"7"}, []string{"8"}, []string{"9"})
				pacer, start := NewPacer(), time.Now()
				var wg sync.WaitGroup
				for i, a := range story.askers {
					target := testTarget()
					target.BaseURL, target.Rate = "https://"+a.host, a.rate
					target.Key = func() (Secret, error) { return secret.New(a.key), nil }
					wg.Go(func() {
						time.Sleep(time.Duration(i)) // in this order
						if _, err := readAll(t.Context(), NewClient(target, nine, pacer, time.Now)); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if took := time.Since(start).Round(time.Millisecond); took != story.want {
					t.Errorf("took %v, want %v", took, story.want)
				}
				if text := fmt.Sprintf("%v %+v %#v", pacer, pacer, pacer); strings.Contains(text, "key-") {
					t.Errorf("a key is in %s", text)
				}
			})
		})
	}
}

func TestWaitingForATurnIsNotHeldAgainstThePage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		pacer := NewPacer()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				target := testTarget()
				target.Rate, target.RetryFor = 0.1, time.Second
				c := NewClient(target, service(func(w http.ResponseWriter, _ *http.Request) { respond(w) }), pacer, time.Now)
				if _, err := readAll(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}
