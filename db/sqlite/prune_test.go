package sqlite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/db/store/prune"
)

const day = 24 * time.Hour

// nowait is a prune without pauses of all jobs that ended more than a day ago.
func nowait(s *dbtest.Story) *db.Prune {
	return &db.Prune{
		Now:   s.Now,
		Keep:  db.Retention{Completed: day, Failed: day, Cancelled: day, Lost: day},
		Pause: func(ctx context.Context) error { return context.Cause(ctx) },
	}
}

// completed returns jobs that have completed.
func completed(n int) []db.Job {
	var jobs []db.Job
	for i := range n {
		jobs = append(jobs, dbtest.Listed(fmt.Sprintf("job-%022d", i), db.Completed))
	}
	return jobs
}

// aged returns an archive with jobs that completed two days ago, and are listed.
func aged(t testing.TB, n int) (*sqlite.Archive, *dbtest.Story, []db.Job) {
	t.Helper()
	st, jobs := open(t), completed(n)
	s := dbtest.Tell(t, st, "a")
	s.Lists()
	s.Lists(jobs...)
	s.Wait(2 * day)
	s.Lists(jobs...)
	return st, s, jobs
}

func pathOf(t testing.TB, st *sqlite.Archive) string {
	return strings.TrimSpace(show(t, st.Reader, `SELECT file FROM pragma_database_list`))
}

