package cli

import (
	"cmp"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/report"
)

// Reports start from sums, indexes and newest rows. Here the same answers are
// worked out the long way, from every row of jobs and transitions.

type row = map[string]any

// ask gives the rows of a query by their columns' names.
func ask(t *testing.T, reader *sql.DB, query string, given map[string]any) []row {
	t.Helper()
	table, err := report.Query(t.Context(), reader, query, given)
	if err != nil {
		t.Fatal(err)
	}
	all := []row{}
	for values, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		one := row{}
		for i, name := range table.Columns {
			one[name] = values[i]
		}
		all = append(all, one)
	}
	return all
}

func askReport(t *testing.T, reader *sql.DB, name string, given map[string]any) []row {
	t.Helper()
	q, err := queries.Report(name)
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, reader, q.SQL, given)
}

// randomJob is where a job is in its life at one listing.
type randomJob struct {
	db.Job
	ends, leaves int // listings until then
}

// randomArchive has clusters whose jobs come, move, are renamed, go, and now
// and then return, over some days with gaps.
func randomArchive(t *testing.T, seed uint64, listings int) string {
	return randomStory(t, seed, listings, func(*sqlite.Archive, int) {})
}

// randomPrunedArchive is told the same, and prunes now and then.
func randomPrunedArchive(t *testing.T, seed uint64, listings int) string {
	return randomStory(t, seed, listings, func(st *sqlite.Archive, listing int) {
		if listing%15 == 14 && listing < listings-20 {
			pruneNow(t, st, db.Retention{Completed: time.Minute, Failed: 30 * time.Minute, Lost: 2 * time.Hour, Runs: 3 * time.Hour})
		}
	})
}

func randomStory(t *testing.T, seed uint64, listings int, after func(st *sqlite.Archive, listing int)) string {
	r := rand.New(rand.NewPCG(seed, 1))
	details := rand.New(rand.NewPCG(seed, 4)) // of its own: the worlds are as they were without
	ends := []db.State{db.Completed, db.Completed, db.Completed, db.Failed, db.Cancelled}
	return newArchive(t, func(st *sqlite.Archive) {
		for _, name := range []string{"a", "b", "c"} {
			s := dbtest.Tell(t, st, name)
			s.Now = time.Date(2020, 5, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(60)) * time.Minute)
			var jobs []*randomJob
			for listing := range listings {
				for range r.IntN(4) {
					j := &randomJob{Job: dbtest.Listed(fmt.Sprintf("job-%d-%d", listing, len(jobs)), db.Pending)}
					j.Collection = []string{"films", "books", "", "rare"}[min(3, r.IntN(31)/10)]
					j.ends, j.leaves = r.IntN(8), 1+r.IntN(12)
					jobs = append(jobs, j)
				}
				listed := randomListing(r, jobs, ends)
				s.Lists(listed...)
				tellsSome(details, s, listed)
				if r.IntN(20) == 0 {
					s.Wait(time.Duration(r.IntN(10)) * time.Hour)
				}
				after(st, listing)
			}
		}
	})
}

func randomListing(r *rand.Rand, jobs []*randomJob, ends []db.State) []db.Job {
	var listed []db.Job
	for _, j := range jobs {
		j.ends--
		j.leaves--
		state := j.State
		switch {
		case !state.Terminal() && j.ends < 0:
			state = ends[r.IntN(len(ends))]
		case state == db.Pending && r.IntN(2) == 0:
			state = db.Running
		}
		collection := j.Collection
		if collection != "" && r.IntN(60) == 0 {
			collection = "renamed " + collection
		}
		j.Job = dbtest.Listed(j.ID, state)
		j.Collection = collection
		if j.leaves > 0 && r.IntN(40) > 0 || j.leaves < -5 && r.IntN(60) == 0 {
			listed = append(listed, j.Job)
		}
	}
	return listed
}

