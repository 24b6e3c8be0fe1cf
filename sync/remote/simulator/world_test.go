package simulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/longtest"
	"importarchive/sync/remote/simulator"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a hand-set time.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

// envelope is every dialect's answer at once.
type envelope struct {
	Code    int
	Message string
	Data    *struct {
		Count                 *int
		CurrentPage, PageSize int
		Tasks, Records        []record
	}
}

type record struct {
	CollectionName, JobID, State string
	Progress                     *int
	Reason                       *string
}

func (e *envelope) jobs() []record { return append(e.Data.Tasks, e.Data.Records...) }

// request spells a listing request of a cluster the way its dialect does.
func request(ctx context.Context, c simulator.Cluster, page, size int) *http.Request {
	var r *http.Request
	switch c.Dialect {
	case "zilliz-v1":
		q := url.Values{"clusterId": {c.ID}, "pageSize": {fmt.Sprint(size)}, "currentPage": {fmt.Sprint(page)}}
		r, _ = http.NewRequestWithContext(ctx, http.MethodGet, "https://controller.example/v1/vector/collections/import/list?"+q.Encode(), nil)
	case "zilliz-v2":
		body := fmt.Sprintf(`{"clusterId":%q,"pageSize":%d,"currentPage":%d}`, c.ID, size, page)
		r, _ = http.NewRequestWithContext(ctx, http.MethodPost, "https://api.example/v2/vectordb/jobs/import/list", strings.NewReader(body))
	default:
		r, _ = http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.ID+":19530/v2/vectordb/jobs/import/list", strings.NewReader(`{"dbName":"default"}`))
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	return r
}

// fetch returns status, header and body of one request.
func fetch(t testing.TB, w *simulator.World, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := w.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// ask reads one page.
func ask(t testing.TB, w *simulator.World, c simulator.Cluster, page, size int) *envelope {
	t.Helper()
	_, body := fetch(t, w, request(t.Context(), c, page, size))
	var e envelope
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return &e
}

// list reads pages until one is empty.
func list(t testing.TB, w *simulator.World, c simulator.Cluster, size int) []record {
	t.Helper()
	var all []record
	for page := 1; ; page++ {
		e := ask(t, w, c, page, size)
		if e.Data == nil {
			t.Fatalf("page %d: code %d: %s", page, e.Code, e.Message)
		}
		all = append(all, e.jobs()...)
		if len(e.jobs()) == 0 || c.Dialect == "milvus-v2" {
			return all
		}
	}
}

func ids(jobs []record) []string {
	var all []string
	for _, j := range jobs {
		all = append(all, j.JobID)
	}
	return all
}

// lively is a cluster on which everything happens within hours.
func lively(dialect string) simulator.Cluster {
	return simulator.Cluster{
		ID: "in01-0123456789abcde", Dialect: dialect, Key: "simulated",
		Since: epoch, Every: 3 * time.Minute, RunFor: 20 * time.Minute, KeepFor: 3 * time.Hour,
		FailShare: .15, CancelShare: .1, NeverEndsShare: .02, LostShare: .05, ReturnShare: .1, RenameShare: .1,
	}
}

var dialects = []string{"zilliz-v1", "zilliz-v2", "milvus-v2"}

func TestTwoWorldsOfOneSeedAreTheSameWhateverTheRequestsInBetween(t *testing.T) {
	for _, dialect := range dialects {
		var a, b clock
		a.t, b.t = epoch, epoch
		c := lively(dialect)
		c.Order = simulator.NewestFirst // shuffling is by request, and the requests differ
		often := simulator.New(7, a.now, c)
		once := simulator.New(7, b.now, simulator.Cluster{ID: "another", Dialect: "zilliz-v1"}, c)
		other := simulator.New(8, b.now, c)
		for range 150 {
			a.advance(2 * time.Minute)
			list(t, often, c, 100)
		}
		b.t = a.t
		if got, want := list(t, once, c, 100), list(t, often, c, 100); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: listings differ", dialect)
		}
		if got, want := once.Truth(c.ID), often.Truth(c.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: truths differ", dialect)
		}
		if reflect.DeepEqual(other.Truth(c.ID), once.Truth(c.ID)) {
			t.Errorf("%s: two seeds, one truth", dialect)
		}
	}
}