func mustPrune(t testing.TB, st *sqlite.Archive, p *db.Prune) *db.Pruned {
	t.Helper()
	done, err := st.Prune(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestAPruneTakesWhatItSaysAndSumsStay(t *testing.T) {
	t.Parallel()
	st := lived(t)
	s := dbtest.Tell(t, st, "a")
	var err error
	if s.Known, err = st.Known(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	s.Wait(2 * day)
	s.Lists(dbtest.Listed("a", db.Running))
	sums := func() (all string) {
		for _, view := range []string{"days", "collections", "durations", "outcomes", "clusters"} {
			all += show(t, st.Reader, `SELECT * FROM `+view+` ORDER BY 1, 2, 3`)
		}
		return all
	}
	before := sums()
	p := nowait(s)
	p.Keep.Runs, p.Keep.Rejects = day, day
	due, err := prune.Due(t.Context(), st.Reader, p.Keep, p.Now)
	if err != nil || len(due) == 0 {
		t.Fatal(due, err)
	}
	transitions := show(t, st.Reader, `SELECT count(*) FROM transitions`)
	done := mustPrune(t, st, p)
	if fmt.Sprint(done.Deletions) != fmt.Sprint(due) {
		t.Errorf("it said %v and took %v", due, done.Deletions)
	}
	if got := sums(); got != before {
		t.Errorf("the sums were\n%s and are\n%s", before, got)
	}
	var want strings.Builder
	for _, d := range due {
		fmt.Fprintf(&want, "%s|%s|%s|%d|%d|%d|%d\n", d.Cluster, d.What, d.OlderThan.Format(db.TimeFormat), d.Jobs, d.Transitions, d.Runs, d.Rejects)
	}
	if got := show(t, st.Reader, `SELECT cluster, what, older_than, jobs, transitions, runs, rejects FROM prunes ORDER BY cluster, what`); got != want.String() {
		t.Errorf("the view prunes has\n%s, want\n%s", got, want.String())
	}
	if got := show(t, st.Reader, `SELECT (SELECT count(*) FROM transitions) + (SELECT sum(transitions) FROM prunes)`); got != transitions {
		t.Errorf("%s transitions are left or counted, there were %s", got, transitions)
	}
	if again := mustPrune(t, st, p); len(again.Deletions) > 0 && again.Jobs() > 0 {
		t.Errorf("a second one takes %+v", again.Deletions)
	}
}

// Between two batches, of 500 jobs at the most, a writer of this process and one
// of another process get their turn.
func TestAPruneHoldsTheWriterForNoMoreThanABatch(t *testing.T) {
	serial(t)
	st, s, jobs := aged(t, 2200)
	p, pauses, last := nowait(s), 0, 0
	other := raw(t, pathOf(t, st))
	p.Pause = func(ctx context.Context) error {
		pauses++
		var now int
		if err := st.Reader.QueryRow(`SELECT count(*) FROM pruned`).Scan(&now); err != nil {
			t.Fatal(err)
		}
		if now-last > 500 {
			t.Errorf("pause %d came after %d jobs", pauses, now-last)
		}
		last = now
		if now < len(jobs) {
			s.Lists(jobs...)
			execute(t, other, `PRAGMA busy_timeout = 0`, `BEGIN IMMEDIATE`, `ROLLBACK`)
		}
		return ctx.Err()
	}
	if done := mustPrune(t, st, p); done.Jobs() != 2200 || pauses < 5 {
		t.Errorf("%d pauses, %+v", pauses, done)
	}
	s.Reload()
}

func TestAPruneCanBeCutShortAndGoesOn(t *testing.T) {
	t.Parallel()
	st, s, _ := aged(t, 1200)
	p, enough, pauses := nowait(s), errors.New("that is enough"), 0
	p.Pause = func(context.Context) error {
		if pauses++; pauses == 1 {
			return enough
		}
		return nil
	}
	done, err := st.Prune(t.Context(), p)
	if !errors.Is(err, enough) || done.Jobs() != 500 {
		t.Fatalf("%+v, %v", done, err)
	}
	dbtest.Verify(t, st.Reader)
	if done := mustPrune(t, st, p); done.Jobs() != 700 {
		t.Errorf("%+v", done)
	}
	if got := show(t, st.Reader, `SELECT jobs FROM prunes WHERE jobs > 0 ORDER BY id`); got != "500\n700\n" {
		t.Errorf("the view prunes has %s", got)
	}
	s.Reload()
}

func TestNothingGoesBeforeItIsExported(t *testing.T) {
	st, s, _ := aged(t, 3)
	p := nowait(s)
	p.Export = filepath.Join(t.TempDir(), "file")
	write(t, p.Export, "this is no folder")
	if done, err := st.Prune(t.Context(), p); err == nil || !strings.Contains(err.Error(), "so it stays") || done.Jobs() > 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := show(t, st.Reader, `SELECT count(*), (SELECT count(*) FROM prunes) FROM jobs`); got != "3|0\n" {
		t.Errorf("jobs and prunes: %s", got)
	}
}

func TestWhatGoesIsExportedWhole(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists()
	half, j := 50.0, dbtest.Listed("x", db.Running)
	s.Lists(j)
	j = dbtest.Listed("x", db.Failed)
	j.Progress, j.Reason, j.Extra = &half, "row <7> & more", `{"rows":7}`
	s.Lists(j)
	size, rows := int64(4096), int64(7)
	s.Describes(dbtest.Answer("x", db.Failed, db.Details{
		Reason: "told", FileName: "x.parquet", FileSize: &size, Extra: `{"a":1}`, CreatedAt: s.Now.Add(-12 * time.Minute).Truncate(time.Second),
		Files: []db.File{{Name: "x.parquet", Size: &size, ImportedRows: &rows, RawState: "Failed", Progress: &half, ProgressRaw: "50.0"}},
	}))
	s.Wait(2 * day)
	s.Lists(j)
	p := nowait(s)
	p.Keep.Runs = day
	p.Export = filepath.Join(t.TempDir(), "made", "by it")
	done := mustPrune(t, st, p)
	want := `{"what":"run","id":1,"cluster":"a","triggered_by":"schedule","started_at":"2026-05-01 12:00:00.000","finished_at":"2026-05-01 12:00:00.100","outcome":"complete",` +
		`"pages":1,"requests":1,"retries":0,"listed":0,"appeared":0,"moved":0,"gone":0,"returned":0,"rejected":0,"error_kind":null,"error":null,"seconds":0.1,"described":0,"describe_failed":0,"absences_asked":0,"absences_confirmed":0,"absences_denied":0,"absences_undecided":0,"absences_unconfirmed":0,"clock_offset_seconds":0}
{"what":"job","cluster":"a","job_id":"x","collection":"films","state":"failed","raw_state":"ImportFailed","first_seen_at":"2026-05-01 12:05:00.100",` +
		`"last_state_at":"2026-05-01 12:10:00.100","last_seen_at":"2026-05-03 12:15:00.100","gone_at":null,"outcome":"failed","progress":50,"reason":"row <7> & more",` +
		`"min_seconds":119.001,"max_seconds":420.1,"extra":"{\"rows\":7}","state_not_before":"2026-05-01 12:05:00.000","changed_at":"2026-05-01 12:15:00.100","history_pruned_at":null,"file_name":"x.parquet","file_size":4096,` +
		`"total_rows":null,"imported_rows":null,"created_at":"2026-05-01 12:03:00.000","completed_at":null,"progress_raw":null,"described_at":"2026-05-01 12:15:00.100","details_extra":"{\"a\":1}","missed_since_at":null,"last_state":"failed","recency":1777637100000,"nth":1,"transitions":[` +
		`{"id":1,"run_id":2,"collection":"films","kind":"appeared","from_state":null,"to_state":"running","from_raw_state":null,"to_raw_state":"ImportRunning","not_before":"2026-05-01 12:00:00.000","observed_at":"2026-05-01 12:05:00.100"},` +
		`{"id":2,"run_id":3,"collection":"films","kind":"moved","from_state":"running","to_state":"failed","from_raw_state":"ImportRunning","to_raw_state":"ImportFailed","not_before":"2026-05-01 12:05:00.000","observed_at":"2026-05-01 12:10:00.100"}],"files":[` +
		`{"n":1,"name":"x.parquet","size":4096,"total_rows":null,"imported_rows":7,"raw_state":"Failed","progress":50,"progress_raw":"50.0","reason":null,"completed_at":null,"extra":null}]}
`
	got, err := os.ReadFile(done.File)
	if err != nil || string(got) != want {
		t.Errorf("%v: exported is\n%s\nwant\n%s", err, got, want)
	}
	if got := show(t, st.Reader, `SELECT DISTINCT file FROM prunes`); got != done.File+"\n" {
		t.Errorf("the archive says it is in %s", got)
	}
	// Another prune of the same moment writes another file.
	st2, s2, _ := aged(t, 2)
	again := nowait(s2)
	again.Export, again.Now = p.Export, p.Now
	if other := mustPrune(t, st2, again); other.File != strings.TrimSuffix(done.File, ".jsonl")+"-2.jsonl" {
		t.Errorf("the second file is %s", other.File)
	}
	p.Keep.Runs = 0 // nothing to go: no file
	if nothing := mustPrune(t, st, p); nothing.Jobs() > 0 || nothing.File != "" {
		t.Errorf("%+v", nothing)
	}
	if files, _ := filepath.Glob(filepath.Join(p.Export, "*")); len(files) != 2 {
		t.Errorf("the folder has %v", files)
	}
}

func TestAJobIsExportedAsItIsWhenItGoes(t *testing.T) {
	t.Parallel()
	st, s, jobs := aged(t, 1200)
	p := nowait(s)
	p.Export = t.TempDir()
	changed := false
	p.Pause = func(context.Context) error {
		if !changed && show(t, st.Reader, `SELECT count(*) FROM pruned`) == "500\n" {
			changed = true
			jobs[700].Reason = "told late"
			jobs[701].State, jobs[701].RawState = db.Failed, "ImportFailed"
			s.Lists(append(jobs[:900:900], jobs[901:]...)...)
		}
		return nil
	}
	done := mustPrune(t, st, p)
	if done.Jobs() != 1199 || !changed {
		t.Errorf("%+v", done)
	}
	if got := show(t, st.Reader, `SELECT job_id FROM jobs`); got != jobs[701].ID+"\n" {
		t.Errorf("left are %s", got)
	}
	lines, torn := linesOf(t, done.File)
	if lines[jobs[700].ID].Reason != "told late" || lines[jobs[900].ID].MissedSinceAt == "" || lines[jobs[899].ID].MissedSinceAt != "" {
		t.Errorf("exported are %+v, %+v, %+v", lines[jobs[700].ID], lines[jobs[900].ID], lines[jobs[899].ID])
	}
	if _, is := lines[jobs[701].ID]; is || len(lines) != 1199 || torn {
		t.Errorf("%d lines, also of the job that stays: %v", len(lines), is)
	}
	s.Reload()
}

// exported is what tests read of a job's line.
type exported struct {
	Job           string `json:"job_id"`
	State         db.State
	Reason        string
	MissedSinceAt string `json:"missed_since_at"`
	Transitions   []struct{ ID int64 }
}

// linesOf reads the jobs of an export as its reader should: all whole lines, and
// not a last one that is cut short.
func linesOf(t *testing.T, path string) (jobs map[string]exported, torn bool) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	jobs = map[string]exported{}
	for _, line := range lines[:len(lines)-1] {
		var job exported
		if err := json.Unmarshal([]byte(line), &job); err != nil {
			t.Fatalf("%s: %v in %s", path, err, line)
		}
		if jobs[job.Job].Job != "" {
			t.Errorf("%s has job %s twice", path, job.Job)
		}
		jobs[job.Job] = job
	}
	return jobs, lines[len(lines)-1] != ""
}

// A crash after the lines of a batch are on the disk and before its commit, or
// in the middle of writing them, leaves the archive as it was and a file that
// says more, or half a line. Here they are put together from the archive before
// a prune and the file of the prune.
func TestACrashBeforeTheCommitLosesNothing(t *testing.T) {
	t.Parallel()
	st, s, _ := aged(t, 700)
	before := filepath.Join(t.TempDir(), "before.db")
	if _, err := sqlite.Backup(t.Context(), st.Reader, before); err != nil {
		t.Fatal(err)
	}
	p := nowait(s)
	p.Export = t.TempDir()
	written, err := os.ReadFile(mustPrune(t, st, p).File)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, len(written) / 2, len(written) - 1, len(written)} {
		p.Export = t.TempDir()
		left := filepath.Join(p.Export, "pruned-"+p.Now.Format("20060102T150405.000Z")+".jsonl")
		write(t, left, string(written[:size]))
		again := openCopy(t, before)
		done := mustPrune(t, again, p)
		if done.Jobs() != 700 || done.File == left {
			t.Errorf("after %d bytes: %+v", size, done)
		}
		if lines, torn := linesOf(t, done.File); len(lines) != 700 || torn {
			t.Errorf("after %d bytes the next file has %d jobs", size, len(lines))
		}
		if _, torn := linesOf(t, left); torn != (size > 0 && written[size-1] != '\n') {
			t.Errorf("after %d bytes the file before is torn: %v", size, torn)
		}
		if now, err := os.ReadFile(left); err != nil || len(now) != size {
			t.Errorf("the file before has %d bytes, not %d: %v", len(now), size, err)
		}
	}
}

func openCopy(t *testing.T, archive string) *sqlite.Archive {
	t.Helper()
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "archive.db")
	write(t, path, string(content))
	return openAt(t, path)
}

