package simulator_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/sync/remote/simulator"
)

// about spells the request about one job; name is that of the second API's call.
func about(ctx context.Context, c simulator.Cluster, name, id string) *http.Request {
	var r *http.Request
	switch c.Dialect {
	case "zilliz-v1":
		q := url.Values{"clusterId": {c.ID}, "jobId": {id}}
		r, _ = http.NewRequestWithContext(ctx, http.MethodGet, "https://controller.example/v1/vector/collections/import/get?"+q.Encode(), nil)
	case "zilliz-v2":
		body := fmt.Sprintf(`{"clusterId":%q,"jobId":%q}`, c.ID, id)
		r, _ = http.NewRequestWithContext(ctx, http.MethodPost, "https://api.example/v2/vectordb/jobs/import/"+name, strings.NewReader(body))
	default:
		r, _ = http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.ID+":19530/v2/vectordb/jobs/import/"+name, strings.NewReader(`{"jobId":`+id+`}`))
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	return r
}

// oldest returns the id of a world's first job.
func oldest(w *simulator.World, c simulator.Cluster) string { return w.Truth(c.ID)[0].ID }

func TestOneJobHasItsDialectsShape(t *testing.T) {
	const at, name = `"2026-03-01T20:\d\d:\d\d\+08:00"`, `[0-9a-z]{8}/\d\.parquet`
	for _, story := range []struct{ dialect, want string }{
		{"zilliz-v1", `{"code":200,"data":{"collectionName":"(products|reviews)","fileName":"NAME","fileSize":\d+,"readyPercentage":0,"completeTime":AT,"errorMessage":"[a-z ]*","jobId":"ID",` +
			`"details":\[({"fileName":"NAME","fileSize":\d+,"readyPercentage":[01],"completeTime":AT,"errorMessage":"[a-z ]*"},?)+\]}}`},
		{"zilliz-v2", `{"code":0,"data":{"jobId":"ID","collectionName":"(products|reviews)","fileName":"NAME","fileSize":\d+,"state":"Failed","progress":0,"completeTime":AT,"reason":"[a-z ]*","totalRows":\d+,` +
			`"details":\[({"fileName":"NAME","fileSize":\d+,"state":"(Completed|Failed)","progress":(0|100),"completeTime":AT,"reason":"[a-z ]*","totalRows":\d+},?)+\]}}`},
		{"milvus-v2", `{"code":0,"data":{"collectionName":"(products|reviews)","completeTime":"","createTime":AT,` +
			`"details":\[({"completeTime":("",|AT,)"fileName":"\[NAME\]","fileSize":\d+,"importedRows":\d+,"progress":(0|100),("reason":"[a-z ]+",)?"state":"(Completed|Failed)","totalRows":\d+},?)+\],` +
			`"fileSize":\d+,"importedRows":\d+,"jobId":"ID","progress":0,("reason":"[a-z ]+",)?"state":"Failed","totalRows":\d+}}`},
	} {
		c := simulator.Cluster{ID: "a.example", Dialect: story.dialect, Jobs: 20, FailShare: 1, Since: epoch.Add(30 * time.Minute), Zone: time.FixedZone("", 8*60*60)}
		w := simulator.New(1, (&clock{epoch.Add(time.Hour)}).now, c)
		for _, life := range w.Truth(c.ID) {
			want := strings.NewReplacer("AT", at, "NAME", name, "ID", life.ID, "{", `\{`, "}", `\}`).Replace(story.want)
			resp, body := fetch(t, w, about(t.Context(), c, "describe", life.ID))
			if !regexp.MustCompile("^" + want + "$").MatchString(body) {
				t.Fatalf("%s: %s", story.dialect, body)
			}
			if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json; charset=utf-8" || resp.Header.Get("Requestid") == "" {
				t.Errorf("%s: %d %v", story.dialect, resp.StatusCode, resp.Header)
			}
		}
	}
}

