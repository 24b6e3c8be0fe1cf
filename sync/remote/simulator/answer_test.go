package simulator_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"importarchive/sync/remote/simulator"
)

func TestAnswersHaveTheirDialectsShape(t *testing.T) {
	job := map[string]string{
		"zilliz-v1": `\{"collectionName":"(products|reviews)","jobId":"(job-[0-9a-z]{22}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})","state":"Import(Completed|Failed)"\}`,
		"zilliz-v2": `\{"collectionName":"(products|reviews)","jobId":"job-[0-9a-z]{22}","progress":(100|0)(,"reason":"[a-z ]+")?,"state":"(Completed|Failed)"\}`,
		"milvus-v2": `\{"collectionName":"(products|reviews)","jobId":"[0-9]{18}","progress":(100|0)(,"reason":"[a-z ]+")?,"state":"(Completed|Failed)"\}`,
	}
	shape := map[string]string{
		"zilliz-v1": `\{"code":200,"data":\{"tasks":\[LIST\],"count":30,"currentPage":1,"pageSize":100\}\}`,
		"zilliz-v2": `\{"code":0,"data":\{"count":30,"currentPage":1,"pageSize":100,"records":\[LIST\]\}\}`,
		"milvus-v2": `\{"code":0,"data":\{"records":\[LIST\]\}\}`,
	}
	for _, dialect := range dialects {
		c := simulator.Cluster{ID: "a", Dialect: dialect, Jobs: 30, FailShare: .5}
		resp, body := fetch(t, simulator.New(1, (&clock{epoch}).now, c), request(t.Context(), c, 1, 100))
		list := job[dialect] + "(," + job[dialect] + "){29}"
		if want := strings.Replace(shape[dialect], "LIST", list, 1); !regexp.MustCompile("^" + want + "$").MatchString(body) {
			t.Errorf("%s: %s", dialect, body)
		}
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json; charset=utf-8" ||
			resp.Header.Get("Requestid") == "" || resp.Header.Get("Date") != epoch.Format(http.TimeFormat) || resp.ContentLength != int64(len(body)) {
			t.Errorf("%s: %d %v", dialect, resp.StatusCode, resp.Header)
		}
	}
}

func TestAnEmptyListIsAnEmptyList(t *testing.T) {
	for _, dialect := range dialects {
		c := simulator.Cluster{ID: "a", Dialect: dialect}
		e := ask(t, simulator.New(1, (&clock{epoch}).now, c), c, 1, 10)
		if e.Data == nil || e.Data.Tasks == nil && e.Data.Records == nil || len(e.jobs()) != 0 {
			t.Errorf("%s: %+v", dialect, e)
		}
	}
}

func TestWrongRequestsAreRefusedInTheDialectsWords(t *testing.T) {
	v1 := simulator.Cluster{ID: "in01-one", Dialect: "zilliz-v1", Key: "one", Jobs: 30}
	v2 := simulator.Cluster{ID: "in01-two", Dialect: "zilliz-v2", Key: "two", Jobs: 30, EndError: true}
	m := simulator.Cluster{ID: "milvus.example", Dialect: "milvus-v2", Key: "root:Milvus", Jobs: 30}
	w := simulator.New(1, (&clock{epoch}).now, v1, v2, m, simulator.Cluster{ID: "other.example", Dialect: "milvus-v2"})

	with := func(c simulator.Cluster, id, key string) simulator.Cluster {
		c.ID, c.Key = id, key
		return c
	}
	for _, story := range []struct {
		name         string
		cluster      simulator.Cluster
		page, size   int
		status, code int
	}{
		{"all is well", v1, 1, 5, 200, 200},
		{"a page too small", v1, 1, 4, 200, 80003},
		{"a page too large", v1, 1, 101, 200, 80003},
		{"page nought", v1, 0, 10, 200, 80004},
		{"a page past the end", v1, 99, 10, 200, 200},
		{"a bad key", with(v1, v1.ID, "x"), 1, 10, 401, 80001},
		{"a bad key and no such cluster", with(v1, "in01-none", "x"), 1, 10, 401, 80001},
		{"no such cluster", with(v1, "in01-none", "one"), 1, 10, 200, 40021},
		{"no cluster", with(v1, "", "one"), 1, 10, 200, 90104},
		{"all is well", v2, 3, 10, 200, 0},
		{"a page of one", v2, 1, 1, 200, 0},
		{"a page too small", v2, 1, 0, 200, 96008},
		{"page nought", v2, 0, 10, 200, 96009},
		{"a page past the end, where that is an error", v2, 4, 10, 200, 96009},
		{"a bad key", with(v2, v2.ID, "x"), 1, 10, 401, 21119},
		{"no such cluster", with(v2, "in01-none", "two"), 1, 10, 200, 96018},
		{"no cluster", with(v2, "", "two"), 1, 10, 200, 96025},
		{"paging is ignored", m, 17, 1, 200, 0},
		{"a bad key", with(m, m.ID, "x"), 1, 10, 401, 1800},
	} {
		resp, body := fetch(t, w, request(t.Context(), story.cluster, story.page, story.size))
		var e envelope
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != story.status || e.Code != story.code {
			t.Errorf("%s: %s: HTTP %d, %s", story.cluster.Dialect, story.name, resp.StatusCode, body)
		}
		if good := e.Code == 0 || e.Code == 200; good != (e.Data != nil) {
			t.Errorf("%s: %s: %s", story.cluster.Dialect, story.name, body)
		}
	}
	r := request(t.Context(), v1, 1, 10)
	r.URL.Path = "/v1/vector/collections"
	if resp, _ := fetch(t, w, r); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another path: HTTP %d", resp.StatusCode)
	}
}

