package web

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// unkind are ids and names that would be something else than text in a page,
// a path or a query that does not escape them.
var unkind = []string{
	"../../../etc/passwd", "a/b?c=d&e#f", "作业 1", `"><script>alert(1)</script>`, "%2e%2e%2f", "..", "' OR 1=1 --", "two\nlines", "job+1 &amp;",
}

const unkindCluster = `prod/<b> "&?#%2F`

// told is an archive with every kind of event, its store, and the time at which its
// story ends.
type told struct {
	st    *sqlite.Archive
	now   time.Time
	story *dbtest.Story // of lab
}

func (a *told) reader() *sql.DB { return a.st.Reader }

// whole is the file of the archive that tell returns, made once a process.
var whole struct {
	sync.Once
	file []byte
	now  time.Time
}

func tell(t testing.TB) *told {
	t.Helper()
	whole.Do(func() { whole.file, whole.now = tellWhole(t) })
	path := filepath.Join(t.TempDir(), "archive.db")
	if err := os.WriteFile(path, whole.file, 0o600); err != nil {
		t.Fatal(err)
	}
	st := openTold(t, path)
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	a := &told{st: st, now: whole.now, story: dbtest.Tell(t, st, "lab")}
	a.story.Cluster.Expected, a.story.Now = time.Hour, whole.now.Add(-time.Minute)
	var err error
	if a.story.Known, err = st.Known(t.Context(), "lab"); err != nil {
		t.Fatal(err)
	}
	return a
}

func openTold(t testing.TB, path string) *sqlite.Archive {
	t.Helper()
	began := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: func() time.Time { return began }})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// tellWhole returns the archive's file, and a minute after the story's end.
func tellWhole(t testing.TB) (file []byte, now time.Time) {
	t.Helper()
	path := dbtest.Fresh(t)
	a := &told{st: openTold(t, path)}
	for _, name := range []string{unkindCluster, "..", "lab"} {
		a.story = dbtest.Tell(t, a.st, name)
		a.story.Cluster.Expected = time.Hour
		var listed []db.Job
		for i, id := range unkind {
			listed = append(listed, dbtest.Listed(id, db.Pending))
			listed[i].Collection = []string{"films", "books", ""}[i%3]
		}
		for look := range 8 {
			for i := range listed {
				if (look+i)%4 == 3 && listed[i].State == db.Pending {
					listed[i].State = []db.State{db.Completed, db.Failed, db.Cancelled, db.Running}[i%4]
					listed[i].Reason = "row <7>:\nno \"vector\""
				}
			}
			if look == 4 {
				a.story.Wait(5 * time.Hour) // a gap
			}
			if look == 5 {
				listed = listed[2:]
			}
			a.story.Lists(append(listed, dbtest.Listed(fmt.Sprint("job-", name, look), db.Failed))...)
			if look == 6 {
				var all []db.Described
				for _, j := range listed {
					all = append(all, detailsOf(j))
				}
				a.story.Describes(all...)
			}
			a.story.Wait(time.Hour)
		}
		a.story.Begin()
		a.story.Close(db.Failure)
	}
	if err := a.st.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file, a.story.Now.Add(time.Minute)
}

// detailsOf returns a service's answer about one job, with texts as hostile as the
// job's id.
func detailsOf(j db.Job) db.Described {
	size, rows, loaded := int64(1<<20), int64(12_345), int64(12_000)
	return dbtest.Answer(j.ID, j.State, db.Details{
		ProgressRaw: "-1", Reason: j.Reason, FileName: j.ID + ".json", FileSize: &size, TotalRows: &rows, ImportedRows: &loaded, Extra: `{"n":"<i>"}`,
		Files: []db.File{{Name: j.ID + ".json", Size: &size, RawState: "<b>Failed", Reason: "row <7>"}, {Name: "none"}},
	})
}

// served is a site of an archive, and what it logged.
type served struct {
	*site
	log *bytes.Buffer
}

func serveArchive(t testing.TB, a *told, change func(*Site)) served {
	t.Helper()
	log := new(bytes.Buffer)
	s := Site{
		Archive: a.reader(), Now: func() time.Time { return a.now }, Title: "Import jobs in archive.db",
		Access: Access{Listen: "127.0.0.1:8321"}, Log: zerolog.New(log),
	}
	if change != nil {
		change(&s)
	}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return served{h.(*site), log}
}

// get asks for an address as a browser on the same machine would.
func (s served) get(t testing.TB, address string) *httptest.ResponseRecorder {
	t.Helper()
	return s.ask(request(t, "GET", address))
}

func request(t testing.TB, method, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost:8321"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = r.URL.Host
	return r
}

func (s served) ask(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// shows fails unless an address answers with this status and these words.
func (s served) shows(t *testing.T, address string, status int, words ...string) string {
	t.Helper()
	w := s.get(t, address)
	if w.Code != status {
		t.Errorf("%s: %d, not %d\n%.300s\n%s", address, w.Code, status, w.Body, s.log)
	}
	guarded(t, address, w)
	for _, word := range words {
		if !strings.Contains(w.Body.String(), word) {
			t.Errorf("%s does not say %q", address, word)
		}
	}
	return w.Body.String()
}

// guarded demands what every answer must have.
func guarded(t testing.TB, address string, w *httptest.ResponseRecorder) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy":      policy,
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %s is %q", address, name, got)
		}
	}
	if cache := w.Header().Get("Cache-Control"); cache != "no-store" && !(cache == "no-cache" && w.Header().Get("ETag") != "") {
		t.Errorf("%s: Cache-Control is %q", address, cache)
	}
}