// some gives filters to try, each alone and together, of those that a report
// has.
func some(reports ...map[string]any) []map[string]any {
	all := []map[string]any{{}, {"cluster": "b"}, {"collection": "films"}, {"collection": "rare"}, {"cluster": "a", "collection": "rare"}, {"cluster": "nobody"}}
	var crossed []map[string]any
	for _, c := range all {
		for _, more := range append(reports, nil) {
			both := map[string]any{}
			for name, v := range c {
				both[name] = v
			}
			for name, v := range more {
				both[name] = v
			}
			crossed = append(crossed, both)
		}
	}
	return crossed
}

var spans = []map[string]any{
	{"since": "2020-05-01 18:00:00.000"},
	{"until": "2020-05-02 06:00:00.000"},
	{"since": "2020-05-02", "until": "2020-05-03"},
	{"since": "2020-05-01 20:00:00.000", "until": "2020-05-02 20:00:00.000"},
	{"limit": int64(3)},
	{"limit": int64(0)},
	{"since": "2020-05-01 20:00:00.000", "until": "2020-05-02 20:00:00.000", "limit": int64(5)},
}

// wanted says whether a row is of the cluster and collection asked for.
func wanted(given map[string]any, one row) bool {
	return (given["cluster"] == nil || given["cluster"] == one["cluster"]) &&
		(given["collection"] == nil || given["collection"] == one["collection"])
}

// within says whether a time lies in the span asked for.
func within(given map[string]any, at any) bool {
	text, ok := at.(string)
	since, _ := given["since"].(string)
	until, limited := given["until"].(string)
	return ok && text >= since && (!limited || text < until)
}

func limited(given map[string]any, rows []row, usual int) []row {
	n, ok := given["limit"].(int64)
	if !ok {
		n = int64(usual)
	}
	if n > 0 && int(n) < len(rows) {
		return rows[:n]
	}
	return rows
}

func pick(one row, columns ...string) row {
	picked := row{}
	for _, c := range columns {
		picked[c] = one[c]
	}
	return picked
}

// newestFirst orders by a time, then by cluster and id.
func newestFirst(column string) func(a, b row) int {
	return func(a, b row) int {
		return cmp.Or(cmp.Compare(b[column].(string), a[column].(string)),
			cmp.Compare(a["cluster"].(string), b["cluster"].(string)), cmp.Compare(a["job_id"].(string), b["job_id"].(string)))
	}
}

func TestReportsSayWhatTheRowsSay(t *testing.T) {
	if testing.Short() {
		t.Skip("much SQL, in which nothing is concurrent")
	}
	t.Parallel()
	for seed := range longtest.Size(1, 2) {
		reader := openReader(t, randomArchive(t, uint64(seed), longtest.Size(50, 70)))
		dbtest.Verify(t, reader)
		for name, holds := range map[string]func(*testing.T, *sql.DB){
			"failed and lost jobs are all found":               failedAndLostJobsAreAllFound,
			"days and rates count every job once":              daysAndRatesCountEveryJobOnce,
			"the true percentile lies between its bounds":      theTruePercentileLiesBetweenItsBounds,
			"as-of is the history replayed":                    asOfIsTheHistoryReplayed,
			"a diff is what lies between two replays of it":    diffIsBetweenTwoReplays,
			"throughput is rows over seconds":                  throughputIsRowsOverSeconds,
			"collections and stuck jobs are counted and found": collectionsAndStuckJobsAreRight,
		} {
			t.Run(fmt.Sprintf("%s in world %d", name, seed), func(t *testing.T) { holds(t, reader) })
		}
	}
}

func differ(t *testing.T, name string, given map[string]any, want, got []row) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s with %v (-want +got):\n%s", name, given, diff)
	}
}

