package status

import (
	"strings"
	"testing"

	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	_ "importarchive/longtest"
)

// The command status and every scrape run this query, on archives with
// millions of runs.
func TestTheNewestRunsAreFoundInAnIndex(t *testing.T) {
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	dbtest.Live(t, st)
	rows, err := st.Reader.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+clusterQuery)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	plan := strings.Join(steps, "\n")
	if n := strings.Count(plan, "SEARCH r USING INDEX archive_runs_by_cluster_and_start (cluster=?)"); n != 2 ||
		strings.Contains(plan, "SCAN r") || strings.Contains(plan, "MATERIALIZE") || strings.Contains(plan, "TEMP B-TREE") {
		t.Error(plan)
	}
}
