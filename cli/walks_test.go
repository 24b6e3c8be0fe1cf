package cli

import (
	"database/sql"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/queries"
)

// withHistory is an archive of a few jobs of now, and of so many that completed
// and went away long before.
func withHistory(t *testing.T, old int) string {
	t.Helper()
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		s.lists(90*24*time.Hour, db.Job{ID: "old", Collection: "products", State: db.Completed, RawState: "ImportCompleted"})
		s.lists(89*24*time.Hour, db.Job{ID: "-old"})
		s.lists(time.Hour, db.Job{ID: "new", Collection: "orders", State: db.Running, RawState: "ImportRunning"})
	})
	file, err := sql.Open("sqlite", "file:"+archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, err = file.ExecContext(t.Context(), `
		WITH RECURSIVE n (value) AS (SELECT 10 UNION ALL SELECT value + 1 FROM n WHERE value < ?)
		INSERT INTO archive_jobs (cluster, seq, job_id, collection, state, raw_state, first_seen_ms, state_seen_ms, asked_ms, seen_ms, gone_ms, misses, missed_ms)
		SELECT cluster, n.value, printf('job-%024d', n.value), collection, state, raw_state, first_seen_ms, state_seen_ms, asked_ms, seen_ms, gone_ms, misses, missed_ms
		FROM archive_jobs, n WHERE job_id = 'old' AND gone_ms IS NOT NULL`, old+10)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// steps is how many steps SQLite's machine takes for a query. That is work, and
// not time: it is the same on any machine.
func steps(t *testing.T, shell, archive, query string, values map[string]any) int {
	t.Helper()
	var script strings.Builder
	for name, v := range values {
		if text, ok := v.(string); ok {
			v = "'" + text + "'"
		}
		fmt.Fprintf(&script, ".parameter set :%s \"%v\"\n", name, v)
	}
	script.WriteString(".stats vmstep\n" + query + ";\n")
	c := exec.CommandContext(t.Context(), shell, "-batch", "-bail", "-readonly", archive)
	c.Stdin = strings.NewReader(script.String())
	out, err := c.CombinedOutput()
	m := regexp.MustCompile(`VM-steps: (\d+)`).FindSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("%v\n%s\n%s", err, script.String(), out)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

// TestFiltersDoNotWalkThroughAllHistory proves what plans can't show: that a walk
// along an index in the wanted order ends soon. Only a search for all jobs, or for a
// state that most jobs have, may read all of them.
func TestFiltersDoNotWalkThroughAllHistory(t *testing.T) {
	if testing.Short() {
		t.Skip("much SQL, in which nothing is concurrent")
	}
	t.Parallel()
	const jobs = 1000
	shell := sqlite3(t)
	little, much := withHistory(t, jobs), withHistory(t, 5*jobs)
	saved := queries.Report("as-of")
	for _, f := range []jobFilter{
		{states: []string{"pending"}},
		{states: []string{"running"}},
		{states: []string{"unknown"}},
		{states: []string{"failed"}},
		{states: []string{"cancelled"}},
		{states: []string{"open"}},
		{states: []string{"lost"}},
		{states: []string{"pending", "open"}},
		{states: []string{"unknown"}, gone: true},
		{collection: "orders", wantCollection: true, few: fewOfCollection},
		{job: "new", wantID: true},
		{since: "2d"},
	} {
		for _, asOf := range []string{"", "0s", "10d"} {
			one := f
			one.limit, one.asOf, one.wantAsOf = 50, asOf, asOf != ""
			if err := one.validate(noon); err != nil {
				t.Fatal(err)
			}
			query, values := one.query()
			if one.wantAsOf {
				query, values = one.queryAsOf(saved.SQL)
			}
			few, many := steps(t, shell, little, query, values), steps(t, shell, much, query, values)
			if many > few+2*jobs {
				t.Errorf("%+v: %d steps beside %d old jobs, %d beside %d", one, few, jobs, many, 5*jobs)
			}
		}
	}
}