func failedAndLostJobsAreAllFound(t *testing.T, reader *sql.DB) {
	jobs := ask(t, reader, `SELECT * FROM jobs`, nil)
	for _, given := range some(spans...) {
		failed, lost := []row{}, []row{}
		for _, j := range jobs {
			if wanted(given, j) && j["state"] == "failed" && within(given, j["last_state_at"]) {
				failed = append(failed, pick(j, "cluster", "job_id", "collection", "last_state_at", "reason"))
			}
			if wanted(given, j) && j["outcome"] == "lost" && within(given, j["gone_at"]) {
				lost = append(lost, pick(j, "cluster", "job_id", "collection", "state", "first_seen_at", "last_seen_at", "gone_at"))
			}
		}
		slices.SortFunc(failed, newestFirst("last_state_at"))
		slices.SortFunc(lost, newestFirst("gone_at"))
		differ(t, "failures", given, limited(given, failed, 50), askReport(t, reader, "failures", given))
		differ(t, "lost", given, limited(given, lost, 50), askReport(t, reader, "lost", given))
	}
}

// touched says whether a day is one of those that a span touches.
func touched(given map[string]any, at any) bool {
	text, ok := at.(string)
	since, _ := given["since"].(string)
	until, limited := given["until"].(string)
	return ok && text[:10] >= since[:min(10, len(since))] && (!limited || text[:10]+" 00:00:00.000" < until)
}

func daysAndRatesCountEveryJobOnce(t *testing.T, reader *sql.DB) {
	whole := []map[string]any{spans[0], spans[1], spans[2], spans[3]}
	jobs := ask(t, reader, `SELECT * FROM jobs`, nil)
	for _, given := range some(whole...) {
		if given["since"] == nil {
			given["days"] = int64(100_000)
		}
		days, rates := map[string]int64{}, map[string]int64{}
		count := func(j row, at any, what string) {
			if wanted(given, j) && touched(given, at) {
				days[fmt.Sprint(at.(string)[:10], " ", j["cluster"], " ", what)]++
				rates[fmt.Sprint(j["cluster"], " ", j["collection"], " ", what)]++
			}
		}
		for _, j := range jobs {
			count(j, j["first_seen_at"], "appeared")
			switch j["outcome"] {
			case "open":
			case "lost":
				count(j, j["gone_at"], "lost")
			default:
				count(j, j["last_state_at"], j["outcome"].(string))
			}
		}
		gotDays, gotRates := map[string]int64{}, map[string]int64{}
		for _, what := range []string{"appeared", "completed", "failed", "cancelled", "lost"} {
			for _, d := range askReport(t, reader, "daily", given) {
				if n := d[what].(int64); n > 0 {
					gotDays[fmt.Sprint(d["day"], " ", d["cluster"], " ", what)] = n
				}
			}
			for _, c := range askReport(t, reader, "success-rate", given) {
				if n, ok := c[what].(int64); ok && n > 0 {
					gotRates[fmt.Sprint(c["cluster"], " ", c["collection"], " ", what)] = n
				}
			}
		}
		for key := range rates {
			if strings.HasSuffix(key, " appeared") {
				delete(rates, key)
			}
		}
		if diff := gocmp.Diff(days, gotDays) + gocmp.Diff(rates, gotRates); diff != "" {
			t.Errorf("with %v (-want +got):\n%s", given, diff)
		}
	}
}

func collectionsAndStuckJobsAreRight(t *testing.T, reader *sql.DB) {
	jobs := ask(t, reader, `SELECT * FROM jobs ORDER BY first_seen_at, cluster, job_id`, nil)
	counts, got := map[string]int64{}, map[string]int64{}
	stuck := []row{}
	for _, j := range jobs {
		counts[fmt.Sprint(j["cluster"], " ", j["collection"], " ", j["outcome"])]++
		if j["outcome"] == "open" && wanted(row{"cluster": "b"}, j) {
			stuck = append(stuck, pick(j, "cluster", "job_id", "collection", "state", "progress", "first_seen_at", "last_state_at", "last_seen_at"))
		}
	}
	for _, c := range askReport(t, reader, "collections", nil) {
		for _, outcome := range []string{"open", "completed", "failed", "cancelled", "lost"} {
			if n := c[outcome].(int64); n > 0 {
				got[fmt.Sprint(c["cluster"], " ", c["collection"], " ", outcome)] = n
			}
		}
	}
	if diff := gocmp.Diff(counts, got); diff != "" {
		t.Errorf("collections (-want +got):\n%s", diff)
	}
	found := askReport(t, reader, "stuck", row{"cluster": "b", "hours": int64(1)})
	for _, one := range found {
		delete(one, "hours")
	}
	differ(t, "stuck", nil, stuck, found)
}