func TestTheFirstAPIMayCountToAHundred(t *testing.T) {
	for percent, want := range map[bool]string{false: `"readyPercentage":1,`, true: `"readyPercentage":100,`} {
		c := simulator.Cluster{ID: "a", Dialect: "zilliz-v1", Jobs: 1, Percent: percent}
		w := simulator.New(1, (&clock{epoch}).now, c)
		if _, body := fetch(t, w, about(t.Context(), c, "", oldest(w, c))); strings.Count(body, want) < 2 {
			t.Error(body)
		}
	}
}

func TestAServicesClockMayBeOff(t *testing.T) {
	c := simulator.Cluster{ID: "a", Dialect: "zilliz-v2", Jobs: 1, Since: epoch, Clock: 2 * time.Hour}
	w := simulator.New(1, (&clock{epoch}).now, c)
	resp, body := fetch(t, w, about(t.Context(), c, "describe", oldest(w, c)))
	if !strings.Contains(body, `"completeTime":"2026-03-01T13:5`) || resp.Header.Get("Date") != "Sun, 01 Mar 2026 14:00:00 GMT" {
		t.Errorf("%s %v", body, resp.Header)
	}
}

func TestWhoAsksAboutNothingIsRefused(t *testing.T) {
	for _, dialect := range dialects {
		c := simulator.Cluster{ID: "in01-a", Dialect: dialect, Key: "one", Jobs: 3}
		w := simulator.New(1, (&clock{epoch}).now, c, simulator.Cluster{ID: "other.example", Dialect: "milvus-v2"})
		id := oldest(w, c)
		stranger := c
		stranger.Key = "two"
		for _, story := range []struct {
			what   string
			r      *http.Request
			status int
			codes  map[string]string
		}{
			{"a job", about(t.Context(), c, "describe", id), 200, map[string]string{"zilliz-v1": `{"code":200,`, "zilliz-v2": `{"code":0,`, "milvus-v2": `{"code":0,`}},
			{"no such job", about(t.Context(), c, "describe", "7"), 200, map[string]string{"zilliz-v1": `{"code":90144,`, "zilliz-v2": `{"code":96026,`, "milvus-v2": `{"code":2101,`}},
			{"no job", about(t.Context(), c, "describe", `""`), 200, map[string]string{"zilliz-v1": `{"code":90144,`, "zilliz-v2": `{"code":96026,`, "milvus-v2": `{"code":2101,`}},
			{"a bad key", about(t.Context(), stranger, "describe", id), 401, map[string]string{"zilliz-v1": `{"code":80001,`, "zilliz-v2": `{"code":21119,`, "milvus-v2": `{"code":1800,`}},
		} {
			resp, body := fetch(t, w, story.r)
			if resp.StatusCode != story.status || !strings.HasPrefix(body, story.codes[dialect]) || strings.Contains(body, `"data"`) != (story.what == "a job") {
				t.Errorf("%s, %s: HTTP %d %s", dialect, story.what, resp.StatusCode, body)
			}
		}
		if w.Described(c.ID) != 4 || w.Requests(c.ID) != 0 {
			t.Errorf("%s: %d and %d requests", dialect, w.Described(c.ID), w.Requests(c.ID))
		}
	}
}

func TestACallIsKnownByItsNamesOnly(t *testing.T) {
	for naming, want := range map[simulator.Naming][]string{
		simulator.AllNames:  {"get", "describe", "getProgress", "get_progress"},
		simulator.CamelName: {"get", "getProgress"},
		simulator.SnakeName: {"get", "get_progress"},
		simulator.NoName:    nil,
	} {
		for _, dialect := range dialects {
			c := simulator.Cluster{ID: "a", Dialect: dialect, Jobs: 1, Naming: naming}
			w := simulator.New(1, (&clock{epoch}).now, c)
			names := []string{"describe", "getProgress", "get_progress"}
			if dialect == "zilliz-v1" {
				names = []string{"get"}
			}
			for _, name := range names {
				resp, body := fetch(t, w, about(t.Context(), c, name, oldest(w, c)))
				if known := slices.Contains(want, name); known && resp.StatusCode != 200 || !known && (resp.StatusCode != 404 || body != "404 page not found") {
					t.Errorf("%s, %q: %s is HTTP %d", dialect, naming, name, resp.StatusCode)
				}
			}
		}
	}
}

