package e2e_test

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/sync"
	"importarchive/sync/remote/simulator"
)

var yearRounds = flag.Int("year", 2000, "how many rounds of five minutes TestAYearOfServiceCostsItsRowsAndNothingElse lives; a year has 105120")

// TestAYearOfServiceCostsItsRowsAndNothingElse keeps one engine for thousands
// of rounds, with faults on the way. From the first quarter on memory grows by
// what is known of new jobs and by nothing else, goroutines and open files do
// not grow, and the file grows by as much for each row as before.
func TestAYearOfServiceCostsItsRowsAndNothingElse(t *testing.T) {
	longtest.Only(t)
	synctest.Test(t, func(t *testing.T) {
		a := newArchive(t)
		e := a.engine(yearWorld(time.Now()), yearEvery, yearClusters...)
		var quarters []stock
		for n := 1; n <= *yearRounds; n++ {
			next := time.Now().Add(yearEvery)
			if _, err := e.SyncAll(t.Context(), db.BySchedule, e.Clusters); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(next)) // also for what is given up, and takes a moment to end
			synctest.Wait()
			if n%(*yearRounds/4) == 0 {
				quarters = append(quarters, a.takeStock(t, e))
			}
		}
		compareQuarters(t, quarters)
		a.Expect(t, "0", "SELECT count(*) FROM runs WHERE finished_at IS NULL")
		t.Log("runs:", a.Rows(t, "SELECT outcome, count(*) FROM runs GROUP BY 1"))
		a.Verify(t)
	})
}

const (
	yearEvery = 5 * time.Minute
	yearTexts = 14 // five words of each dialect, two collections, and their new names
)

var yearClusters = []simulator.Cluster{
	{
		ID: "in01-year1", Dialect: "zilliz-v1", Every: 10 * time.Minute, RunFor: 20 * time.Minute, KeepFor: 2 * time.Hour,
		FailShare: 0.1, LostShare: 0.02, ReturnShare: 0.05, RenameShare: 0.02, Unrecorded: true,
	},
	{
		ID: "in01-year2", Dialect: "zilliz-v2", Every: 15 * time.Minute, RunFor: 40 * time.Minute, KeepFor: 3 * time.Hour,
		FailShare: 0.1, CancelShare: 0.05, Unrecorded: true,
	},
}

// yearWorld has a bad request now and then, and a bad hour in every night.
func yearWorld(began time.Time) *simulator.World {
	world := simulator.New(1, time.Now, yearClusters...)
	for _, f := range []simulator.Fault{
		{Kind: simulator.Hang, Share: 0.003},
		{Kind: simulator.Refused, Share: 0.003},
		{Kind: simulator.HTTPStatus, Status: 503, Share: 0.01},
		{Kind: simulator.HTTPStatus, Status: 429, RetryAfter: 3 * time.Second, Share: 0.005},
		{Kind: simulator.HTTPStatus, Status: 401, Share: 0.003},
		{Kind: simulator.Cut, Share: 0.005},
		{Kind: simulator.HTML, Share: 0.003},
		{Kind: simulator.NullList, Share: 0.003},
		{Kind: simulator.Shifted, By: 2, FromPage: 2, Share: 0.01},
		{Kind: simulator.Miscount, By: 1, Share: 0.005},
	} {
		world.Script(f)
	}
	for day := range *yearRounds*5/60/24 + 1 {
		from := began.Add(time.Duration(day)*24*time.Hour + 3*time.Hour)
		world.Script(simulator.Fault{Kind: simulator.Refused, From: from, Until: from.Add(time.Hour)})
	}
	return world
}

// stock is what a service holds and has written at a moment.
type stock struct {
	heap, goroutines, files int
	jobs, rows, texts, size int
	log                     int64
}

func (a *archive) takeStock(t *testing.T, e *sync.Engine) stock {
	t.Helper()
	count := func(query string) int {
		n, err := strconv.Atoi(a.Rows(t, query)[0][0])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Stat(a.Path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	s := stock{
		files: len(open), goroutines: runtime.NumGoroutine(), log: log.Size(),
		jobs:  count("SELECT count(*) FROM jobs"),
		texts: count("SELECT count(*) FROM archive_texts"),
		rows:  count("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM transitions) + (SELECT count(*) FROM runs)"),
		size:  count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"),
	}
	runtime.GC()
	runtime.GC() // what had a finalizer goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.heap = int(m.HeapAlloc)
	runtime.KeepAlive(e)
	t.Logf("%d jobs, %d rows, %d bytes (%d a row), %d in the log; heap %d (in use %d), %d goroutines, %d files",
		s.jobs, s.rows, s.size, s.size/s.rows, s.log, s.heap, m.HeapInuse, s.goroutines, s.files)
	return s
}

func compareQuarters(t *testing.T, all []stock) {
	t.Helper()
	first, last := all[0], all[len(all)-1]
	// What is known takes some 30 bytes a job, 16 more where it is gone, and the
	// newest pages and looks until they are forgotten.
	const aJob, slack = 160, 256 << 10
	if most := first.heap + aJob*(last.jobs-first.jobs) + slack; last.heap > most {
		t.Errorf("the heap grew from %d to %d bytes, with %d new jobs", first.heap, last.heap, last.jobs-first.jobs)
	}
	if last.goroutines > first.goroutines {
		t.Errorf("there were %d goroutines, and are %d", first.goroutines, last.goroutines)
	}
	if last.files > first.files {
		t.Errorf("%d files were open, and are %d", first.files, last.files)
	}
	if last.texts > yearTexts {
		t.Errorf("there are %d texts", last.texts)
	}
	perRow := func(from, to stock) float64 { return float64(to.size-from.size) / float64(to.rows-from.rows) }
	second := perRow(all[0], all[1])
	for i := 2; i < len(all); i++ {
		if now := perRow(all[i-1], all[i]); now > 1.25*second {
			t.Errorf("in quarter %d a row took %.0f bytes of the file, in the second %.0f", i+1, now, second)
		}
	}
	for i, q := range all {
		if q.log > 8<<20 {
			t.Errorf("after quarter %d the log has %d bytes", i+1, q.log)
		}
	}
}
