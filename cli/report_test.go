package cli

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/queries"
)

func TestJobsAreShownAsTheyStoodAtATime(t *testing.T) {
	if testing.Short() {
		t.Skip("much SQL, in which nothing is concurrent")
	}
	t.Parallel()
	config := settingsFor(t, twoClusters(t), "prod", "staging")
	for _, x := range []struct{ args, want string }{
		{"--as-of 0s", "prod/job-open prod/both prod/job-bad prod/job-done prod/job-lost staging/both"},
		{"--as-of 10m", "prod/job-bad prod/job-done prod/job-lost staging/both"},
		{"--as-of 10m --gone", "prod/job-lost"},
		{"--as-of 10m --state lost", "prod/job-lost"},
		{"--as-of 25m --state lost", ""},
		{"--as-of 25m --state open", "prod/job-done prod/job-lost"},
		{"--as-of 25m --state pending,failed", "prod/job-lost"},
		{"--as-of 10m --state completed --collection products", "prod/job-done"},
		{"--as-of 10m --cluster staging --cluster prod --limit 1", "prod/job-bad"},
		{"--as-of 10m --job both", "staging/both"},
		{"--as-of 10m --since 25m", "prod/job-bad"},
		{"--as-of 10m --until 1h", "prod/job-lost staging/both"},
		{"--as-of 30d", ""},
	} {
		showsJobs(t, config, x.args, x.want)
	}
}

// TestRemarksNameTheMomentsWithoutRuns queries moments that no run covers.
func TestRemarksNameTheMomentsWithoutRuns(t *testing.T) {
	config := settingsFor(t, twoClusters(t), "prod", "staging")
	for _, x := range []struct{ args, want string }{
		{"jobs --as-of 1m", "staging: 2026-11-23 11:59:00 lies in a gap, from 2026-11-23 09:00:02 UTC on; this is what was known before\n"},
		{"jobs --as-of 1m --cluster prod", ""},
		{"jobs --as-of 1h --cluster prod", "prod: 2026-11-23 11:00:00 lies in a gap, from 2026-11-23 09:00:02 to 2026-11-23 11:30:00 UTC; this is what was known before\n"},
		{"report as-of --at 30d", "the archive begins after 2026-10-24 12:00:00: its first run was at 2026-11-23 09:00:00 UTC\n"},
		{"report diff --from 1m --cluster prod --format csv", ""},
	} {
		archive := call(t, append([]string{"--config", config}, strings.Fields(x.args)...)...)
		if archive.wants(t, exitDone); !strings.HasSuffix(archive.stderr, x.want) || x.want == "" && archive.stderr != "" {
			t.Errorf("%s: stderr %q, want %q", x.args, archive.stderr, x.want)
		}
	}
}

func TestAMomentToComeIsAUsageError(t *testing.T) {
	config := settingsFor(t, twoClusters(t), "prod")
	for _, at := range []string{"2026-11-23T12:00:01", "tomorrow", ""} {
		call(t, "--config", config, "jobs", "--as-of", at).wants(t, exitUsage, "--as-of")
	}
}

func TestAReportThatIsCutSaysSo(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		var jobs []db.Job
		for i := range 51 {
			jobs = append(jobs, db.Job{ID: "job-" + strconv.Itoa(i), State: db.Failed})
		}
		newStory(t, st, "prod").lists(time.Minute, jobs...)
	})
	config := settingsFor(t, archive, "prod")
	for _, x := range []struct {
		args string
		rows int
		hint bool
	}{
		{"", 50, true},
		{"--format csv", 50, true},
		{"--limit 50", 50, false},
		{"--limit 0", 51, false},
	} {
		r := call(t, append([]string{"--config", config, "report", "failures"}, strings.Fields(x.args)...)...)
		r.wants(t, exitDone)
		if rows := strings.Count(r.stdout, "job-"); rows != x.rows || strings.Contains(r.stderr, "--limit 0") != x.hint {
			t.Errorf("report failures %s: %d rows, stderr %q", x.args, rows, r.stderr)
		}
	}
}