func TestFaultsCountTheRequestsOfEachCallByThemselves(t *testing.T) {
	for _, story := range []struct {
		fault       simulator.Fault
		lists, jobs string
	}{
		{simulator.Fault{Kind: simulator.HTTPStatus, Every: 3}, "--x--x", "--x--x"},
		{simulator.Fault{Kind: simulator.HTTPStatus, Times: 2}, "xx----", "xx----"},
		{simulator.Fault{Kind: simulator.HTTPStatus, After: 4, Call: simulator.Describe}, "------", "----xx"},
		{simulator.Fault{Kind: simulator.HTTPStatus, After: 4, Call: simulator.List}, "----xx", "------"},
		{simulator.Fault{Kind: simulator.HTTPStatus, FromPage: 2}, "xxxxxx", "------"},
		{simulator.Fault{Kind: simulator.NullList}, "------", "------"},
		{simulator.Fault{Kind: simulator.Away}, "------", "xxxxxx"},
	} {
		w := faulty(story.fault)
		id := oldest(w, settled)
		lists, jobs := "", ""
		mark := func(r *http.Request) string {
			if resp, _ := fetch(t, w, r); resp.StatusCode != http.StatusOK {
				return "x"
			}
			return "-"
		}
		for range 6 {
			lists += mark(request(t.Context(), settled, 2, 10))
			jobs += mark(about(t.Context(), settled, "", id))
		}
		if lists != story.lists || jobs != story.jobs {
			t.Errorf("%+v: lists %s, jobs %s", story.fault, lists, jobs)
		}
	}
}

func TestQueriesForSingleJobsDoNotChangeTheList(t *testing.T) {
	for _, dialect := range dialects {
		c := lively(dialect)
		c.Order = simulator.Shuffled
		fault := simulator.Fault{Kind: simulator.HTTPStatus, Share: .3}
		var a, b clock
		a.t, b.t = epoch, epoch
		curious, silent := simulator.New(7, a.now, c), simulator.New(7, b.now, c)
		curious.Script(fault)
		silent.Script(fault)
		for range 40 {
			a.advance(11 * time.Minute)
			b.t = a.t
			fetch(t, curious, about(t.Context(), c, "describe", oldest(curious, c)))
			_, got := fetch(t, curious, request(t.Context(), c, 1, 100))
			if _, want := fetch(t, silent, request(t.Context(), c, 1, 100)); got != want {
				t.Fatalf("%s:\n%s\n%s", dialect, got, want)
			}
		}
	}
}

func TestOneJobOfThePastIsAsItWas(t *testing.T) {
	c, at := lively("milvus-v2"), clock{epoch.Add(5 * time.Hour)}
	w := simulator.New(1, at.now, c)
	all := func() (told []string) {
		for _, life := range w.Truth(c.ID)[:50] {
			_, body := fetch(t, w, about(t.Context(), c, "describe", life.ID))
			told = append(told, body)
		}
		return told
	}
	before := all()
	at.advance(48 * time.Hour)
	all()
	at.advance(-48 * time.Hour)
	if !reflect.DeepEqual(all(), before) {
		t.Error("the past changed")
	}
}

func BenchmarkOneOfAMillionSettledJobs(b *testing.B) {
	c := simulator.Cluster{ID: "a", Dialect: "zilliz-v1", Jobs: 1_000_000, Unrecorded: true}
	w := simulator.New(1, (&clock{epoch}).now, c)
	id := list(b, simulator.New(1, (&clock{epoch}).now, simulator.Cluster{ID: "a", Dialect: "zilliz-v1", Jobs: 1}), c, 5)[0].JobID
	fetch(b, w, about(b.Context(), c, "", id)) // works out all ids
	for b.Loop() {
		if _, body := fetch(b, w, about(b.Context(), c, "", id)); !strings.Contains(body, id) {
			b.Fatal(body)
		}
	}
}