// standing is what is known of a job at a moment.
type standing struct {
	began, newest, present row
}

// replay gives how all jobs stood at a moment, by cluster and id.
func replay(transitions []row, at string) map[string]standing {
	all := map[string]standing{}
	for _, tr := range transitions {
		if tr["observed_at"].(string) > at {
			continue
		}
		key := fmt.Sprint(tr["cluster"], " ", tr["job_id"])
		s := all[key]
		s.newest = tr
		if tr["kind"] == "appeared" || tr["kind"] == "moved" {
			s.began = tr
		}
		if tr["kind"] != "moved" && tr["kind"] != "renamed" {
			s.present = tr
		}
		all[key] = s
	}
	return all
}

func (s standing) gone() bool { return s.present == nil || s.present["kind"] == "gone" }

// listedState is NULL for a job that is not listed.
func (s standing) listedState() any {
	if s.gone() {
		return nil
	}
	return s.began["to_state"]
}

// moments are some of the times at which something was observed, and some
// between.
func moments(transitions []row) []string {
	all := []string{"2020-04-01 00:00:00.000", "2020-06-01 00:00:00.000"}
	for i := 0; i < len(transitions); i += 1 + len(transitions)/3 {
		at := transitions[i]["observed_at"].(string)
		all = append(all, at, at[:22]+"9")
	}
	slices.Sort(all)
	return all
}

func asOfIsTheHistoryReplayed(t *testing.T, reader *sql.DB) {
	transitions := ask(t, reader, `SELECT * FROM transitions ORDER BY id`, nil)
	first := map[string]any{}
	for _, j := range ask(t, reader, `SELECT * FROM jobs`, nil) {
		first[fmt.Sprint(j["cluster"], " ", j["job_id"])] = j["first_seen_at"]
	}
	for turn, at := range moments(transitions) {
		asked := some(map[string]any{"gone": int64(1), "limit": int64(0)}, map[string]any{"limit": int64(0)})
		asked = append(asked, someStates(turn)...)
		for _, given := range inTurn(turn, asked) {
			given["at"] = at
			want := []row{}
			for key, s := range replay(transitions, at) {
				one := row{
					"cluster": s.newest["cluster"], "job_id": s.newest["job_id"], "collection": s.newest["collection"],
					"state": s.began["to_state"], "raw_state": s.began["to_raw_state"], "last_state_at": s.began["observed_at"],
					"first_seen_at": first[key], "gone_at": nil, "outcome": "open",
				}
				switch state := one["state"].(string); {
				case db.State(state).Terminal():
					one["outcome"] = state
				case s.gone():
					one["outcome"] = "lost"
				}
				if s.gone() {
					one["gone_at"] = s.present["observed_at"]
				}
				if wanted(given, one) && (given["gone"] != nil || !s.gone()) && inState(given, one) {
					want = append(want, one)
				}
			}
			slices.SortFunc(want, newestFirst("first_seen_at"))
			differ(t, "as-of", given, limited(given, want, 50), askReport(t, reader, "as-of", given))
		}
	}
}