func TestTheWorldAnswersForThePastAgain(t *testing.T) {
	c, at := lively("zilliz-v2"), clock{epoch.Add(5 * time.Hour)}
	w := simulator.New(1, at.now, c)
	before := list(t, w, c, 100)
	at.advance(48 * time.Hour)
	list(t, w, c, 100)
	at.advance(-48 * time.Hour)
	if !reflect.DeepEqual(list(t, w, c, 100), before) {
		t.Error("the past changed")
	}
}

func TestPagesCoverTheListOnceWhileNothingChanges(t *testing.T) {
	at := clock{epoch.Add(10 * time.Hour)}
	for _, dialect := range dialects[:2] {
		for _, order := range []simulator.Order{simulator.NewestFirst, simulator.OldestFirst} {
			c := lively(dialect)
			c.Order, c.Jobs = order, 123
			w := simulator.New(3, at.now, c)
			for _, size := range []int{5, 7, 100} {
				got := ids(list(t, w, c, size))
				if len(got) != *ask(t, w, c, 1, size).Data.Count {
					t.Errorf("%s %s: %d jobs on pages of %d, count says %d", dialect, order, len(got), size, *ask(t, w, c, 1, size).Data.Count)
				}
				slices.Sort(got)
				if len(slices.Compact(slices.Clone(got))) != len(got) {
					t.Errorf("%s %s: pages of %d repeat a job", dialect, order, size)
				}
			}
		}
	}
}

func TestListsHaveTheOrderOfTheSettings(t *testing.T) {
	at := clock{epoch.Add(4 * time.Hour)}
	c := lively("milvus-v2")
	c.ID, c.Jobs = "milvus.example", 3
	of := func(order simulator.Order) []string {
		c.Order = order
		w := simulator.New(4, at.now, c)
		first, second := ids(list(t, w, c, 0)), ids(list(t, w, c, 0))
		if shuffled := !slices.Equal(first, second); shuffled != (order == simulator.Shuffled || order == simulator.Usual) {
			t.Errorf("%s: asked twice, the order differs: %v", order, shuffled)
		}
		return first
	}
	oldest, newest, shuffled := of(simulator.OldestFirst), of(simulator.NewestFirst), of(simulator.Usual)
	slices.Reverse(newest)
	if !slices.Equal(oldest, newest) {
		t.Error("newest first is not oldest first reversed")
	}
	if !slices.IsSorted(oldest) { // Milvus's ids are timestamps
		t.Error("oldest first is not in order of birth")
	}
	slices.Sort(shuffled)
	if !slices.Equal(shuffled, oldest) {
		t.Error("shuffled is not the same jobs")
	}
}

func TestSettledJobsAreThereFromTheStartAndStay(t *testing.T) {
	at := clock{epoch}
	c := simulator.Cluster{ID: "in01-a", Dialect: "zilliz-v1", Since: epoch, Jobs: 250, FailShare: .5, LostShare: .1, NeverEndsShare: .1}
	w := simulator.New(5, at.now, c)
	first := list(t, w, c, 100)
	at.advance(1000 * time.Hour)
	if again := list(t, w, c, 100); len(first) != 250 || !reflect.DeepEqual(first, again) {
		t.Errorf("%d jobs at first, then %d", len(first), len(again))
	}
	failed := 0
	for _, j := range first {
		switch j.State {
		case "ImportFailed":
			failed++
		case "ImportCompleted":
		default:
			t.Errorf("%s is %s", j.JobID, j.State)
		}
	}
	if failed < 90 || failed > 160 {
		t.Errorf("%d of 250 failed with a share of a half", failed)
	}
	if truth := w.Truth(c.ID); len(truth) != 250 {
		t.Errorf("truth has %d", len(truth))
	}
}

func TestEachOfManyJobsHasAnIDOfItsOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("asks for many jobs")
	}
	for _, dialect := range dialects {
		c := simulator.Cluster{ID: "a", Dialect: dialect, Since: epoch, Jobs: longtest.Size(20_000, 100_000)}
		w := simulator.New(6, (&clock{epoch}).now, c)
		seen := map[string]bool{}
		for _, l := range w.Truth(c.ID) {
			seen[l.ID] = true
		}
		if len(seen) != c.Jobs {
			t.Errorf("%s: %d ids for %d jobs", dialect, len(seen), c.Jobs)
		}
	}
}
