package sqlite_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
)

// Each story begins at 12:00:00 on the first of May 2026. A listing takes
// 100 ms and comes every five minutes.
func TestWhatTheViewsSay(t *testing.T) {
	t.Parallel()
	serial(t)
	const running, completed = db.Running, db.Completed
	a := func(s db.State) db.Job { return dbtest.Listed("a", s) }
	b := dbtest.Listed("b", running)
	for _, c := range []struct {
		name  string
		story func(*dbtest.Story)
		query string
		want  string
	}{
		{
			"a job in the first listing ever: when it appeared is unknown",
			func(s *dbtest.Story) { s.Lists(a(running)) },
			`SELECT outcome, first_seen_at, last_state_at, last_seen_at, gone_at, min_seconds, max_seconds FROM jobs`,
			"open|2026-05-01 12:00:00.100|2026-05-01 12:00:00.100|2026-05-01 12:00:00.100|-|-|-",
		},
		{
			"an unchanged job was last seen when the newest complete listing began",
			func(s *dbtest.Story) { s.Lists(a(running)); s.Lists(a(running)); s.Lists(a(running)) },
			`SELECT first_seen_at, last_state_at, last_seen_at FROM jobs`,
			"2026-05-01 12:00:00.100|2026-05-01 12:00:00.100|2026-05-01 12:10:00.000",
		},
		{
			"a partial run that had the job moves nothing",
			func(s *dbtest.Story) { s.Lists(a(running)); s.Begin(); s.Page(a(running)); s.Close(db.Partial) },
			`SELECT last_seen_at FROM jobs`,
			"2026-05-01 12:00:00.100",
		},
		{
			"a missed job was last seen in the listing before",
			func(s *dbtest.Story) { s.Lists(a(running)); s.Lists(a(running)); s.Lists() },
			`SELECT last_seen_at, gone_at, outcome FROM jobs`,
			"2026-05-01 12:05:00.100|-|open", // the story keeps the page, not only the listing's start
		},
		{
			"gone unfinished is lost, and gone when its absence was confirmed",
			func(s *dbtest.Story) { s.Lists(a(running)); s.Lists(); s.Lists() },
			`SELECT last_seen_at, gone_at, outcome, min_seconds FROM jobs`,
			"2026-05-01 12:00:00.100|2026-05-01 12:10:00.100|lost|-",
		},
		{
			"gone after it finished is as it finished",
			func(s *dbtest.Story) { s.Lists(a(completed)); s.Lists(); s.Lists() },
			`SELECT state, outcome, gone_at IS NOT NULL FROM jobs`,
			"completed|completed|1",
		},
		{
			"a job that returned is open again",
			func(s *dbtest.Story) { s.Lists(a(running)); s.Lists(); s.Lists(); s.Lists(a(running)) },
			`SELECT outcome, gone_at, last_seen_at, first_seen_at FROM jobs`,
			"open|-|2026-05-01 12:15:00.100|2026-05-01 12:00:00.100",
		},
		{
			"from appearing to finishing: between the sightings inside and those outside",
			func(s *dbtest.Story) { s.Lists(); s.Lists(a(running)); s.Lists(a(running)); s.Lists(a(completed)) },
			// appeared in (12:00:00, 12:05:00.1], finished in (12:10:00, 12:15:00.1]
			`SELECT min_seconds, max_seconds FROM jobs`,
			"299.9|900.1",
		},
		{
			"finished when it was first seen: no lower bound but nothing",
			func(s *dbtest.Story) { s.Lists(); s.Lists(a(completed)) },
			`SELECT min_seconds, max_seconds FROM jobs`,
			"0|300.1",
		},
		{
			"listed by the first run: no upper bound",
			func(s *dbtest.Story) { s.Lists(a(running)); s.Lists(a(completed)) },
			`SELECT min_seconds, max_seconds FROM jobs`,
			"0|-",
		},
		{
			"unknown is not finished",
			func(s *dbtest.Story) { s.Lists(a(db.Unknown)) },
			`SELECT state, raw_state, outcome FROM jobs`,
			"unknown|ImportDreaming|open",
		},
		{
			"progress is a real number, whole or not",
			func(s *dbtest.Story) {
				half, part := 50.0, 12.5
				j, k := a(running), b
				j.Progress, k.Progress = &half, &part
				s.Lists(j, k)
			},
			`SELECT job_id, progress, typeof(progress) FROM jobs ORDER BY 1`,
			"a|50|real\nb|12.5|real",
		},
		{
			"what the service did not send is NULL",
			func(s *dbtest.Story) { s.Lists(db.Job{ID: "a", State: db.Unknown}) },
			`SELECT collection, raw_state, progress, reason, extra FROM jobs`,
			"-|-|-|-|-",
		},
		{
			"transitions: presence is a state of its own, and each happened between two moments",
			func(s *dbtest.Story) { s.Lists(); s.Lists(a(running)); s.Lists(); s.Lists(); s.Lists(a(completed)) },
			`SELECT kind, from_state, to_state, from_raw_state, to_raw_state, not_before, observed_at FROM transitions ORDER BY id`,
			"appeared|-|running|-|ImportRunning|2026-05-01 12:00:00.000|2026-05-01 12:05:00.100\n" +
				"gone|running|-|ImportRunning|-|2026-05-01 12:05:00.000|2026-05-01 12:15:00.100\n" +
				"moved|running|completed|ImportRunning|ImportCompleted|2026-05-01 12:05:00.000|2026-05-01 12:20:00.100\n" +
				"returned|-|completed|-|ImportCompleted|2026-05-01 12:15:00.000|2026-05-01 12:20:00.100",
		},
		{
			"runs: what they read and did",
			func(s *dbtest.Story) { s.Lists(a(running)); s.Begin(); s.Page(b); s.Close(db.Failure) },
			`SELECT id, triggered_by, started_at, finished_at, outcome, pages, requests, retries, listed, appeared, error_kind, error, seconds FROM runs ORDER BY id`,
			"1|schedule|2026-05-01 12:00:00.000|2026-05-01 12:00:00.100|complete|1|1|0|1|1|-|-|0.1\n" +
				"2|schedule|2026-05-01 12:05:00.000|2026-05-01 12:05:00.100|failed|1|1|0|1|1|unavailable|the service answered 503|0.1",
		},
		{
			"a run that goes on has no end yet",
			func(s *dbtest.Story) { s.Begin() },
			`SELECT finished_at, outcome, seconds FROM runs`,
			"-|-|-",
		},
		{
			"clusters: failures in a row are forgotten by the first complete run, and those that we stopped don't count",
			func(s *dbtest.Story) {
				for _, o := range []db.Outcome{db.Failure, db.Partial, db.Interrupted} {
					s.Begin()
					s.Close(o)
				}
			},
			`SELECT failures, last_outcome, last_complete_at FROM clusters`,
			"2|interrupted|-",
		},
		{
			"clusters: listed, open and archived",
			func(s *dbtest.Story) {
				s.Begin()
				s.Close(db.Failure)
				s.Lists(a(completed), b, dbtest.Listed("c", running))
				s.Lists(a(completed), b)
				s.Lists(a(completed), b)
			},
			`SELECT name, api, cluster_id, base_url, first_run_at, last_run_at, last_outcome, last_complete_at, failures, listed, open_jobs, archived FROM clusters`,
			"prod|zilliz-v1|in01-prod|https://example.invalid|2026-05-01 12:00:00.000|2026-05-01 12:10:00.000|complete|2026-05-01 12:10:00.100|0|2|1|3",
		},
		{
			"outcomes add up",
			func(s *dbtest.Story) {
				s.Lists(a(completed), b, dbtest.Listed("c", db.Failed), dbtest.Listed("d", db.Cancelled))
				s.Lists(dbtest.Listed("e", db.Pending))
				s.Lists(dbtest.Listed("e", db.Pending))
			},
			`SELECT open_jobs, completed, failed, cancelled, lost FROM outcomes`,
			"1|1|1|1|1",
		},
		{
			"twice the schedule late is no gap yet",
			func(s *dbtest.Story) { s.Lists(); s.Wait(5*time.Minute + 100*time.Millisecond); s.Lists() },
			`SELECT count(*) FROM gaps WHERE ended_at IS NOT NULL`,
			"0",
		},
		{
			"a gap lasts from the end of one complete listing to the start of the next; runs that were not complete don't end it",
			func(s *dbtest.Story) {
				s.Lists()
				s.Wait(5 * time.Minute)
				s.Begin()
				s.Close(db.Partial)
				s.Wait(10 * time.Minute)
				s.Lists()
				s.Lists()
			},
			`SELECT started_at, ended_at, seconds, expected_seconds FROM gaps WHERE ended_at IS NOT NULL`,
			"2026-05-01 12:00:00.100|2026-05-01 12:20:00.000|1199.9|300",
		},
		{
			"a gap that is still open ends nowhere",
			func(s *dbtest.Story) { s.Now = time.Now().Add(-time.Hour); s.Lists() },
			`SELECT ended_at, seconds BETWEEN 3590 AND 3660, expected_seconds, started_at = (SELECT last_complete_at FROM clusters) FROM gaps`,
			"-|1|300|1",
		},
		{
			"no gap is open while listings are fresh",
			func(s *dbtest.Story) { s.Now = time.Now().Add(-9 * time.Minute); s.Lists() },
			`SELECT count(*) FROM gaps`,
			"0",
		},
		{
			"rejects are as they were sent",
			func(s *dbtest.Story) {
				s.Begin()
				s.Page()
				s.Reject(`{"jobId":0}`)
				s.Close(db.Partial)
			},
			`SELECT run_id, cluster, rejected_at, reason, raw FROM rejects`,
			`1|prod|2026-05-01 12:00:00.100|no id|{"jobId":0}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := open(t)
			c.story(dbtest.Tell(t, st, "prod"))
			if got := strings.TrimSuffix(show(t, st.Reader, c.query), "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// Public times are the text of SQLite's own date functions, to the millisecond.
func TestTimesAreSpelledExactly(t *testing.T) {
	serial(t)
	st := open(t)
	const twin = `SELECT strftime('%Y-%m-%d %H:%M:%f', ? / 1000.0, 'unixepoch')`
	for range 2000 {
		ms := rand.Int64N(4_102_444_800_000) // until 2100
		want := time.UnixMilli(ms).UTC().Format(db.TimeFormat)
		if got := show(t, st.Reader, twin, ms); got != want+"\n" {
			t.Fatalf("%d ms is spelled %s, want %s", ms, got, want)
		}
	}
}

func TestTimesCompareWithWhatPeopleWrite(t *testing.T) {
	st := open(t)
	s := dbtest.Tell(t, st, "prod")
	s.Now = time.Now().Add(-48 * time.Hour)
	s.Lists(dbtest.Listed("old", db.Running))
	s.Now = time.Now().Add(-12 * time.Hour)
	s.Lists(dbtest.Listed("old", db.Running), dbtest.Listed("new", db.Running))
	for _, where := range []string{
		`first_seen_at > datetime('now', '-1 day')`,
		`first_seen_at > date('now', '-1 day')`,
		`first_seen_at >= '` + s.Now.Add(-24*time.Hour).UTC().Format(time.DateTime) + `'`,
		`julianday('now') - julianday(first_seen_at) < 1`,
	} {
		if got := show(t, st.Reader, `SELECT job_id FROM jobs WHERE `+where); got != "new\n" {
			t.Errorf("%s finds %s", where, got)
		}
	}
}

func TestQuestionsPeopleAskUseAnIndex(t *testing.T) {
	st := lived(t)
	for question, index := range map[string]string{
		`SELECT * FROM jobs WHERE first_seen_at > datetime('now', '-1 day')`:                                                           "archive_jobs_by_first_seen",
		`SELECT * FROM jobs WHERE first_seen_at BETWEEN '2026-05-01' AND '2026-05-02'`:                                                 "archive_jobs_by_first_seen",
		`SELECT * FROM jobs ORDER BY first_seen_at DESC LIMIT 10`:                                                                      "archive_jobs_by_first_seen",
		`SELECT * FROM jobs WHERE job_id = 'a'`:                                                                                        "archive_jobs_by_id",
		`SELECT * FROM jobs WHERE cluster = 'a' AND job_id = 'a'`:                                                                      "archive_jobs_by_id",
		`SELECT * FROM transitions WHERE job_id = 'a'`:                                                                                 "archive_transitions_by_job",
		`SELECT * FROM jobs WHERE state = 'failed' ORDER BY last_state_at DESC LIMIT 10`:                                               "archive_jobs_failed",
		`SELECT count(*) FROM archive_transitions WHERE run = 7 AND kind = 'appeared'`:                                                 "archive_transitions_by_run",
		`SELECT * FROM archive_runs WHERE finished_ms IS NULL`:                                                                         "archive_runs_open",
		`SELECT * FROM archive_runs WHERE cluster = 1 ORDER BY started_at DESC, id DESC LIMIT 1`:                                       "archive_runs_by_cluster_and_start",
		`SELECT * FROM runs WHERE started_at > datetime('now', '-1 day')`:                                                              "archive_runs_by_start",
		`SELECT * FROM runs WHERE finished_at > datetime('now', '-1 day')`:                                                             "archive_runs_by_finish",
		`SELECT * FROM transitions WHERE observed_at > datetime('now', '-1 day')`:                                                      "archive_transitions_by_time",
		`SELECT * FROM jobs WHERE changed_at > datetime('now', '-1 day')`:                                                              "archive_jobs_by_change",
		`SELECT * FROM jobs WHERE collection = 'films'`:                                                                                "archive_jobs_by_collection",
		`SELECT * FROM jobs WHERE cluster = 'a' AND state = 'failed' ORDER BY state_recency DESC, nth`:                                 "archive_jobs_failed_by_cluster",
		`SELECT * FROM jobs WHERE collection = 'films' AND state = 'failed' ORDER BY state_recency DESC, nth`:                          "archive_jobs_failed_by_collection",
		`SELECT * FROM archive_runs WHERE cluster = 1 AND gone > 0 ORDER BY id DESC LIMIT 1`:                                           "archive_runs_that_missed",
		`SELECT 1 FROM pruned WHERE cluster = 'a' AND gone_at IS NULL AND first_seen_at <= '2026-05-01'`:                               "archive_jobs_pruned_listed",
		`SELECT * FROM archive_rejects WHERE run = 7`:                                                                                  "archive_rejects_by_run",
		`SELECT * FROM days WHERE utc_day >= '2026-05-01'`:                                                                             "PRIMARY KEY (day>?)",
		`SELECT * FROM transitions WHERE id > 1000000 ORDER BY id`:                                                                     "INTEGER PRIMARY KEY (rowid>?)",
		`SELECT seq FROM archive_jobs WHERE cluster = 1 ORDER BY seq`:                                                                  "PRIMARY KEY (cluster=?)",
		`SELECT * FROM archive_gaps WHERE cluster = 1 ORDER BY started_ms`:                                                             "archive_gaps_by_cluster",
		`SELECT * FROM archive_rejects WHERE cluster = 1 AND raw = '{}'`:                                                               "sqlite_autoindex_archive_rejects_1",
		`SELECT job_id FROM jobs WHERE state <> 'completed' AND state <> 'failed' AND state <> 'cancelled' ORDER BY recency DESC, nth`: "archive_jobs_open",
		`SELECT * FROM jobs ORDER BY recency DESC, nth LIMIT 10`:                                                                       "archive_jobs_by_recency",
	} {
		if plan := show(t, st.Reader, `EXPLAIN QUERY PLAN `+question); !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s does not use %s:\n%s", question, index, plan)
		}
	}
}