func diffIsBetweenTwoReplays(t *testing.T, reader *sql.DB) {
	transitions := ask(t, reader, `SELECT * FROM transitions ORDER BY id`, nil)
	times := moments(transitions)
	for i, from := range times[:len(times)-1] {
		to := times[min(len(times)-1, i+1+i%3)]
		before, after := replay(transitions, from), replay(transitions, to)
		for _, given := range inTurn(i, some(map[string]any{"limit": int64(0)}, map[string]any{"limit": int64(4)})) {
			given["from"], given["to"] = from, to
			seen, want := map[string]row{}, []row{}
			for _, tr := range slices.Backward(transitions) {
				at, key := tr["observed_at"].(string), fmt.Sprint(tr["cluster"], " ", tr["job_id"])
				if at <= from || at > to {
					continue
				}
				if seen[key] == nil {
					seen[key] = row{
						"cluster": tr["cluster"], "job_id": tr["job_id"], "collection": tr["collection"], "transitions": int64(0),
						"was": before[key].listedState(), "became": after[key].listedState(), "last_at": at, "id": tr["id"],
					}
				}
				seen[key]["first_at"], seen[key]["transitions"] = at, seen[key]["transitions"].(int64)+1
			}
			for _, one := range seen {
				if wanted(given, one) {
					want = append(want, one)
				}
			}
			slices.SortFunc(want, func(a, b row) int {
				return cmp.Or(cmp.Compare(b["last_at"].(string), a["last_at"].(string)), cmp.Compare(b["id"].(int64), a["id"].(int64)))
			})
			for i, one := range want {
				want[i] = pick(one, "cluster", "job_id", "collection", "was", "became", "transitions", "first_at", "last_at")
			}
			differ(t, "diff", given, limited(given, want, 100), askReport(t, reader, "diff", given))
		}
	}
}

// Here the service is known to keep finished jobs for a certain time. The
// measured bounds must hold it, and the verdict must not say more than they do.
func TestRetentionIsMeasuredBetweenBounds(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some seconds")
	}
	const schedule = 5 * time.Minute
	for _, c := range []struct {
		kept    time.Duration
		verdict string
	}{
		{time.Minute, "too slow: "},
		{8 * time.Minute, "too slow: "},
		{12 * time.Minute, "may be too slow: "},
		{16 * time.Minute, "ok"},
		{5 * time.Hour, "ok"},
	} {
		r := rand.New(rand.NewPCG(uint64(c.kept), 3))
		began := time.Date(2020, 5, 1, 12, 0, 0, 0, time.UTC)
		reader := openReader(t, newArchive(t, func(st *sqlite.Archive) {
			s := dbtest.Tell(t, st, "a")
			s.Now = began
			finishes := make([]time.Time, 100)
			for i := range finishes {
				finishes[i] = began.Add(time.Duration(r.Int64N(int64(5 * time.Hour))))
			}
			for s.Now.Before(began.Add(12 * time.Hour)) {
				var listed []db.Job
				for i, end := range finishes {
					switch {
					case s.Now.Before(end):
						listed = append(listed, dbtest.Listed(fmt.Sprint("job-", i), db.Running))
					case s.Now.Before(end.Add(c.kept)):
						listed = append(listed, dbtest.Listed(fmt.Sprint("job-", i), db.Completed))
					}
				}
				s.Lists(listed...)
				if s.Now.Sub(began) > 3*time.Hour && s.Now.Sub(began) < 3*time.Hour+schedule {
					s.Wait(40 * time.Minute) // a gap, which is our own fault
				}
			}
		}))
		got := askReport(t, reader, "retention", nil)[0]
		if got["jobs"].(int64) < 5 {
			t.Fatalf("kept for %v: %v", c.kept, got)
		}
		for _, name := range []string{"shortest", "median"} {
			least, most := got[name+"_min_seconds"].(float64), got[name+"_max_seconds"].(float64)
			if least > c.kept.Seconds() || most < c.kept.Seconds() || most-least > 4*schedule.Seconds() {
				t.Errorf("kept for %v: the %s is between %v and %v", c.kept, name, least, most)
			}
		}
		if verdict := got["verdict"].(string); !strings.HasPrefix(verdict, c.verdict) {
			t.Errorf("kept for %v: %s, want %s…", c.kept, verdict, c.verdict)
		}
	}
}
