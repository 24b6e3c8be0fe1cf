package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheNextPageIsFetchedWhileThisOneIsWorkedOnButNoFurther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var asked []int
		s := service(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, pageOf(r))
			time.Sleep(time.Second)
			respond(w, "job")
		})
		start := time.Now()
		for p, err := range testClient(s).Pages(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // the work
			synctest.Wait()
			if len(asked) != p.Number+1 {
				t.Errorf("at work on page %d, asked for %v", p.Number, asked)
			}
			if p.Number == 5 {
				break
			}
		}
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("five pages of a second each, worked on for a second each, took %v", took)
		}
	})
}

func TestNoPageIsFetchedAheadThatMayNotBeWanted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var asked []int
		s := service(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, pageOf(r))
			respond(w, "job")
		})
		given := 0
		surely := func() bool { return given == 2 } // before page 3 is given
		for p, err := range testClient(s).Pages(t.Context(), surely) {
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if given++; p.Number == 3 && len(asked) != 4 || p.Number != 3 && len(asked) != p.Number {
				t.Errorf("at work on page %d, asked for %v", p.Number, asked)
			}
			if given == 5 {
				break
			}
		}
	})
}

func TestAnErrorComesAfterThePagesBeforeIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := service(func(w http.ResponseWriter, r *http.Request) {
			if pageOf(r) == 3 {
				w.WriteHeader(403)
				return
			}
			respond(w, fmt.Sprint("job-", pageOf(r)))
		})
		var got []string
		for p, err := range testClient(s).Pages(t.Context(), nil) {
			time.Sleep(time.Minute) // page 3 has long failed when page 2 is taken
			if err != nil {
				got = append(got, err.Error())
				continue
			}
			got = append(got, show(p))
		}
		want := []string{"1: job-1, count 1, tries 1", "2: job-2, count 1, tries 1", "page 3: auth: HTTP 403"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLeavingTheLoopWaitsSomeSecondsForTheFetchAndStopsIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		inFlight := false
		s := service(func(w http.ResponseWriter, r *http.Request) {
			if pageOf(r) == 2 {
				inFlight = true
				<-r.Context().Done()
				time.Sleep(time.Second) // it takes its time to give up
				inFlight = false
				return
			}
			respond(w, "job-1")
		})
		start := time.Now()
		for range testClient(s).Pages(t.Context(), nil) {
			synctest.Wait()
			if !inFlight {
				t.Error("page 2 is not being fetched")
			}
			break
		}
		if inFlight {
			t.Error("the loop was left while the fetch of page 2 was running")
		}
		if took := time.Since(start); took != linger+time.Second {
			t.Errorf("leaving took %v", took)
		}
	})
}

func TestAPanicInTheLoopStopsTheFetchToo(t *testing.T) {
	inBubble(t, func(t *testing.T) { // which fails if a goroutine is left
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		for range testClient(listed([]string{"a"}, []string{"b"})).Pages(t.Context(), nil) {
			panic("at work")
		}
	})
}

func TestAPanicInTheFetchIsAnError(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := service(func(w http.ResponseWriter, r *http.Request) {
			if pageOf(r) == 2 {
				panic("transport with " + testKey)
			}
			respond(w, "a")
		})
		pages, err := readAll(t.Context(), testClient(s))
		if len(pages) != 1 || errText(err) != "page 2: protocol: panic: transport with [hidden]" {
			t.Errorf("%d pages, then %v", len(pages), err)
		}
		_, err = readAll(t.Context(), testClient(s, func(t *Target) {
			t.Key = func() (Secret, error) { panic("no keys today") }
		}))
		if errText(err) != "page 1: protocol: panic: no keys today" {
			t.Errorf("a key function's panic: %v", err)
		}
	})
}

func TestAFetchThatJustEndsIsNotTheEndOfTheListing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := service(func(w http.ResponseWriter, r *http.Request) {
			if pageOf(r) == 2 {
				runtime.Goexit()
			}
			respond(w, "a")
		})
		if pages, err := readAll(t.Context(), testClient(s)); len(pages) != 1 || err == nil {
			t.Errorf("%d pages, then %v", len(pages), err)
		}
	})
}

func TestTheErrorNamesTheCancellationOfTheCaller(t *testing.T) {
	reason := errors.New("the run is over")
	for _, story := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		is   []error
	}{
		{"cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Second, cancel)
			return ctx, cancel
		}, []error{context.Canceled}},
		{"cancelled for a reason", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			end := func() { cancel(reason) }
			time.AfterFunc(10*time.Second, end)
			return ctx, end
		}, []error{context.Canceled, reason}},
		{"out of time", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, []error{context.DeadlineExceeded}},
	} {
		hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		away := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(503)
		}
		for where, s := range map[string]service{"in a request": hang, "in a wait": away} {
			t.Run(story.name+" "+where, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					ctx, end := story.end(t.Context())
					defer end()
					start := time.Now()
					pages, err := readAll(ctx, testClient(s))
					want := 10 * time.Second
					if where == "in a request" && story.name != "out of time" {
						want += linger
					}
					if len(pages) != 0 || err == nil || err.Kind != Cancelled || err.Tries != 1 || time.Since(start) != want {
						t.Fatalf("after %v: %v, %+v", time.Since(start), pages, err)
					}
					for _, is := range story.is {
						if !errors.Is(err, is) {
							t.Errorf("%v is not %v", err, is)
						}
					}
				})
			})
		}
	}
}

func TestACancelledClientAsksNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := service(func(http.ResponseWriter, *http.Request) { t.Error("asked") })
		if _, err := readAll(ctx, testClient(s)); err == nil || err.Kind != Cancelled || err.Tries != 0 {
			t.Errorf("%+v", err)
		}
	})
}
