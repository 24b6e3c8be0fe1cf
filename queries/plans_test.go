package queries_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"importarchive/queries"
	"importarchive/report"
)

// plans says for each saved query which tables it may scan, and which indexes
// it must use. In the views, j is jobs, t transitions (or the tally), r runs or
// rejects, c clusters, d and s sums, g gaps, p prunes.
//
// SQLite plans before it knows the values of parameters, so one plan serves all
// combinations of filters. A query that needs several plans has a branch for each.
var plans = map[string]struct{ scans, searches []string }{
	"report as-of": {[]string{"s", "c"}, []string{
		"j USING INDEX archive_jobs_by_recency (recency>? AND recency<?)",
		"j USING INDEX archive_jobs_by_recency (recency<?)",
		"j USING INDEX archive_jobs_that_stay (recency<?)",
		"j USING INDEX archive_jobs_open (recency<?)",
		"j USING INDEX archive_jobs_failed_by_recency (recency<?)",
		"j USING INDEX archive_jobs_cancelled_by_recency (recency<?)",
		"j USING PRIMARY KEY (cluster=?)",
		"j USING INDEX archive_jobs_by_collection (collection=? AND cluster=?)",
		"t USING INDEX archive_transitions_renamed (observed_at>?)",
		"j USING INDEX archive_jobs_by_id (job_id=? AND cluster=?)",
		"j USING COVERING INDEX archive_jobs_by_id (job_id=? AND cluster=?)",
		"t USING INDEX archive_transitions_by_job (cluster=? AND seq=?)",
	}},
	"report collections": {[]string{"s"}, nil},
	"report daily":       {nil, []string{"d USING PRIMARY KEY (day>? AND day<?)"}},
	"report diff": {[]string{"s", "c"}, []string{
		"j USING PRIMARY KEY (cluster=?)",
		"j USING INDEX archive_jobs_by_collection (collection=? AND cluster=?)",
		"t USING INDEX archive_transitions_renamed (observed_at>?)",
		"j USING COVERING INDEX archive_jobs_by_id (job_id=? AND cluster=?)",
		"t USING INDEX archive_transitions_by_time (observed_at>? AND observed_at<?)",
		"t USING INDEX archive_transitions_by_job (cluster=? AND seq=? AND id>?)",
	}},
	"report durations": {[]string{"s"}, []string{
		"d USING PRIMARY KEY (day<?)", "d USING PRIMARY KEY (day>?)",
		"d USING PRIMARY KEY (cluster=? AND collection=? AND period=? AND state=?)",
	}},
	"report failures": {nil, []string{
		"j USING INDEX archive_jobs_failed (last_state_at>? AND last_state_at<?)",
		"j USING INDEX archive_jobs_failed_by_cluster (cluster=? AND last_state_at>? AND last_state_at<?)",
		"j USING INDEX archive_jobs_failed_by_collection (collection=? AND last_state_at>? AND last_state_at<?)",
	}},
	"report gaps":     {[]string{"c"}, []string{"g USING INDEX archive_gaps_by_cluster (cluster=?)"}},
	"report lost":     {nil, []string{"j USING INDEX archive_jobs_unfinished (gone_at>? AND gone_at<?)"}},
	"report overview": {[]string{"c", "t"}, nil},
	"report retention": {[]string{"c", "a"}, []string{
		"r USING INDEX archive_runs_that_missed (cluster=?)", "t USING INDEX archive_transitions_by_run (run=?)",
	}},
	"report runs": {nil, []string{
		"r USING INDEX archive_runs_by_start (started_at>? AND started_at<?)",
		"r USING INDEX archive_runs_by_cluster_and_start (cluster=? AND started_at>? AND started_at<?)",
	}},
	"report stuck":        {nil, []string{"j USING INDEX archive_jobs_unfinished (gone_at=? AND recency<?)"}},
	"report success-rate": {nil, []string{"d USING PRIMARY KEY (day>? AND day<?)"}},
	"report throughput": {[]string{"span", "cut"}, []string{
		"d USING PRIMARY KEY (day>? AND day<?)", "j USING INDEX archive_jobs_by_first_seen (first_seen_at>? AND first_seen_at<?)",
	}},
	"report timeline": {nil, []string{
		"archive_jobs_by_id (job_id=?", "t USING INDEX archive_transitions_by_job (cluster=? AND seq=?)",
	}},

	"page jobs": {[]string{"s"}, []string{
		"j USING INDEX archive_jobs_by_recency (recency>? AND recency<?)",
		"j USING INDEX archive_jobs_failed_by_recency (recency>? AND recency<?)",
		"j USING INDEX archive_jobs_cancelled_by_recency (recency>? AND recency<?)",
		"j USING INDEX archive_jobs_open (recency>? AND recency<?)",
		"j USING PRIMARY KEY (cluster=?)",
		"j USING INDEX archive_jobs_by_collection (collection=?",
	}},

	"view clusters":    {[]string{"c"}, nil},
	"view collections": {[]string{"s"}, nil},
	"view days":        {[]string{"d"}, nil},
	"view durations":   {[]string{"s"}, []string{"d USING PRIMARY KEY (cluster=? AND collection=?)"}},
	"view gaps":        {[]string{"c"}, []string{"g USING INDEX archive_gaps_by_cluster (cluster=?)"}},
	"view job_files": {nil, []string{
		"j USING INDEX archive_jobs_by_change (changed_at>?)", "f USING PRIMARY KEY (cluster=? AND seq=?)",
	}},
	"view jobs":        {nil, []string{"j USING INDEX archive_jobs_by_change (changed_at>?)"}},
	"view loads":       {[]string{"d"}, nil},
	"view notices":     {[]string{"notify_notices"}, nil},
	"view outcomes":    {[]string{"c", "t"}, nil},
	"view pruned":      {[]string{"j"}, []string{"j USING INDEX archive_jobs_pruned"}},
	"view prunes":      {[]string{"p"}, nil},
	"view rejects":     {[]string{"r"}, nil},
	"view runs":        {[]string{"r"}, []string{"r USING INDEX archive_runs_by_finish (finished_at>?)", "r USING INDEX archive_runs_by_finish (finished_at=?)"}},
	"view totals":      {[]string{"c"}, nil},
	"view transitions": {nil, []string{"t USING INTEGER PRIMARY KEY (rowid>?)", "t USING INDEX archive_transitions_by_time (observed_at>?)"}},
}

