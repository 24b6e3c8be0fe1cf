package simulator_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"importarchive/sync/remote/simulator"
)

var settled = simulator.Cluster{ID: "in01-a", Dialect: "zilliz-v1", Key: "one", Since: epoch, Jobs: 30}

func faulty(faults ...simulator.Fault) *simulator.World {
	w := simulator.New(1, (&clock{epoch}).now, settled)
	w.Script(faults...)
	return w
}

func TestEachFaultHasTheFormOfTheRealThing(t *testing.T) {
	for _, story := range []struct {
		fault  simulator.Fault
		status int
		header string // name: value
		body   string
	}{
		{simulator.Fault{Kind: simulator.HTTPStatus, Status: 401}, 401, "Content-Type: application/json; charset=utf-8", `{"code":80001,"message":"Invalid token: Your token`},
		{simulator.Fault{Kind: simulator.HTTPStatus, Status: 408}, 408, "Content-Type: text/plain; charset=utf-8", "Request Timeout"},
		{simulator.Fault{Kind: simulator.HTTPStatus}, 503, "Retry-After: ", "Service Unavailable"},
		{simulator.Fault{Kind: simulator.HTTPStatus, Status: 429, RetryAfter: 1500 * time.Millisecond}, 429, "Retry-After: 2", `{"code":429`},
		{simulator.Fault{Kind: simulator.HTTPStatus, Status: 429, RetryAfter: time.Hour, RetryAsDate: true}, 429, "Retry-After: Sun, 01 Mar 2026 13:00:00 GMT", `{"code":429`},
		{simulator.Fault{Kind: simulator.RateLimit}, 429, "Retry-After: ", `{"code":429`},
		{simulator.Fault{Kind: simulator.HTML}, 200, "Content-Type: text/html", "<html>"},
		{simulator.Fault{Kind: simulator.HTML, Status: 502}, 502, "Content-Type: text/html", "<html>"},
		{simulator.Fault{Kind: simulator.ErrorCode, Code: 80000}, 200, "Content-Type: application/json; charset=utf-8", `{"code":80000,"message":"The request could not be served."}`},
		{simulator.Fault{Kind: simulator.Verbatim, Body: `[]`}, 200, "Content-Type: application/json; charset=utf-8", `[]`},
		{simulator.Fault{Kind: simulator.Redirect}, 307, "Location: https://elsewhere.example/v1/vector/collections/import/list?clusterId=in01-a&currentPage=2&pageSize=10", ""},
		{simulator.Fault{Kind: simulator.EmptyObject}, 200, "Retry-After: ", `{}`},
		{simulator.Fault{Kind: simulator.NoData}, 200, "Retry-After: ", `{"code":200}`},
		{simulator.Fault{Kind: simulator.NullData}, 200, "Retry-After: ", `{"code":200,"data":null}`},
		{simulator.Fault{Kind: simulator.NullList}, 200, "Retry-After: ", `{"code":200,"data":{"tasks":null,"count":30,"currentPage":2,"pageSize":10}}`},
	} {
		w := faulty(story.fault)
		resp, body := fetch(t, w, request(t.Context(), settled, 2, 10))
		name, want, _ := strings.Cut(story.header, ": ")
		if resp.StatusCode != story.status || resp.Header.Get(name) != want || !strings.HasPrefix(body, story.body) {
			t.Errorf("%s: HTTP %d, %s %q, %s", story.fault.Kind, resp.StatusCode, name, resp.Header.Get(name), body)
		}
		if len(w.Shown(settled.ID)) != 0 {
			t.Errorf("%s counts as shown", story.fault.Kind)
		}
	}
}

func TestARefusedConnectionIsAnErrorOfTheTransport(t *testing.T) {
	w := faulty(simulator.Fault{Kind: simulator.Refused})
	_, err := w.Transport().RoundTrip(request(t.Context(), settled, 1, 10))
	if !errors.Is(err, syscall.ECONNREFUSED) || w.Requests(settled.ID) != 1 {
		t.Errorf("%v after %d requests", err, w.Requests(settled.ID))
	}
}

func TestShiftedPagesRepeatOrSkipJobs(t *testing.T) {
	straight := ids(list(t, faulty(), settled, 10))
	for by, want := range map[int][]string{
		+1:  slices.Concat(straight[:10], straight[9:]),
		+10: slices.Concat(straight[:10], straight),
		-3:  slices.Concat(straight[:10], straight[13:]),
	} {
		w := faulty(simulator.Fault{Kind: simulator.Shifted, By: by, FromPage: 2})
		if got := ids(list(t, w, settled, 10)); !slices.Equal(got, want) {
			t.Errorf("shifted by %d: %d jobs", by, len(got))
		}
		if first, second := ask(t, w, settled, 1, 10), ask(t, w, settled, 2, 10); *first.Data.Count+by != *second.Data.Count {
			t.Errorf("shifted by %d: count goes from %d to %d", by, *first.Data.Count, *second.Data.Count)
		}
	}
}

