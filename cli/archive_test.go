package cli

import (
	"bytes"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// The tests of the commands that read use archives made by stories: runs that see
// jobs, as a sync would store them.

// noon is the time at which the commands run.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// story writes one cluster's part of an archive.
type story struct {
	t       *testing.T
	st      *sqlite.Archive
	cluster db.Cluster
	jobs    map[string]*storyJob
	last    time.Time // of the newest complete listing
	run     *db.Run   // the newest complete one
}

type storyJob struct {
	db.Job
	seq  uint32
	seen time.Time
}

// newArchive returns the path of an archive that tell has written.
func newArchive(t *testing.T, tell func(*sqlite.Archive)) string {
	t.Helper()
	path := dbtest.Fresh(t)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	tell(st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func newStory(t *testing.T, st *sqlite.Archive, name string) *story {
	return &story{t: t, st: st, jobs: map[string]*storyJob{}, cluster: db.Cluster{
		Name: name, API: "zilliz-v1", ClusterID: "in01-" + name, BaseURL: "https://example.com", Expected: 5 * time.Minute,
	}}
}

func (s *story) begin(ago time.Duration) *db.Run {
	s.t.Helper()
	r := &db.Run{Cluster: s.cluster, Trigger: db.BySchedule, StartedAt: noon.Add(-ago)}
	if err := s.st.Begin(s.t.Context(), r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// lists makes a complete run of two seconds that saw these jobs, and not
// those that are named "-id": they are gone.
func (s *story) lists(ago time.Duration, jobs ...db.Job) {
	s.t.Helper()
	r := s.begin(ago)
	r.Outcome, r.ListingStart, r.FinishedAt = db.Complete, r.StartedAt, r.StartedAt.Add(2*time.Second)
	r.ClockOffset = new(time.Duration)
	r.Pages, r.Requests, r.Listed = 1, 2, len(jobs)
	seen := r.StartedAt.Add(time.Second)
	var b db.Batch
	var gone []db.Change
	for _, job := range jobs {
		if id, ok := strings.CutPrefix(job.ID, "-"); ok {
			j := s.jobs[id]
			gone = append(gone, db.Change{
				Kind: db.Gone, Seq: j.seq, Job: j.Job, NotBefore: j.seen, ObservedAt: seen, Asked: j.seen, Seen: j.seen, Misses: 2,
			})
			continue
		}
		if c, ok := s.sees(job, r.StartedAt, seen); ok {
			b.Changes = append(b.Changes, c)
			switch c.Kind {
			case db.Appeared:
				r.Appeared++
			case db.Moved:
				r.Moved++
			}
		}
	}
	if err := s.st.Commit(s.t.Context(), r, b); err != nil {
		s.t.Fatal(err)
	}
	r.Gone = len(gone)
	if err := s.st.Finish(s.t.Context(), r, slices.Values(gone)); err != nil {
		s.t.Fatal(err)
	}
	s.last, s.run = r.StartedAt, r
}

// tells stores an answer of the service about one job after the newest listing.
func (s *story) tells(id string, d db.Details) {
	s.t.Helper()
	told := s.run.FinishedAt.Add(time.Second)
	one := []db.Described{{Seq: s.jobs[id].seq, Asked: s.run.FinishedAt, Received: told, Details: &d}}
	if err := s.st.Described(s.t.Context(), s.run, one); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) sees(job db.Job, asked, seen time.Time) (db.Change, bool) {
	c := db.Change{Kind: db.Appeared, Job: job, NotBefore: s.last, ObservedAt: seen, ListingStart: asked, Asked: asked, Seen: seen}
	old := s.jobs[job.ID]
	if old == nil {
		c.Seq = uint32(len(s.jobs) + 1)
		s.jobs[job.ID] = &storyJob{job, c.Seq, seen}
		return c, true
	}
	c.Seq, c.Kind = old.seq, db.Moved
	c.FromState, c.FromRawState = old.State, old.RawState
	if old.State == job.State {
		c.Kind, c.FromState, c.FromRawState = db.Edited, "", ""
	}
	changed := !cmp.Equal(old.Job, job)
	old.Job, old.seen = job, seen
	return c, changed
}

// fails makes a run that saw nothing.
func (s *story) fails(ago time.Duration, kind, text string) {
	s.t.Helper()
	r := s.begin(ago)
	r.Outcome, r.FinishedAt, r.ErrorKind, r.Error = db.Failure, r.StartedAt.Add(time.Second), kind, text
	r.ClockOffset = new(time.Duration)
	r.Requests = 1
	if err := s.st.Finish(s.t.Context(), r, iter.Seq[db.Change](nil)); err != nil {
		s.t.Fatal(err)
	}
}

func percent(p float64) *float64 { return &p }

// twoClusters is a fresh cluster with a job of every kind, and a stale one.
func twoClusters(t *testing.T) string {
	t.Helper()
	pair.Do(func() {
		var err error
		if pair.file, err = os.ReadFile(newArchive(t, func(st *sqlite.Archive) { tellTwoClusters(t, st) })); err != nil {
			t.Fatal(err)
		}
	})
	path := filepath.Join(t.TempDir(), "archive.db")
	if err := os.WriteFile(path, pair.file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pair is the file of that archive, made once a process.
var pair struct {
	sync.Once
	file []byte
}

func tellTwoClusters(t *testing.T, st *sqlite.Archive) {
	prod := newStory(t, st, "prod")
	done := db.Job{ID: "job-done", Collection: "products", State: db.Running, RawState: "ImportRunning"}
	lost := db.Job{ID: "job-lost", Collection: "products", State: db.Pending, RawState: "ImportPending"}
	bad := db.Job{ID: "job-bad", Collection: "orders", State: db.Failed, RawState: "ImportFailed", Reason: "line 1:\nno \x1b[31mvector\x1b[0m"}
	prod.lists(3*time.Hour, lost)
	prod.lists(30*time.Minute, done, lost)
	done.State, done.RawState = db.Completed, "ImportCompleted"
	prod.lists(20*time.Minute, done, bad, db.Job{ID: "-job-lost"})
	prod.tells("job-done", db.Details{
		RawState: "Completed", Progress: percent(100), ProgressRaw: "100", FileSize: whole(3_000_000), TotalRows: whole(1200), ImportedRows: whole(1200),
		CreatedAt: noon.Add(-31 * time.Minute), CompletedAt: noon.Add(-25 * time.Minute),
		Files: []db.File{
			{Name: "products/1.parquet", Size: whole(1_000_000), TotalRows: whole(400), ImportedRows: whole(400), RawState: "Completed", Progress: percent(100), ProgressRaw: "100"},
			{Name: "商品/2.parquet", Size: whole(2_000_000), TotalRows: whole(800), ImportedRows: whole(800), RawState: "Completed", Progress: percent(100), ProgressRaw: "100"},
		},
	})
	prod.tells("job-bad", db.Details{
		ProgressRaw: "-3", FileName: "orders.json", FileSize: whole(512), TotalRows: whole(50), ImportedRows: whole(10), Extra: `{"n":1}`,
		Files: []db.File{{Name: "orders.json", Reason: "line 1:\nno \x1b[31mvector\x1b[0m"}},
	})
	prod.lists(2*time.Minute, done, bad,
		db.Job{ID: "job-open", Collection: "商品向量", State: db.Running, RawState: "ImportRunning", Progress: percent(45)},
		db.Job{ID: "both", Collection: "products", State: db.Unknown, RawState: "ImportResting", Extra: `{"n":1}`})

	staging := newStory(t, st, "staging")
	staging.lists(3*time.Hour, db.Job{ID: "both", Collection: "trial", State: db.Cancelled, RawState: "ImportCancelled"})
	staging.fails(2*time.Hour, "auth", "page 1: auth: HTTP 401: wrong key")
	staging.fails(time.Minute, "auth", "page 1: auth: HTTP 401: wrong key")
}

// settingsFor writes settings with these clusters for an archive.
func settingsFor(t testing.TB, archive string, clusters ...string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("[archive]\npath = '" + archive + "'\n[sync]\nretry_for = '0s'\n")
	for _, name := range clusters {
		b.WriteString("[[clusters]]\nname = '" + name + "'\napi = 'zilliz-v1'\ncluster_id = 'in01-" + name +
			"'\nregion = 'ali-cn-hangzhou'\napi_key = 'secret-of-" + name + "'\n")
	}
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// result is what a call of the program gave.
type result struct {
	code           int
	stdout, stderr string
}

// outside is a world in which the program is called.
type outside struct {
	width     int
	noColor   bool
	term      string
	now       time.Time
	transport http.RoundTripper
}

func (o outside) call(t *testing.T, args ...string) result {
	t.Helper()
	if o.now.IsZero() {
		o.now = noon
	}
	var stdout, stderr bytes.Buffer
	env := map[string]string{"TERM": o.term}
	if o.noColor {
		env["NO_COLOR"] = "1"
	}
	code := Main(t.Context(), &Env{
		Args: args, Stdout: io.Writer(&stdout), Stderr: &stderr, StdoutWidth: o.width,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Now:       func() time.Time { return o.now }, Transport: o.transport,
	})
	return result{code, stdout.String(), stderr.String()}
}

func call(t *testing.T, args ...string) result {
	t.Helper()
	return outside{}.call(t, args...)
}

// wants fails unless the call ended with this code and said these words, on
// stdout for a command that is done, else on stderr.
func (r result) wants(t *testing.T, code int, words ...string) {
	t.Helper()
	said := r.stdout
	if code == exitFailed || code == exitUsage {
		said = r.stderr
		if r.stdout != "" {
			t.Errorf("stdout: %q", r.stdout)
		}
	}
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("nothing says %q:\n%s", word, said)
		}
	}
}

// golden compares a text with testdata/NAME; -update writes it anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