func TestEveryFilterReadsAnIndex(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	reports := queries.Reports()
	views := queries.Views()
	if len(reports)+len(views)+1 != len(plans) {
		t.Errorf("%d plans for %d queries", len(plans), len(reports)+len(views)+1)
	}
	for kind, all := range map[string][]queries.Query{"report ": reports, "view ": views, "page ": {queries.Jobs()}} {
		for _, q := range all {
			want, plan := plans[kind+q.Name], queryPlan(t, reader, q.SQL, nil)
			for _, index := range want.searches {
				if !strings.Contains(plan, index) {
					t.Errorf("%s%s: no %s in\n%s", kind, q.Name, index, plan)
				}
			}
			for _, step := range strings.Split(plan, "\n") {
				name, ok := strings.CutPrefix(step, "SCAN ")
				if name, _, _ = strings.Cut(name, " "); !ok || len(name) > 1 || strings.HasSuffix(step, "CONSTANT ROWS") {
					continue // not a table: the query made it
				}
				if !slices.Contains(want.scans, name) {
					t.Errorf("%s%s: %s in\n%s", kind, q.Name, step, plan)
				}
			}
		}
	}
}

// queryPlan returns the steps of SQLite's plan, one a line.
func queryPlan(t *testing.T, reader *sql.DB, query string, values map[string]any) string {
	t.Helper()
	table, err := report.Query(t.Context(), reader, "EXPLAIN QUERY PLAN "+query, values)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for row, err := range table.Pick("detail").Rows {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, row[0].(string))
	}
	return strings.Join(steps, "\n")
}
