package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"importarchive/db/sqlite"
	"importarchive/queries"
	"importarchive/report"
	"importarchive/sync/remote/simulator"
)

// newestWorld is a service that lists newest first and forgets nothing, so that the
// whole archive, newest first, must be its list.
type newestWorld struct {
	*simulator.World
	ahead    atomic.Int64 // of the beginning
	grows    atomic.Int64 // by how much, with each request
	dir, url string
}

func startNewestWorld(t *testing.T, clusters ...string) *newestWorld {
	w := &newestWorld{dir: t.TempDir()}
	began := time.Now()
	var all []simulator.Cluster
	settings := "[sync]\nrate = 0\ndetails = false\nretry_for = '0s'\n"
	for i, name := range clusters {
		all = append(all, simulator.Cluster{
			ID: "in01-" + name, Dialect: "zilliz-v2", Jobs: 1200 - 500*i, Since: began, Every: 15 * time.Second, Order: simulator.NewestFirst,
		})
	}
	w.World = simulator.New(7, func() time.Time { return began.Add(time.Duration(w.ahead.Load())) }, all...)
	service := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.ahead.Add(w.grows.Load())
		w.ServeHTTP(out, r)
	}))
	t.Cleanup(service.Close)
	w.url = service.URL
	for _, name := range clusters {
		settings += fmt.Sprintf("[[clusters]]\nname = %q\ncluster_id = %q\napi = 'zilliz-v2'\nbase_url = %q\napi_key = 'a-key'\n", name, "in01-"+name, w.url)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "config.toml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// run runs the program, as a process with the real clock, and returns its output.
func (w *newestWorld) run(t *testing.T, code int, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "importarchive", args...)
	var problems strings.Builder
	c.Dir, c.Stderr = w.dir, &problems
	out, err := c.Output()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != code {
		t.Fatalf("%q: %v\n%s%s", args, err, out, problems.String())
	}
	return string(out)
}

// lists returns the ids of the service's whole list, in its order.
func (w *newestWorld) lists(t *testing.T, cluster string) (ids []string) {
	t.Helper()
	for page := 1; ; page++ {
		body := fmt.Sprintf(`{"clusterId":"in01-%s","pageSize":100,"currentPage":%d}`, cluster, page)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/v2/vectordb/jobs/import/list", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer a-key")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Data struct{ Records []struct{ JobID string } }
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Data.Records) == 0 {
			return ids
		}
		for _, r := range answer.Data.Records {
			ids = append(ids, r.JobID)
		}
	}
}

// sightedJob is a row of the command jobs.
type sightedJob struct{ cluster, id, firstSeen string }

func (w *newestWorld) jobs(t *testing.T, args ...string) (all []sightedJob) {
	t.Helper()
	out := w.run(t, exitDone, append([]string{"jobs", "--format", "csv", "--limit", "0"}, args...)...)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := slices.Index(rows[0], "first_seen_at")
	for _, r := range rows[1:] {
		all = append(all, sightedJob{r[0], r[1], r[seen]})
	}
	return all
}

func idsOf(jobs []sightedJob, cluster string) (ids []string) {
	for _, j := range jobs {
		if j.cluster == cluster {
			ids = append(ids, j.id)
		}
	}
	return ids
}

// asTheServiceLists compares every list of jobs with the list of the service.
func (w *newestWorld) asTheServiceLists(t *testing.T, clusters ...string) {
	t.Helper()
	all := w.jobs(t)
	total := 0
	for _, name := range clusters {
		want := w.lists(t, name)
		total += len(want)
		lists := map[string][]string{
			"all":     idsOf(all, name),
			"cluster": idsOf(w.jobs(t, "--cluster", name), name),
			"as of":   idsOf(w.jobs(t, "--as-of", "0s"), name),
			"page":    idsOf(w.pageOfJobs(t, nil), name),
		}
		for list, got := range lists {
			if !slices.Equal(got, want) {
				at := slices.IndexFunc(got, func(id string) bool { return id != want[0] })
				t.Errorf("%s of %s: %d jobs, the service has %d; the first is at place %d", list, name, len(got), len(want), slices.Index(got, want[0])+min(at, 0))
			}
		}
	}
	if len(all) != total {
		t.Errorf("%d jobs, the services have %d", len(all), total)
	}
	for _, n := range []int{1, 50, 333} {
		first := w.jobs(t, "--limit", fmt.Sprint(n))
		if paged := w.pageOfJobs(t, map[string]any{"limit": int64(n)}); !slices.Equal(first, all[:n]) || !slices.Equal(paged, all[:n]) {
			t.Errorf("the first %d are not the first of all", n)
		}
	}
	w.timesFilter(t, all)
}