func TestRunsThatAreNeededStay(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	for _, o := range []db.Outcome{db.Failure, db.Interrupted, db.Partial, db.Failure, db.Interrupted, db.Partial} {
		s.Begin()
		s.Page()
		s.Close(o)
		s.Wait(time.Minute)
	}
	s.Lists()
	s.Begin()
	s.Page()
	s.Reject(`{"jobId":0}`)
	s.Close(db.Partial)
	s.Wait(time.Minute)
	s.Lists(dbtest.Listed("x", db.Running)) // its history refers to this one
	s.Begin()                               // a run that stays open
	s.Wait(2 * day)
	s.Lists(dbtest.Listed("x", db.Running))
	s.Wait(time.Minute)
	s.Lists(dbtest.Listed("x", db.Running))
	p := nowait(s)
	p.Keep.Runs = day
	done := mustPrune(t, st, p)
	if got := show(t, st.Reader, `SELECT id, outcome FROM runs ORDER BY id`); got !=
		"4|failed\n5|interrupted\n8|partial\n9|complete\n10|-\n11|complete\n12|complete\n" || done.Runs() != 5 {
		t.Errorf("%d went, left are\n%s", done.Runs(), got)
	}
	if got := show(t, st.Reader, `SELECT count(*) FROM rejects`); got != "1\n" {
		t.Errorf("rejects: %s", got)
	}
}

