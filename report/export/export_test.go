package export

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/report"
)

// exportNow is later than all events of the stories.
var exportNow = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)

func archiveForExport(t *testing.T) *sqlite.Archive {
	t.Helper()
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{Now: func() time.Time { return exportNow }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// manyJobs lists so many jobs that an export takes a while.
func manyJobs(t *testing.T, st *sqlite.Archive, n int) {
	t.Helper()
	s := dbtest.Tell(t, st, "many")
	s.Begin()
	var jobs []db.Job
	for i := range n {
		jobs = append(jobs, dbtest.Listed(fmt.Sprintf("job-%06d", i), db.Running))
	}
	s.Page(jobs...)
	s.Complete()
}

func exportOf(t *testing.T, dir, format string, names ...string) *Export {
	t.Helper()
	e := &Export{Dir: dir, Now: exportNow, Version: "v0"}
	var ok bool
	if e.Format, ok = Formats().Named(format); !ok {
		t.Fatalf("there is no format %q for files", format)
	}
	for _, name := range names {
		d, err := DatasetNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		e.Datasets = append(e.Datasets, d)
	}
	return e
}

func (e *Export) mustWrite(t *testing.T, archive *sql.DB) *Manifest {
	t.Helper()
	m, err := e.Write(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// value returns the result of a query of one value.
func value(t *testing.T, archive *sql.DB, query string) string {
	t.Helper()
	var text sql.NullString
	if err := archive.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text.String
}

func TestTheManifestSaysWhatWasWritten(t *testing.T) {
	st, dir := archiveForExport(t), filepath.Join(t.TempDir(), "new", "export")
	dbtest.Live(t, st)
	f, _ := Formats().Named("csv")
	all := Datasets()
	e := &Export{Datasets: all, Format: f, Dir: dir, Now: exportNow, Version: "v0"}
	written := e.mustWrite(t, st.Reader)
	text, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, &m); diff != "" {
		t.Errorf("the manifest on disk (-given +read):\n%s", diff)
	}
	if m.FormatVersion != 1 || m.WrittenAt != "2026-05-02 12:00:00.000" || m.Version != "v0" || m.Format != "csv" ||
		fmt.Sprint(m.Archive.SchemaVersion) != value(t, st.Reader, `PRAGMA user_version`) || len(m.Files) != len(all) {
		t.Errorf("%s", text)
	}
	for _, file := range m.Files {
		data, err := os.ReadFile(filepath.Join(dir, file.File))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if file.Bytes != int64(len(data)) || file.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %d bytes, %s", file.File, len(data), hex.EncodeToString(sum[:]))
		}
		var names []string
		for _, c := range file.Columns {
			names = append(names, c.Name)
			if c.Type == "" || c.About == "" {
				t.Errorf("%s: nothing is said of %s", file.File, c.Name)
			}
		}
		if header, _, _ := strings.Cut(string(data), "\r\n"); header != strings.Join(names, ",") {
			t.Errorf("%s: the header is %s, the manifest has %v", file.File, header, names)
		}
		if file.Kind != OfView {
			continue
		}
		if rows := value(t, st.Reader, `SELECT count(*) FROM `+file.Name); rows != fmt.Sprint(*file.Rows) || file.Incremental != nil {
			t.Errorf("%s: %s rows are in the archive, %d in the manifest", file.File, rows, *file.Rows)
		}
		if r := file.TimeRange; r != nil && (r.From != value(t, st.Reader, "SELECT min("+r.Column+") FROM "+file.Name) ||
			r.To != value(t, st.Reader, "SELECT max("+r.Column+") FROM "+file.Name)) {
			t.Errorf("%s: %+v", file.File, *r)
		}
	}
	if f := m.Files[slices.IndexFunc(m.Files, func(f ManifestEntry) bool { return f.Name == "jobs" })]; f.TimeRange == nil || f.TimeRange.Column != "changed_at" {
		t.Errorf("the range of the jobs is %+v", f.TimeRange)
	}
}

// consumer loads only what is new over what it has.
type consumer struct {
	jobs map[string]string // by their keys
	ids  []float64         // of transitions
	next Cursors
}

// load exports what is new, and stores it.
func (c *consumer) load(t *testing.T, archive *sql.DB, now time.Time) {
	t.Helper()
	// Each by its own cursor: transitions never come twice.
	jobs, transitions := exportOf(t, t.TempDir(), "jsonl", "jobs"), exportOf(t, t.TempDir(), "jsonl", "transitions")
	jobs.Now, transitions.Now, transitions.SinceID = now, now, c.next.SinceID
	if c.next.ChangedSince != nil {
		jobs.ChangedSince = *c.next.ChangedSince
	}
	if c.jobs == nil {
		c.jobs = map[string]string{}
	}
	c.next.ChangedSince = jobs.mustWrite(t, archive).Next.ChangedSince
	c.next.SinceID = transitions.mustWrite(t, archive).Next.SinceID
	for _, job := range objects(t, filepath.Join(jobs.Dir, "jobs.jsonl")) {
		c.jobs[fmt.Sprint(job["cluster"], "/", job["job_id"])] = known(job)
	}
	for _, one := range objects(t, filepath.Join(transitions.Dir, "transitions.jsonl")) {
		c.ids = append(c.ids, one["id"].(float64))
	}
}

// known is what an incremental load can know of a job: its last sighting moves
// with every listing, and changed_at moves when a listing misses it.
func known(job map[string]any) string {
	job = maps.Clone(job)
	delete(job, "last_seen_at")
	delete(job, "changed_at")
	return fmt.Sprint(job)
}

func objects(t *testing.T, file string) (all []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatal(err)
		}
		all = append(all, object)
	}
	return all
}

