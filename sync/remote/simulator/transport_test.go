package simulator_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/sync/remote/simulator"
)

func TestTheListIsThatOfAMomentBetweenRequestAndAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := simulator.New(1, time.Now, settled)
		w.Script(simulator.Fault{Kind: simulator.Slow, Delay: 40 * time.Second})
		ask(t, w, settled, 1, 10)
		if took := time.Since(start); took != 40*time.Second {
			t.Errorf("took %v", took)
		}
		for id, s := range w.Shown(settled.ID) {
			if !s.First.Equal(start.Add(20 * time.Second)) {
				t.Errorf("%s looked at %v after the start", id, s.First.Sub(start))
			}
		}
	})
}

func TestNobodyWaitsLongerThanTheCaller(t *testing.T) {
	for _, fault := range []simulator.Fault{
		{Kind: simulator.Hang},
		{Kind: simulator.Slow, Delay: time.Hour},
		{Kind: simulator.Drip, Delay: time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := simulator.New(1, time.Now, settled)
			w.Script(fault)
			start := time.Now()
			caller := http.Client{Transport: w.Transport(), Timeout: 30 * time.Second}
			err := read(caller.Do(request(t.Context(), settled, 1, 10)))
			if failed, ok := errors.AsType[net.Error](err); !ok || !failed.Timeout() {
				t.Errorf("%s: %v", fault.Kind, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := read(w.Transport().RoundTrip(request(ctx, settled, 1, 10))); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", fault.Kind, err)
			}
			if took := time.Since(start); took != time.Minute || len(w.Shown(settled.ID)) != 0 {
				t.Errorf("%s: took %v, %d shown", fault.Kind, took, len(w.Shown(settled.ID)))
			}
		})
	}
}

// read returns the first error on the way to a whole body.
func read(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

func TestADrippingBodyArrivesWholeInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simulator.New(1, time.Now, settled)
		w.Script(simulator.Fault{Kind: simulator.Drip, Delay: 8 * time.Second})
		start := time.Now()
		if e := ask(t, w, settled, 1, 30); len(e.jobs()) != 30 {
			t.Errorf("%d jobs", len(e.jobs()))
		}
		if took := time.Since(start); took != 8*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestACutBodyEndsUnexpectedlyAndShowsNothing(t *testing.T) {
	w := faulty(simulator.Fault{Kind: simulator.Cut, Times: 1})
	resp, err := w.Transport().RoundTrip(request(t.Context(), settled, 1, 10))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != io.ErrUnexpectedEOF || int64(len(body)) != resp.ContentLength/2 || len(w.Shown(settled.ID)) != 0 {
		t.Errorf("%d of %d bytes, then %v", len(body), resp.ContentLength, err)
	}
	resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
		t.Errorf("closed: %v", err)
	}
}

func TestASocketBreaksAsTheTransportDoes(t *testing.T) {
	w := faulty(
		simulator.Fault{Kind: simulator.Cut, After: 1, Times: 1},
		simulator.Fault{Kind: simulator.Refused, After: 2, Times: 1},
		simulator.Fault{Kind: simulator.Hang, FromPage: 2},
		simulator.Fault{Kind: simulator.Drip, Delay: 8 * time.Millisecond, After: 3},
	)
	server := httptest.NewServer(w)
	defer server.Close()
	host, _ := url.Parse(server.URL)
	caller := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	get := func(ctx context.Context, page int) error {
		r := request(ctx, settled, page, 10)
		r.URL.Scheme, r.URL.Host, r.Host = "http", host.Host, ""
		return read(caller.Do(r))
	}
	if err := get(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if err := get(t.Context(), 1); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %v", err)
	}
	if err := get(t.Context(), 1); err == nil {
		t.Error("refused: no error")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := get(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
	if err := get(t.Context(), 1); err != nil {
		t.Errorf("drip: %v", err)
	}
}

func TestAWorldIsSafeForManyCallers(t *testing.T) {
	at := epoch.Add(10 * time.Hour)
	c := lively("zilliz-v2")
	w := simulator.New(1, func() time.Time { return at }, c, settled)
	w.Script(simulator.Fault{Kind: simulator.RateLimit, Rate: 1000}, simulator.Fault{Kind: simulator.Cut, Every: 7})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for page := range 30 {
				of := []simulator.Cluster{c, settled}[i%2]
				_ = read(w.Transport().RoundTrip(request(t.Context(), of, page%3+1, 20)))
				w.Shown(of.ID)
			}
			w.Truth(c.ID)
		})
	}
	all.Wait()
	if n := w.Requests(c.ID); n != 120 {
		t.Errorf("%d requests", n)
	}
}

func TestWhatIsShownCanBeForgotten(t *testing.T) {
	c := settled
	c.Unrecorded = true
	w := simulator.New(1, (&clock{epoch}).now, c)
	if got := list(t, w, c, 10); len(got) != 30 || len(w.Shown(c.ID)) != 0 {
		t.Errorf("%d listed, %d recorded", len(got), len(w.Shown(c.ID)))
	}
}

func TestAWorldThatCannotBeIsAMistakeInTheProgram(t *testing.T) {
	for name, mistake := range map[string]func(){
		"an unknown dialect":       func() { simulator.New(1, time.Now, simulator.Cluster{ID: "a", Dialect: "zilliz-v9"}) },
		"two clusters of one id":   func() { simulator.New(1, time.Now, settled, settled) },
		"the truth of no cluster":  func() { faulty().Truth("in01-none") },
		"an unknown kind of fault": func() { faulty(simulator.Fault{Kind: "flood"}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			mistake()
		}()
	}
}

func TestShownStatesFollowEachOther(t *testing.T) {
	at := clock{epoch}
	c := lively("zilliz-v1")
	c.RenameShare = .5
	w := simulator.New(1, at.now, c)
	for range 100 {
		at.advance(2 * time.Minute)
		list(t, w, c, 100)
	}
	moved, renamed := 0, 0
	for id, s := range w.Shown(c.ID) {
		if len(slices.Compact(slices.Clone(s.States))) != len(s.States) || s.Last.Before(s.First) {
			t.Errorf("%s: %+v", id, s)
		}
		moved += len(s.States) - 1
		renamed += len(s.Collections) - 1
	}
	if moved == 0 || renamed == 0 {
		t.Errorf("%d moves, %d new names shown", moved, renamed)
	}
}