// A reject goes when no listing has had it for its age. One that is still listed stays,
// so it does not come back as new. The totals stay.
func TestAPruneDeletesRejectsThatAreNotListedAnyMore(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	lists := func(raws ...string) {
		s.Begin()
		s.Page(dbtest.Listed("x", db.Running))
		for _, raw := range raws {
			s.Reject(raw)
		}
		s.Close(db.Partial)
	}
	lists("{}", `{"jobId":0}`)
	s.Wait(2 * day)
	lists("{}")
	p := nowait(s)
	p.Keep, p.Export = db.Retention{Rejects: day}, filepath.Join(t.TempDir(), "gone")
	due, err := prune.Due(t.Context(), st.Reader, p.Keep, p.Now)
	if err != nil {
		t.Fatal(err)
	}
	done := mustPrune(t, st, p)
	if fmt.Sprint(done.Deletions) != fmt.Sprint(due) || done.Rejects() != 1 {
		t.Errorf("it said %v and took %v", due, done.Deletions)
	}
	if got := show(t, st.Reader, `SELECT run_id, raw, rejected_at < last_seen_at FROM rejects`); got != "1|{}|1\n" {
		t.Errorf("left are\n%s", got)
	}
	if got := show(t, st.Reader, `SELECT t.rejects, p.what, p.rejects, p.jobs FROM totals AS t, prunes AS p`); got != "3|rejects|1|0\n" {
		t.Errorf("the counts are %s", got)
	}
	if got, err := os.ReadFile(done.File); err != nil || !strings.HasPrefix(string(got), `{"what":"reject","run_id":1,"cluster":"a",`) ||
		strings.Count(string(got), "\n") != 1 {
		t.Errorf("%v: exported is\n%s", err, got)
	}
	s.Wait(3 * day) // nothing is listed meanwhile: no run says that it is gone
	if p.Now = s.Now; mustPrune(t, st, p).Rejects() != 0 {
		t.Error("a clock prunes what no run has seen since")
	}
}