func TestTheOnlyMilvusAnswersUnderAnyHost(t *testing.T) {
	c := simulator.Cluster{ID: "m", Dialect: "milvus-v2", Jobs: 3}
	w := simulator.New(1, (&clock{epoch}).now, c, simulator.Cluster{ID: "in01-two", Dialect: "zilliz-v2"})
	r := request(t.Context(), c, 1, 10)
	r.URL.Host, r.Host = "127.0.0.1:40123", ""
	if _, body := fetch(t, w, r); strings.Count(body, "jobId") != 3 {
		t.Error(body)
	}
}

func TestCountMeansWhatTheClusterSays(t *testing.T) {
	for count, want := range map[simulator.Count]int{
		simulator.CountTotal: 33, simulator.CountPage: 10, simulator.CountLags: 32, simulator.CountAbsent: -1,
	} {
		c := simulator.Cluster{ID: "a", Dialect: "zilliz-v1", Jobs: 33, Count: count}
		e := ask(t, simulator.New(1, (&clock{epoch}).now, c), c, 2, 10)
		got := -1
		if e.Data.Count != nil {
			got = *e.Data.Count
		}
		if got != want {
			t.Errorf("%q: %d", count, got)
		}
	}
}

func TestAServersOwnCapIsSilent(t *testing.T) {
	c := simulator.Cluster{ID: "a", Dialect: "zilliz-v1", Jobs: 33, PageCap: 10, List: "records"}
	w := simulator.New(1, (&clock{epoch}).now, c)
	if e := ask(t, w, c, 1, 100); len(e.Data.Records) != 10 || e.Data.PageSize != 100 {
		t.Errorf("%+v", e.Data)
	}
	if got := len(list(t, w, c, 100)); got != 33 {
		t.Errorf("%d jobs", got)
	}
}

func TestAMilvusShowsACancelledJobOnlyByItsReason(t *testing.T) {
	at := clock{epoch.Add(time.Hour)}
	c := lively("milvus-v2")
	c.CancelShare, c.FailShare, c.NeverEndsShare, c.LostShare = 1, 0, 0, 0
	for _, j := range list(t, simulator.New(1, at.now, c), c, 0) {
		if j.State == "Failed" && *j.Reason != "aborted by user" {
			t.Errorf("%+v", j)
		}
	}
}

func BenchmarkAPageOfAMillionSettledJobs(b *testing.B) {
	c := simulator.Cluster{ID: "a", Dialect: "zilliz-v1", Jobs: 1_000_000, FailShare: .1, Unrecorded: true}
	benchmarkPages(b, c, epoch, 10_000)
}

func BenchmarkAPageOfFiftyThousandLiveJobs(b *testing.B) {
	c := lively("zilliz-v2")
	c.Every, c.KeepFor = time.Second, 50_000*time.Second
	benchmarkPages(b, c, epoch.Add(100_000*time.Second), 500)
}

func benchmarkPages(b *testing.B, c simulator.Cluster, at time.Time, pages int) {
	now := clock{at}
	w := simulator.New(1, now.now, c)
	page := 0
	b.ReportAllocs()
	for b.Loop() {
		now.advance(time.Second)
		page = page%pages + 1
		resp, body := fetch(b, w, request(b.Context(), c, page, 100))
		if resp.StatusCode != http.StatusOK || len(body) < 5000 {
			b.Fatal(body)
		}
	}
}
