package cli

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/sqlite"
	"importarchive/queries"
)

// jobIDs are the jobs in a JSON answer, in its order.
func jobIDs(t *testing.T, r result) string {
	t.Helper()
	var jobs []struct {
		Cluster string
		JobID   string `json:"job_id"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &jobs); err != nil {
		t.Fatalf("%v:\n%s%s", err, r.stdout, r.stderr)
	}
	var ids []string
	for _, j := range jobs {
		ids = append(ids, j.Cluster+"/"+j.JobID)
	}
	return strings.Join(ids, " ")
}

func TestJobsAreFoundByEveryFilter(t *testing.T) {
	t.Parallel()
	config := settingsFor(t, twoClusters(t), "prod", "staging")
	for _, x := range []struct{ args, want string }{
		{"", "prod/job-open prod/both prod/job-bad prod/job-done prod/job-lost staging/both"},
		{"--cluster staging", "staging/both"},
		{"--cluster staging --cluster prod --state unknown", "prod/both"},
		{"--collection products", "prod/both prod/job-done prod/job-lost"},
		{"--state failed", "prod/job-bad"},
		{"--state open", "prod/job-open prod/both"},
		{"--state lost", "prod/job-lost"},
		{"--state pending", ""},
		{"--state failed,lost,running", "prod/job-open prod/job-bad prod/job-lost"},
		{"--state failed --state cancelled", "prod/job-bad staging/both"},
		{"--job both", "prod/both staging/both"},
		{"--job both --cluster prod", "prod/both"},
		{"--job both --state failed", ""},
		{"--since 25m", "prod/job-open prod/both prod/job-bad"},
		{"--since 2026-11-23 --until 2026-11-23T11:35:00", "prod/job-done prod/job-lost staging/both"},
		{"--since 2026-11-23T19:30:00+08:00 --until 10m", "prod/job-bad prod/job-done"},
		{"--since 7d --until 2h", "prod/job-lost staging/both"},
		{"--limit 2", "prod/job-open prod/both"},
		{"--gone", "prod/job-lost"},
	} {
		showsJobs(t, config, x.args, x.want)
	}
}

func showsJobs(t *testing.T, config, args, want string) {
	t.Helper()
	r := call(t, append([]string{"--config", config, "jobs", "--format", "json"}, strings.Fields(args)...)...)
	r.wants(t, exitDone)
	if got := jobIDs(t, r); got != want {
		t.Errorf("jobs %s: %s, want %s", args, got, want)
	}
}

func TestWrongFiltersAreUsageErrors(t *testing.T) {
	t.Parallel()
	config := settingsFor(t, twoClusters(t), "prod", "later")
	for _, x := range []struct {
		args  []string
		words []string
	}{
		{[]string{"jobs", "--state", "fluffy"}, []string{"fluffy", "pending, running, completed, failed, cancelled, unknown, open, lost"}},
		{[]string{"jobs", "--state", "failed,"}, []string{`--state ""`}},
		{[]string{"jobs", "--cluster", "nowhere"}, []string{"nowhere", "prod, staging, later"}},
		{[]string{"jobs", "--since", "yesterday"}, []string{"yesterday", "7d"}},
		{[]string{"jobs", "--until", "2026-02-30"}, []string{"2026-02-30"}},
		{[]string{"jobs", "--since", "1d", "--until", "2d"}, []string{"not before"}},
		{[]string{"jobs", "--limit", "-1"}, []string{"-1"}},
		{[]string{"jobs", "--limit", "few"}, []string{"few"}},
		{[]string{"jobs", "--format", "xml"}, []string{"xml", "table, csv, json, jsonl"}},
		{[]string{"jobs", "job-1"}, []string{"job-1"}},
		{[]string{"history", "--format", "xml", "both"}, []string{"xml"}},
		{[]string{"history", "--cluster", "nowhere", "both"}, []string{"nowhere"}},
		{[]string{"history"}, []string{"job's id"}},
		{[]string{"history", "a", "b"}, []string{"one job's id"}},
		{[]string{"status", "now"}, []string{"now"}},
		{[]string{"check", "now"}, []string{"now"}},
	} {
		call(t, append([]string{"--config", config}, x.args...)...).wants(t, exitUsage, x.words...)
	}
}

func TestAJobThatTheArchiveDoesNotHaveIsAFailure(t *testing.T) {
	config := settingsFor(t, twoClusters(t), "prod", "later")
	for _, x := range []struct{ args, want string }{
		{"jobs --job job-none", `no job "job-none"`},
		{"jobs --job=", `no job ""`},
		{"jobs --job job-open --cluster staging", `no job "job-open" of staging, but one of prod`},
		{"jobs --job job-open --cluster later", `of later, but one of prod`},
		{"history job-none", `no job "job-none"`},
		{"history job-open --cluster staging", `but one of prod`},
	} {
		call(t, append([]string{"--config", config}, strings.Fields(x.args)...)...).wants(t, exitFailed, x.want)
	}
}

func TestFiltersThatMatchNothingGiveNothing(t *testing.T) {
	t.Parallel()
	config := settingsFor(t, twoClusters(t), "prod", "later")
	for format, want := range map[string]string{
		"json": "[]\n", "jsonl": "",
		"table": "cluster  job_id  collection  state  first_seen_at  took  rows\n-------  ------  ----------  -----  -------------  ----  ----\n",
	} {
		r := call(t, "--config", config, "jobs", "--cluster", "later", "--format", format)
		if r.wants(t, exitDone); r.stdout != want {
			t.Errorf("%s: %q", format, r.stdout)
		}
	}
	r := call(t, "--config", config, "jobs", "--collection", "nope", "--state", "open,lost", "--since", "2026-11-01")
	if r.wants(t, exitDone); r.stderr != "no rows: nothing matches --collection nope --state open,lost --since \"2026-11-01 00:00:00.000\"\n" {
		t.Errorf("stderr: %q", r.stderr)
	}
	r = call(t, "--config", config, "jobs", "--cluster", "later", "--format", "csv")
	if r.wants(t, exitDone); strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("csv: %q", r.stdout)
	}
}

func TestJobsLookLikeThis(t *testing.T) {
	t.Parallel()
	config := settingsFor(t, twoClusters(t), "prod")
	for _, x := range []struct {
		golden  string
		outside outside
		args    []string
	}{
		{"jobs.txt", outside{}, []string{"jobs"}},
		{"jobs_narrow.txt", outside{width: 70, noColor: true}, []string{"jobs"}},
		{"jobs.csv", outside{}, []string{"jobs", "--format", "csv"}},
		{"jobs.jsonl", outside{}, []string{"jobs", "--format", "jsonl"}},
		{"history.txt", outside{}, []string{"history", "job-lost"}},
		{"history_bad.txt", outside{}, []string{"history", "job-bad"}},
		{"history_done.txt", outside{}, []string{"history", "job-done"}},
		{"history_both.txt", outside{}, []string{"history", "both"}},
		{"history.jsonl", outside{}, []string{"history", "both", "--format", "jsonl"}},
	} {
		r := x.outside.call(t, append([]string{"--config", config}, x.args...)...)
		r.wants(t, exitDone)
		golden(t, x.golden, r.stdout)
		for line := range strings.Lines(r.stdout) {
			if strings.HasSuffix(x.golden, ".txt") && len([]rune(line)) > 100 {
				t.Errorf("%s: a line of %d characters: %s", x.golden, len(line), line)
			}
		}
	}
}

func TestTheSameIDOnTwoClustersHasAHint(t *testing.T) {
	config := settingsFor(t, twoClusters(t), "prod")
	r := call(t, "--config", config, "history", "both")
	if !strings.Contains(r.stderr, "--cluster") {
		t.Errorf("no hint: %q", r.stderr)
	}
	r = call(t, "--config", config, "history", "both", "--cluster", "staging")
	if r.wants(t, exitDone, "both on staging"); r.stderr != "" || strings.Contains(r.stdout, "prod") {
		t.Errorf("more than staging:\n%s%s", r.stdout, r.stderr)
	}
}

func TestTheTableShowsTheNewestFiftyAndSaysSo(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		var jobs []db.Job
		for i := range defaultLimit + 1 {
			jobs = append(jobs, db.Job{ID: "job-" + strconv.Itoa(i), State: db.Completed})
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
		{"--limit 7", 7, false},
		{"--limit 0", 51, false},
		{"--format csv", 51, false},
		{"--format csv --limit 7", 7, false},
	} {
		r := call(t, append([]string{"--config", config, "jobs"}, strings.Fields(x.args)...)...)
		if rows := strings.Count(r.stdout, "job-"); rows != x.rows || (r.stderr != "") != x.hint {
			t.Errorf("jobs %s: %d rows, stderr %q", x.args, rows, r.stderr)
		}
	}
}

func TestJobsReadTheIndexes(t *testing.T) {
	path := twoClusters(t)
	reader, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, x := range []struct {
		filter jobFilter
		want   string // the way in
		sorts  bool   // all that match, not only those first seen at once
	}{
		{jobFilter{}, "archive_jobs_by_recency", false},
		{jobFilter{clusters: []string{"prod"}}, "archive_jobs_by_recency", false},
		{jobFilter{clusters: []string{"prod"}, few: fewOfClusters}, "SEARCH j USING PRIMARY KEY (cluster=?)", true},
		{jobFilter{since: "7d"}, "archive_jobs_by_recency (recency>?)", false},
		{jobFilter{clusters: []string{"prod"}, since: "7d", until: "1d"}, "archive_jobs_by_recency (recency>? AND recency<?)", false},
		{jobFilter{states: []string{"failed"}}, "archive_jobs_failed_by_recency", false},
		{jobFilter{states: []string{"open"}}, "archive_jobs_open", false},
		{jobFilter{states: []string{"running"}}, "archive_jobs_open", false},
		{jobFilter{states: []string{"open"}, clusters: []string{"prod"}}, "archive_jobs_open", false},
		{jobFilter{job: "x", wantID: true}, "archive_jobs_by_id (job_id=?)", true},
		{jobFilter{job: "x", wantID: true, clusters: []string{"prod"}}, "archive_jobs_by_id (job_id=?", true},
		{jobFilter{collection: "x", wantCollection: true}, "archive_jobs_by_recency", false},
		{jobFilter{collection: "x", wantCollection: true, few: fewOfCollection}, "archive_jobs_by_collection (collection=?", true},
		{jobFilter{collection: "x", wantCollection: true, few: fewOfCollection, clusters: []string{"prod"}}, "archive_jobs_by_collection (collection=?", true},
		{jobFilter{collection: "x", wantCollection: true, few: fewOfCollection, since: "7d"}, "archive_jobs_by_collection (collection=?", true},
		{jobFilter{collection: "x", wantCollection: true, few: fewOfCollection, states: []string{"completed"}}, "archive_jobs_by_collection (collection=?", true},
		{jobFilter{collection: "x", wantCollection: true, few: fewOfClusters, clusters: []string{"prod"}}, "SEARCH j USING PRIMARY KEY (cluster=?)", true},
		{jobFilter{collection: "x", wantCollection: true, states: []string{"failed"}}, "archive_jobs_failed", true},
	} {
		x.filter.limit = 50
		if err := x.filter.validate(noon); err != nil {
			t.Fatal(err)
		}
		query, values := x.filter.query()
		plan := queryPlan(t, reader, query, values)
		if !strings.Contains(plan, x.want) || strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") != x.sorts {
			t.Errorf("%+v:\n%s\n%s", x.filter, query, plan)
		}
	}
}

func TestJobsAsOfATimeReadTheIndexes(t *testing.T) {
	if testing.Short() {
		t.Skip("much SQL, in which nothing is concurrent")
	}
	t.Parallel()
	reader, err := sqlite.OpenReader(t.Context(), twoClusters(t))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	saved := queries.Report("as-of")
	for _, x := range []struct {
		filter jobFilter
		want   string // the way in
	}{
		{jobFilter{}, "archive_jobs_by_recency (recency>? AND recency<?)"},
		{jobFilter{since: "2d"}, "archive_jobs_by_recency (recency>? AND recency<?)"},
		{jobFilter{until: "2d", states: []string{"open"}}, "archive_jobs_that_stay (recency<?)"},
		{jobFilter{clusters: []string{"prod"}}, "j USING PRIMARY KEY (cluster=?)"},
		{jobFilter{clusters: []string{"prod", "staging"}}, "archive_jobs_by_recency (recency>? AND recency<?)"},
		{jobFilter{collection: "x", wantCollection: true, gone: true}, "archive_jobs_by_collection (collection=? AND cluster=?)"},
		{jobFilter{job: "x", wantID: true}, "archive_jobs_by_id (job_id=?"},
		{jobFilter{few: fewOfClusters, clusters: []string{"prod", "staging"}}, "USING PRIMARY KEY (cluster=?)"},
	} {
		x.filter.limit, x.filter.asOf, x.filter.wantAsOf = 50, "1h", true
		if err := x.filter.validate(noon); err != nil {
			t.Fatal(err)
		}
		query, values := x.filter.queryAsOf(saved.SQL)
		plan := queryPlan(t, reader, query, values)
		if !strings.Contains(plan, x.want) || strings.Contains(plan, "SCAN j\n") {
			t.Errorf("%+v:\n%s\n%s", x.filter, query, plan)
		}
		// Only what starts from few jobs sorts them. Of equal times the cluster
		// and the id decide, which sorts a few at once.
		walks := x.filter.few == "" && !x.filter.wantID
		if walks && strings.Count(plan, "LAST TERM OF ORDER BY") != 6 {
			t.Errorf("%+v sorts all jobs:\n%s\n%s", x.filter, query, plan)
		}
	}
}

func TestWhatIsTypedNeverBecomesSQL(t *testing.T) {
	evil := "x' OR 1=1 --"
	f := jobFilter{clusters: []string{evil}, collection: evil, wantCollection: true, job: evil, wantID: true}
	query, values := f.query()
	if strings.Contains(query, "1=1") {
		t.Fatal(query)
	}
	for _, name := range []string{"cluster0", "collection", "job"} {
		if values[name] != evil {
			t.Errorf("%s is %v", name, values[name])
		}
	}
}