// has fails unless the consumer has what a whole export has.
func (c *consumer) has(t *testing.T, archive *sql.DB, now time.Time) {
	t.Helper()
	whole := consumer{}
	whole.load(t, archive, now)
	if diff := cmp.Diff(whole.jobs, c.jobs); diff != "" {
		t.Errorf("jobs (-all +loaded one after another):\n%s", diff)
	}
	if diff := cmp.Diff(whole.ids, c.ids); diff != "" {
		t.Errorf("transitions (-all +loaded one after another):\n%s", diff)
	}
}

func TestWhoLoadsOnlyWhatIsNewMissesNothing(t *testing.T) {
	t.Parallel()
	for name, clock := range map[string]time.Duration{"the clock is right": 0, "the clock is behind the archive": -72 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			st, c := archiveForExport(t), consumer{}
			a, b := dbtest.Tell(t, st, "a"), dbtest.Tell(t, st, "b")
			load := func(s *dbtest.Story) {
				t.Helper()
				now := s.Now.Add(clock)
				c.load(t, st.Reader, now)
				c.has(t, st.Reader, now)
			}
			load(a) // nothing yet
			a.Lists(dbtest.Listed("1", db.Pending), dbtest.Listed("2", db.Running))
			load(a)
			// A run of b receives a page, an export comes, then the page is stored.
			b.Now = a.Now
			b.Begin()
			b.Page(dbtest.Listed("1", db.Running))
			a.Now = b.Now
			a.Lists(dbtest.Listed("1", db.Running), dbtest.Listed("2", db.Completed))
			load(a)
			b.Commit()
			load(a)
			b.Page(dbtest.Listed("3", db.Running))
			b.Complete()
			load(a)
			// A clock that was set back is held: the next run sees its page in the
			// millisecond in which the last one ended.
			b.Begin()
			b.Now = b.Now.Add(-100 * time.Millisecond)
			b.Page(dbtest.Listed("1", db.Failed), dbtest.Listed("3", db.Failed))
			b.Complete()
			load(b)
			// An answer about a job is stored some time after it came, when its run
			// is closed; meanwhile another cluster has newer rows.
			answer := db.Described{
				Seq: b.Known.Find("3").Seq, ID: "3", Asked: b.Now, Received: b.Now.Add(time.Second),
				Details: &db.Details{FileName: "films.json"},
			}
			a.Now = answer.Received.Add(time.Second)
			a.Begin()
			a.Page(dbtest.Listed("1", db.Running), dbtest.Listed("2", db.Completed), dbtest.Listed("4", db.Pending))
			a.Complete()
			a.Wait(time.Second)
			load(a)
			if err := st.Described(t.Context(), &b.Run, []db.Described{answer}); err != nil {
				t.Fatal(err)
			}
			load(a)
			for range 3 {
				a.Lists(dbtest.Listed("1", db.Running)) // 2 is missed, then gone
				load(a)
			}
		})
	}
}

func TestAnExportShowsOneMomentWhileTheServiceWrites(t *testing.T) {
	t.Parallel()
	st := archiveForExport(t)
	s := dbtest.Tell(t, st, "busy")
	s.Begin()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			s.Page(dbtest.Listed(fmt.Sprint("job-", i), db.Running), dbtest.Listed(fmt.Sprint("other-", i), db.Pending))
			s.Commit()
		}
	}()
	last := int64(-1)
	for i := 0; i < 20 || last <= 0 && !t.Failed(); i++ { // until something was written meanwhile
		m := exportOf(t, t.TempDir(), "csv", "transitions", "collections", "jobs").mustWrite(t, st.Reader)
		if jobs, appeared := *m.Files[2].Rows, *m.Files[0].Rows; jobs != appeared || appeared != *m.Next.SinceID || jobs < last {
			t.Errorf("%d jobs, %d of them appeared, and %d were there before", jobs, appeared, last)
		} else {
			last = jobs
		}
	}
	close(stop)
	<-stopped
}