func TestWhatIsTypedForAReportBecomesItsValues(t *testing.T) {
	for _, x := range []struct {
		name, text string
		want       any // nil: refused
	}{
		{"since", "2026-11-22", "2026-11-22 00:00:00.000"},
		{"until", "36h", "2026-11-22 00:00:00.000"},
		{"at", "2026-11-23T10:00:00+08:00", "2026-11-23 02:00:00.000"},
		{"days", "7", int64(7)},
		{"hours", "0", int64(0)},
		{"limit", "0", int64(0)},
		{"gone", "true", int64(1)},
		{"state", "failed", "failed"},
		{"collection", "x' OR 1=1 --", "x' OR 1=1 --"},
		{"days", "0", nil},
		{"days", "100001", nil},
		{"hours", "-1", nil},
		{"limit", "1e3", nil},
		{"limit", "99999999999999999999", nil},
		{"gone", "perhaps", nil},
		{"state", "open", nil},
		{"state", "failed,completed", nil},
		{"at", "2026-11-23 12:00:01", nil},
		{"from", "0s", nil},
		{"since", "", nil},
		{"cluster", "", nil},
	} {
		f := &reportFlag{Parameter: queries.Parameter{Name: x.name, About: "how they ended: completed, failed or cancelled"}}
		if err := f.Set(x.text); err != nil {
			t.Fatal(err)
		}
		call := &reportCall{query: &queries.Query{Name: "any"}, flags: []*reportFlag{f}}
		err := call.check(noon)
		if x.want == nil {
			if err == nil {
				t.Errorf("--%s %q is taken for %v", x.name, x.text, call.values[x.name])
			}
			continue
		}
		if err != nil || call.values[x.name] != x.want {
			t.Errorf("--%s %q: %v, %v", x.name, x.text, call.values[x.name], err)
		}
	}
}

// TestEveryReportIsACommandWithItsParametersAsFlags also checks that a parameter
// without a kind of its own has an explanation.
func TestEveryReportIsACommandWithItsParametersAsFlags(t *testing.T) {
	all := queries.Reports()
	root := (&program{Env: System()}).commands()
	for i := range all {
		c, rest, err := root.Find([]string{"report", all[i].Name})
		if err != nil || len(rest) > 0 {
			t.Errorf("there is no report %s: %v", all[i].Name, err)
			continue
		}
		for _, p := range all[i].Parameters {
			if f := c.Flag(flagName(p.Name)); f == nil || f.DefValue != p.Default || f.Usage == "" {
				t.Errorf("report %s: --%s is %+v", all[i].Name, flagName(p.Name), f)
			}
		}
		for _, column := range all[i].Columns {
			if !strings.Contains(c.Long, "  "+column.Name+" ") {
				t.Errorf("the help of report %s does not say what %s is", all[i].Name, column.Name)
			}
		}
	}
}

// TestReportsAreReadBesideAWriter asks while the archive is open for writing
// and has a log.
func TestReportsAreReadBesideAWriter(t *testing.T) {
	path := twoClusters(t)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	newStory(t, st, "late").lists(time.Minute, db.Job{ID: "job-late", State: db.Failed})
	config := settingsFor(t, path, "prod")
	call(t, "--config", config, "report", "failures").wants(t, exitDone, "job-late", "job-bad")
	call(t, "--config", config, "report", "overview", "--format", "html").wants(t, exitDone, "<!DOCTYPE html>", "late")
	newStory(t, st, "later").lists(time.Minute, db.Job{ID: "job-later", State: db.Failed})
}

// A header names parameters as :days. Each place that shows its text spells them
// in its own way.
func TestHelpOfAReportSpellsParametersAsFlags(t *testing.T) {
	r := call(t, "report", "daily", "--help")
	r.wants(t, exitDone, "instead of --days")
}
