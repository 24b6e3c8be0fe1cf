package export

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/queries"
)

func TestAReportIsExportedWithAllItsRows(t *testing.T) {
	t.Parallel()
	const jobs = 120 // more than the default limit of any report
	st := archiveForExport(t)
	s := dbtest.Tell(t, st, "many")
	var failed, running []db.Job
	for i := range jobs {
		failed = append(failed, dbtest.Listed(fmt.Sprintf("job-%d", i), db.Failed))
		running = append(running, dbtest.Listed(fmt.Sprintf("lost-%d", i), db.Running))
	}
	for range jobs {
		s.Lists(append(failed, running...)...)
	}
	s.Lists(failed...)
	s.Lists(failed...)
	all := Datasets()
	e := exportOf(t, t.TempDir(), "csv")
	for _, d := range all {
		if d.Takes("limit") {
			e.Datasets = append(e.Datasets, d)
		}
	}
	rows := map[string]int64{}
	for _, file := range e.mustWrite(t, st.Reader).Files {
		rows[file.Name] = *file.Rows
		if file.Incremental != nil {
			t.Errorf("%s is said to begin after something", file.Name)
		}
	}
	for name, want := range map[string]int64{"failures": jobs, "lost": jobs, "report:runs": jobs + 2} {
		if rows[name] != want {
			t.Errorf("%s: %d rows, want %d", name, rows[name], want)
		}
	}
}

func TestTheManifestHasTheTimeRangeOfWhateverHasTimes(t *testing.T) {
	st := archiveForExport(t)
	dbtest.Live(t, st)
	all := Datasets()
	e := exportOf(t, t.TempDir(), "jsonl")
	e.Datasets = all
	ranged := map[string]string{}
	for i, file := range e.mustWrite(t, st.Reader).Files {
		var columns []string // that have times
		for _, c := range all[i].Query.Columns {
			if c.Type == queries.Time || c.Type == queries.Day {
				columns = append(columns, c.Name)
			}
		}
		rows := objects(t, filepath.Join(e.Dir, file.File))
		has := func(row map[string]any) bool {
			return slices.ContainsFunc(columns, func(name string) bool { return row[name] != nil })
		}
		if r := file.TimeRange; (r != nil) != slices.ContainsFunc(rows, has) {
			t.Errorf("%s: %d rows, times in %v, range %v", file.Name, len(rows), columns, r)
		} else if r != nil {
			ranged[file.Name] = r.Column
			for _, row := range rows {
				if v, ok := row[r.Column].(string); ok && (v < r.From || v > r.To) {
					t.Errorf("%s: %s is not in %v", file.Name, v, *r)
				}
			}
		}
	}
	for name, want := range map[string]string{
		"jobs": "changed_at", "transitions": "observed_at", "failures": "last_state_at", "report:runs": "started_at",
		"lost": "first_seen_at", "overview": "last_conclusive_at", "report:collections": "last_activity_at",
		"clusters": "first_run_at", "days": "utc_day", "stuck": "first_seen_at", "rejects": "rejected_at",
	} {
		if got := ranged[name]; got != want {
			t.Errorf("the range of %s is of %q, want %q", name, got, want)
		}
	}
}