func TestSmallPagesSamePageAndMiscountSayNothing(t *testing.T) {
	straight := ids(list(t, faulty(), settled, 10))
	small := faulty(simulator.Fault{Kind: simulator.SmallPages, Size: 7})
	if e := ask(t, small, settled, 2, 10); !slices.Equal(ids(e.jobs()), straight[7:14]) || e.Data.PageSize != 10 {
		t.Errorf("small pages: %+v", e.Data)
	}
	same := faulty(simulator.Fault{Kind: simulator.SamePage})
	if e := ask(t, same, settled, 3, 10); !slices.Equal(ids(e.jobs()), straight[:10]) || e.Data.CurrentPage != 3 {
		t.Errorf("same page: %+v", e.Data)
	}
	wrong := faulty(simulator.Fault{Kind: simulator.Miscount, By: -4})
	if e := ask(t, wrong, settled, 1, 10); *e.Data.Count != 26 || len(e.jobs()) != 10 {
		t.Errorf("miscount: %+v", e.Data)
	}
}

// struck says which of n requests for a page were hit.
func struck(t *testing.T, w *simulator.World, c simulator.Cluster, page, n int) (hits []int) {
	t.Helper()
	for i := range n {
		if resp, _ := fetch(t, w, request(t.Context(), c, page, 10)); resp.StatusCode != http.StatusOK {
			hits = append(hits, i+1)
		}
	}
	return hits
}

func TestAFaultHitsTheRequestsItIsMeantFor(t *testing.T) {
	down := simulator.Fault{Kind: simulator.HTTPStatus}
	for name, story := range map[string]struct {
		with func(*simulator.Fault)
		want []int
	}{
		"all":                  {func(*simulator.Fault) {}, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		"the first two":        {func(f *simulator.Fault) { f.Times = 2 }, []int{1, 2}},
		"two after three":      {func(f *simulator.Fault) { f.After, f.Times = 3, 2 }, []int{4, 5}},
		"every third":          {func(f *simulator.Fault) { f.Every = 3 }, []int{3, 6}},
		"another cluster's":    {func(f *simulator.Fault) { f.Cluster = "in01-b" }, nil},
		"this cluster's":       {func(f *simulator.Fault) { f.Cluster, f.Times = "in01-a", 1 }, []int{1}},
		"later":                {func(f *simulator.Fault) { f.From = epoch.Add(1) }, nil},
		"earlier":              {func(f *simulator.Fault) { f.Until = epoch }, nil},
		"now":                  {func(f *simulator.Fault) { f.From, f.Until, f.Times = epoch, epoch.Add(1), 1 }, []int{1}},
		"of a later page":      {func(f *simulator.Fault) { f.FromPage = 3 }, nil},
		"of this page or more": {func(f *simulator.Fault) { f.FromPage, f.Times = 2, 1 }, []int{1}},
	} {
		f := down
		story.with(&f)
		if got := struck(t, faulty(f), settled, 2, 8); !slices.Equal(got, story.want) {
			t.Errorf("%s: hit %v, want %v", name, got, story.want)
		}
	}
}

func TestARandomShareIsTheSameForOneSeedHoweverClustersTakeTurns(t *testing.T) {
	other := settled
	other.ID = "in01-b"
	fault := simulator.Fault{Kind: simulator.HTTPStatus, Share: .3}
	apart, together := simulator.New(1, time.Now, settled, other), simulator.New(1, time.Now, settled, other)
	apart.Script(fault)
	together.Script(fault)
	want := struck(t, apart, settled, 1, 400)
	var got []int
	for i := range 400 {
		struck(t, together, other, 1, 1)
		if struck(t, together, settled, 1, 1) != nil {
			got = append(got, i+1)
		}
	}
	if !slices.Equal(got, want) || len(got) < 90 || len(got) > 150 {
		t.Errorf("%d and %d of 400 were hit", len(got), len(want))
	}
}

func TestARateLimitIsEnforced(t *testing.T) {
	at := clock{epoch}
	milvus := simulator.Cluster{ID: "m", Dialect: "milvus-v2", Key: "two", Jobs: 3}
	w := simulator.New(1, at.now, settled, milvus)
	w.Script(simulator.Fault{Kind: simulator.RateLimit, Rate: 5})
	if got := struck(t, w, settled, 1, 7); !slices.Equal(got, []int{6, 7}) {
		t.Errorf("at once: %v turned down", got)
	}
	at.advance(999 * time.Millisecond)
	if got := struck(t, w, settled, 1, 1); got == nil {
		t.Error("a sixth within a second was let through")
	}
	for range 20 {
		at.advance(200 * time.Millisecond)
		if got := struck(t, w, settled, 1, 1); got != nil {
			t.Error("five a second is too many")
		}
	}
	for range 5 {
		ask(t, w, milvus, 1, 10) // another key, another allowance
	}
	if e := ask(t, w, milvus, 1, 10); e.Code != 1807 || e.Data != nil {
		t.Errorf("a Milvus says %+v", e)
	}
}