// The next start closes a run that a killed process left open. The run counts
// what it did, also what a prune deleted in between.
func TestARunOfTheDeadCountsWhatWasPruned(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Completed))
	s.Lists()
	s.Lists()
	s.Wait(2 * day)
	s.Lists()
	s.Begin()
	s.Page(dbtest.Listed("x", db.Completed))
	s.Commit() // it has returned, and the process dies
	if done := mustPrune(t, st, nowait(s)); done.Jobs() != 1 {
		t.Fatalf("%+v", done)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if got := show(t, openAt(t, path).Reader, `SELECT outcome, returned FROM runs WHERE id = 5`); got != "interrupted|1\n" {
		t.Errorf("the run is %s", got)
	}
}

// A prune does not believe a clock that is years ahead of the newest listing.
func TestAClockThatJumpedAheadPrunesNothing(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	s.Lists(dbtest.Listed("x", db.Completed))
	s.Lists(dbtest.Listed("x", db.Completed))
	s.Wait(1000 * day)
	s.Begin()
	s.Close(db.Failure) // with a clock like that not even a certificate holds
	if done := mustPrune(t, st, nowait(s)); len(done.Deletions) > 0 {
		t.Errorf("%+v", done.Deletions)
	}
	other := dbtest.Tell(t, st, "b") // nor by what another cluster says
	other.Now = s.Now
	other.Lists(dbtest.Listed("x", db.Completed))
	if done := mustPrune(t, st, nowait(s)); len(done.Deletions) > 0 {
		t.Errorf("%+v", done.Deletions)
	}
}

func TestRowsOfPrunedJobsCanNotLie(t *testing.T) {
	st, s, _ := aged(t, 2)
	mustPrune(t, st, nowait(s))
	s.Lists(dbtest.Listed("new", db.Completed))
	for what, text := range map[string]string{
		"a job that is deleted":               `DELETE FROM archive_jobs WHERE pruned = 1`,
		"another first sighting":              `UPDATE archive_jobs SET first_seen_ms = first_seen_ms - 1 WHERE pruned = 1`,
		"another id":                          `UPDATE archive_jobs SET job_id = 'x' WHERE pruned = 1`,
		"history that is deleted":             `DELETE FROM archive_transitions`,
		"an open job that counts as pruned":   `UPDATE archive_jobs SET state = 'running', gone_ms = NULL WHERE pruned = 1`,
		"a prune that took less than nothing": `UPDATE archive_prunes SET jobs = -1`,
		"a prune of jobs never listed":        `UPDATE archive_prunes SET listed_until_ms = NULL WHERE jobs > 0`,
		"jobs that are rejects":               `UPDATE archive_prunes SET what = 'rejects' WHERE jobs > 0`,
		"rejects that are jobs":               `UPDATE archive_prunes SET rejects = 1 WHERE jobs > 0`,
		"jobs that are runs":                  `UPDATE archive_prunes SET what = 'runs' WHERE jobs > 0`,
	} {
		if _, err := st.Writer.Exec(text); err == nil {
			t.Errorf("%s is stored by %s", what, text)
		}
	}
}
