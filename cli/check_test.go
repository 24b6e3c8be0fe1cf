package cli

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"importarchive/check"
	"importarchive/db"
	"importarchive/db/sqlite"
)

// answers is a service that gives the same answer to all.
type answers struct {
	status int
	body   string
	date   time.Time
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{}
	if !a.date.IsZero() {
		header.Set("Date", a.date.Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// orderly is a service that lists one job for each cluster, and describes any job.
type orderly struct{}

func (orderly) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	if id := q.Get("jobId"); id != "" {
		return answers{200, `{"code":200,"data":{"jobId":"` + id + `","readyPercentage":0}}`, noon}.RoundTrip(r)
	}
	return answers{200, `{"code":200,"data":{"count":1,"records":[{"jobId":"job-of-` + q.Get("clusterId") + `","state":"ImportRunning"}]}}`, noon}.RoundTrip(r)
}

var (
	healthy = orderly{}
	denied  = answers{200, `{"code":80001,"message":"Invalid token"}`, noon}
)

func checkedWith(t *testing.T, o outside, config string) (result, string) {
	t.Helper()
	r := o.call(t, "--config", config, "check")
	r.stdout = regexp.MustCompile(`\d+ [MG]B free in \S+`).ReplaceAllString(r.stdout, "9 GB free in FOLDER")
	r.stdout = regexp.MustCompile(`\S+/archive.db`).ReplaceAllString(r.stdout, "archive.db")
	return r, r.stdout
}

func TestCheckFindsNothingWrong(t *testing.T) {
	r, text := checkedWith(t, outside{transport: healthy}, settingsFor(t, twoClusters(t), "prod", "staging"))
	r.wants(t, exitDone, "0 problems found")
	golden(t, "check.txt", text)
}

func TestCheckOfProblemsSaysWhatToDo(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		s.cluster.ClusterID = "in01-another"
		s.lists(-time.Hour) // an hour ahead of the clock
	})
	bad := denied
	bad.date = noon.Add(2 * time.Minute)
	r, text := checkedWith(t, outside{transport: bad}, settingsFor(t, archive, "prod"))
	r.wants(t, exitAttention, "4 problems found", "→ put in a key", "2m behind the service's", "in01-another", "ahead of this machine's clock")
	golden(t, "check_problems.txt", text)
}

func TestCheckMakesNoArchiveAndTakesItsAbsenceForANote(t *testing.T) {
	folder := t.TempDir()
	r := outside{transport: healthy}.call(t, "--config", settingsFor(t, filepath.Join(folder, "archive.db"), "prod"), "check")
	r.wants(t, exitDone, "not there yet", "sync")
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Error(files, err)
	}
}

func TestCheckNamesWhatIsNoArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	outside{transport: healthy}.call(t, "--config", settingsFor(t, path, "prod"), "check").wants(t, exitAttention, "not an SQLite database")
}

func TestCheckMissesTheFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "archive.db")
	outside{transport: healthy}.call(t, "--config", settingsFor(t, path, "prod"), "check").wants(t, exitAttention, "create the folder")
}

func TestCheckReadsKeyFiles(t *testing.T) {
	path := settingsFor(t, twoClusters(t), "prod")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.ReplaceAll(string(text), "api_key = 'secret-of-prod'", "api_key_file = '/nowhere/key'"))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := outside{transport: healthy}.call(t, "--config", path, "check")
	r.wants(t, exitAttention, "/nowhere/key", "put the cluster's API key there")
}

func TestCheckNotesAListingSlowerThanItsSchedule(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		r := s.begin(time.Hour)
		r.Outcome, r.ListingStart, r.FinishedAt = db.Complete, r.StartedAt, r.StartedAt.Add(7*time.Minute)
		r.ClockOffset = new(time.Duration)
		if err := st.Finish(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
	})
	r := outside{transport: healthy}.call(t, "--config", settingsFor(t, archive, "prod"), "check")
	r.wants(t, exitDone, "took 7m, and the schedule (@every 5m) wants one every 5m")
}

func TestCheckSeesABrokenInvariant(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		newStory(t, st, "prod").lists(time.Minute, db.Job{ID: "x", State: db.Running})
	})
	damage(t, archive, "UPDATE archive_tally SET jobs = jobs + 1")
	r := outside{transport: healthy}.call(t, "--config", settingsFor(t, archive, "prod"), "check")
	r.wants(t, exitAttention, "integrity", "tally", "importarchive restore")
}

func TestCheckNeverShowsAKey(t *testing.T) {
	config := settingsFor(t, twoClusters(t), "prod")
	for _, transport := range []http.RoundTripper{healthy, denied, answers{status: 500, body: "secret-of-prod"}, answers{status: 200, body: "secret-of-prod"}} {
		for _, args := range [][]string{{"check"}, {"check", "--json"}} {
			r := outside{transport: transport}.call(t, append([]string{"--config", config}, args...)...)
			if strings.Contains(r.stdout+r.stderr, "secret-of-prod") {
				t.Errorf("%v shows the key:\n%s%s", args, r.stdout, r.stderr)
			}
		}
	}
}

func TestCheckAsJSON(t *testing.T) {
	r := outside{transport: denied}.call(t, "--config", settingsFor(t, twoClusters(t), "prod"), "check", "--json")
	r.wants(t, exitAttention)
	var got check.Result
	d := json.NewDecoder(strings.NewReader(r.stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil || d.More() {
		t.Fatal(err, r.stdout)
	}
	problems := 0
	for _, c := range got.Checks {
		if c.Status == check.Problem {
			problems++
			if c.Check != "service" || c.Cluster == nil || *c.Cluster != "prod" || c.Advice == nil {
				t.Errorf("%+v", c)
			}
		}
	}
	if got.OK || problems != 1 {
		t.Errorf("ok %v, %d problems", got.OK, problems)
	}
}

// damage alters an archive as no version of this program would.
func damage(t *testing.T, path, statement string) {
	t.Helper()
	file, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