// timesFilter compares filters by time, whose bounds lie between the pages of a
// listing, with the list of all.
func (w *newestWorld) timesFilter(t *testing.T, all []sightedJob) {
	t.Helper()
	var times []string
	for _, j := range all {
		times = append(times, j.firstSeen)
	}
	slices.Sort(times)
	since, until := times[len(times)/3], times[2*len(times)/3]
	for _, given := range [][2]string{{since, until}, {since, ""}, {"", until}} {
		args, values := []string{}, map[string]any{"limit": int64(0)}
		for i, name := range []string{"since", "until"} {
			if given[i] != "" {
				args, values[name] = append(args, "--"+name, given[i]), given[i]
			}
		}
		want := slices.DeleteFunc(slices.Clone(all), func(j sightedJob) bool {
			return j.firstSeen < given[0] || given[1] != "" && j.firstSeen >= given[1]
		})
		if got := w.jobs(t, args...); !slices.Equal(got, want) || len(got) == 0 || len(got) == len(all) {
			t.Errorf("jobs %q: %d jobs, not %d", args, len(got), len(want))
		}
		if got := w.pageOfJobs(t, values); !slices.Equal(got, want) {
			t.Errorf("the page of jobs with %q: %d jobs, not %d", args, len(got), len(want))
		}
	}
}

// pageOfJobs returns the rows of the query of the served pages.
func (w *newestWorld) pageOfJobs(t *testing.T, values map[string]any) (all []sightedJob) {
	t.Helper()
	reader, err := sqlite.OpenReader(t.Context(), filepath.Join(w.dir, "archive.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if values == nil {
		values = map[string]any{"limit": int64(0)}
	}
	table, err := report.Saved(t.Context(), reader, queries.Jobs(), values)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range table.Pick("cluster", "job_id", "first_seen_at").Rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sightedJob{row[0].(string), row[1].(string), row[2].(string)})
	}
	return all
}

// TestTheNewestJobsComeFirst archives lists of many pages, whose later pages have the
// older jobs and the later times: a first listing, and one with pages of new jobs.
func TestTheNewestJobsComeFirst(t *testing.T) {
	if testing.Short() {
		t.Skip("processes, in which nothing is concurrent")
	}
	t.Parallel()
	w := startNewestWorld(t, "prod", "staging")
	w.run(t, exitDone, "sync")
	w.asTheServiceLists(t, "prod", "staging")
	w.ahead.Store(int64(time.Hour))
	w.run(t, exitDone, "sync")
	w.asTheServiceLists(t, "prod", "staging")
	w.ahead.Add(int64(5 * time.Minute))
	w.run(t, exitDone, "sync", "--cluster", "prod")
	w.ahead.Add(int64(5 * time.Minute))
	w.run(t, exitDone, "sync")
	w.asTheServiceLists(t, "prod", "staging")
}

// TestAFirstListingThatWasInterruptedKeepsItsOrder has the first run see the newest
// jobs only. The next one finds newer ones above them, and the older ones below.
func TestAFirstListingThatWasInterruptedKeepsItsOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("processes, in which nothing is concurrent")
	}
	t.Parallel()
	w := startNewestWorld(t, "prod")
	w.Script(simulator.Fault{Kind: simulator.HTTPStatus, Status: 503, FromPage: 4})
	w.run(t, exitAttention, "sync")
	if n := len(w.jobs(t)); n != 300 {
		t.Fatalf("the interrupted run archived %d jobs", n)
	}
	w.Heal()
	w.ahead.Store(int64(time.Hour))
	w.run(t, exitDone, "sync")
	w.asTheServiceLists(t, "prod")
}

// TestAListThatGrowsWhileItIsFirstReadKeepsItsOrder has jobs appear at the top while
// the run reads the list, so that it reads the list again.
func TestAListThatGrowsWhileItIsFirstReadKeepsItsOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("processes, in which nothing is concurrent")
	}
	t.Parallel()
	w := startNewestWorld(t, "prod")
	w.grows.Store(int64(2 * time.Second))
	w.run(t, exitAttention, "sync")
	w.grows.Store(0)
	w.run(t, exitDone, "sync")
	w.asTheServiceLists(t, "prod")
}