// contents returns the files of a directory, also hidden ones except the lock.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir || entry.Name() == exportLock {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if files[name] = "a directory"; !entry.IsDir() {
			data, err := os.ReadFile(path)
			files[name] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAnExportThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	st, dir := archiveForExport(t), t.TempDir()
	manyJobs(t, st, 3000)
	exportOf(t, dir, "csv", "clusters", "jobs").mustWrite(t, st.Reader)
	before := contents(t, dir)

	ctx, cancel := context.WithCancel(t.Context())
	cancelled := exportOf(t, dir, "csv", "clusters", "jobs", "transitions")
	cancelled.Progress = func(string, int64) { cancel() }
	if _, err := cancelled.Write(ctx, st.Reader); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), dir) {
		t.Errorf("cancelled: %v", err)
	}
	wrong := exportOf(t, dir, "csv", "clusters", "jobs", "runs")
	wrong.Datasets[2].Query.SQL = "SELECT abs(-9223372036854775808) AS id"
	wrong.Datasets[2].Query.Columns = nil
	if _, err := wrong.Write(t.Context(), st.Reader); err == nil || !strings.Contains(err.Error(), "runs.csv: running runs: SQL logic error: integer overflow") {
		t.Errorf("a query that fails: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "runs.csv"), 0o777); err != nil {
		t.Fatal(err)
	}
	before["runs.csv"] = "a directory"
	if _, err := exportOf(t, dir, "csv", "jobs", "runs").Write(t.Context(), st.Reader); err == nil || !strings.Contains(err.Error(), "runs.csv is a directory") {
		t.Errorf("a directory in the way: %v", err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("the directory (-before +after):\n%s", diff)
	}
	// The connections whose work was stopped still work.
	exportOf(t, t.TempDir(), "csv", "clusters", "jobs").mustWrite(t, st.Reader)
}

func TestAPlaceThatTakesNoFilesIsNamed(t *testing.T) {
	st, file := archiveForExport(t), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if _, err := exportOf(t, dir, "csv", "jobs").Write(t.Context(), st.Reader); err == nil || !strings.Contains(err.Error(), "not a directory") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestASecondExportToADirectoryIsRefused(t *testing.T) {
	st, dir := archiveForExport(t), t.TempDir()
	l := flock.New(filepath.Join(dir, exportLock))
	if got, err := l.TryLock(); !got || err != nil {
		t.Fatal(got, err)
	}
	// The second must not remove what the first has written so far.
	if err := os.Mkdir(filepath.Join(dir, stagingDir), 0o777); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if _, err := exportOf(t, dir, "csv", "jobs").Write(t.Context(), st.Reader); !errors.Is(err, ErrExportUnderWay) {
		t.Error(err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("the directory (-before +after):\n%s", diff)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	exportOf(t, dir, "csv", "jobs").mustWrite(t, st.Reader)
	if _, left := contents(t, dir)[stagingDir]; left {
		t.Error("what a dead export had left is still there")
	}
}

func TestANameOfTwoIsTheViews(t *testing.T) {
	for name, file := range map[string]string{"runs": "runs.csv", "report:runs": "runs-report.csv", "overview": "overview.csv", "report:overview": "overview.csv"} {
		d, err := DatasetNamed(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if f, _ := Formats().Named("csv"); d.fileName(f) != file {
			t.Errorf("%s goes to %s", name, d.fileName(f))
		}
	}
	for name, want := range map[string]string{
		"fluffy": "is none of clusters, ", "report:jobs": "is none of ", "": "is none of ",
		"timeline": "no answer without --job", "report:as-of": "no answer without --at",
	} {
		if _, err := DatasetNamed(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestDuckDBReadsAnExportAsTheViewsHaveIt(t *testing.T) {
	longtest.Only(t)
	st := archiveForExport(t)
	dbtest.Live(t, st)
	for _, format := range []string{"parquet", "csv", "jsonl"} {
		f, _ := Formats().Named(format)
		datasets := DefaultDatasets(f)
		e := &Export{Datasets: datasets, Format: f, Dir: t.TempDir(), Now: exportNow}
		m := e.mustWrite(t, st.Reader)
		for i := range datasets {
			d := &datasets[i]
			if d.Name == "gaps" { // an open gap grows every second
				continue
			}
			table, err := report.Saved(t.Context(), st.Reader, d.Query, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, want := twice(t, table)
			_, got := duckdb(t, filepath.Join(e.Dir, m.Files[i].File), d.Query.Columns)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-view +file):\n%s", m.Files[i].File, diff)
			}
		}
	}
}
