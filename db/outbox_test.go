package db_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
)

// begun lets an outbox begin before anything has happened.
func begun(t testing.TB, st *db.SQLite) {
	t.Helper()
	if err := st.Outbox().Begin(t.Context(), noon, true, true, []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
}

// noticed makes notices of all that has happened.
func noticed(t testing.TB, st *db.SQLite) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = st.Outbox().Transitions(t.Context(), noon, db.NoticeKinds[:], nil); err != nil {
			t.Fatal(err)
		}
	}
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func claim(t *testing.T, st *db.SQLite, now time.Time) *db.Parcel {
	t.Helper()
	p, err := st.Outbox().Claim(t.Context(), now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestALifeGivesANoticeForEachJobThatFailedOrWasLostOrFound(t *testing.T) {
	st := lived(t)
	want := show(t, st.Reader(), `SELECT id, CASE kind WHEN 'gone' THEN 'lost' WHEN 'returned' THEN 'found' ELSE 'failed' END, cluster, job_id
		FROM transitions AS t
		WHERE kind = 'moved' AND to_state = 'failed' OR kind = 'gone' AND from_state NOT IN ('completed', 'failed', 'cancelled')
		   OR kind = 'returned' AND (SELECT g.from_state FROM transitions AS g
				WHERE g.cluster = t.cluster AND g.job_id = t.job_id AND g.kind = 'gone' AND g.id < t.id
				ORDER BY g.id DESC LIMIT 1) NOT IN ('completed', 'failed', 'cancelled')`)
	got := show(t, st.Reader(), `SELECT transition_id, kind, cluster, job_id FROM notices`)
	if got != want || got == "" {
		t.Errorf("notices\n%s\ntransitions\n%s", got, want)
	}
	noticed(t, st)
	if again := show(t, st.Reader(), `SELECT transition_id, kind, cluster, job_id FROM notices`); again != want {
		t.Errorf("looking again makes\n%s", again)
	}
}

func TestAFailureWaitsForItsReason(t *testing.T) {
	t.Parallel()
	failed, vain := dbtest.Listed("1", db.Failed), db.Details{}
	for name, story := range map[string]struct {
		asking []string
		after  time.Duration // the failure was seen
		told   *db.Details
		never  bool // has it told anything before
		want   string
	}{
		"it was told":                 {[]string{"a"}, time.Second, &db.Details{Reason: "row 7 has no vector"}, false, "1|row 7 has no vector\n2|-\n"},
		"it is still to be told":      {[]string{"b", "a"}, 55 * time.Second, nil, false, ""},
		"it is not told for long":     {[]string{"a"}, 61 * time.Second, nil, false, "1|-\n2|-\n"},
		"nobody asks":                 {[]string{"c"}, time.Second, nil, false, "1|-\n2|-\n"},
		"the service never tells":     {[]string{"a"}, time.Second, nil, true, "1|-\n2|-\n"},
		"it was asked for in vain":    {[]string{"a"}, time.Second, &vain, false, "1|-\n2|-\n"},
		"the clock has been set back": {[]string{"a"}, -time.Hour, nil, false, "1|-\n2|-\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := open(t)
			begun(t, st)
			a, b := dbtest.Tell(t, st, "a"), dbtest.Tell(t, st, "b")
			a.Lists(dbtest.Listed("1", db.Running))
			b.Lists(dbtest.Listed("2", db.Running))
			if !story.never {
				if err := st.Described(t.Context(), &a.Run, []db.Described{{
					Seq: 1, ID: "1", Asked: a.Now, Received: a.Now, State: db.Running, Details: &db.Details{FileName: "films.json"},
				}}); err != nil {
					t.Fatal(err)
				}
			}
			a.Begin()
			a.Page(failed)
			a.Complete()
			seen := a.Now
			b.Now = seen.Add(-time.Second) // stored later, so it waits behind a's
			b.Begin()
			b.Page(dbtest.Listed("2", db.Failed))
			b.Complete()
			if story.told != nil {
				answer := db.Described{Seq: 1, ID: "1", Asked: seen, Received: seen}
				if story.told != &vain {
					answer.State, answer.Details = db.Failed, story.told
				}
				if err := st.Described(t.Context(), &a.Run, []db.Described{answer}); err != nil {
					t.Fatal(err)
				}
			}
			for more := true; more; {
				var err error
				if more, err = st.Outbox().Transitions(t.Context(), seen.Add(story.after), db.NoticeKinds[:], story.asking); err != nil {
					t.Fatal(err)
				}
			}
			if got := show(t, st.Reader(), `SELECT job_id, facts ->> 'reason' FROM notices ORDER BY id`); got != story.want {
				t.Errorf("told\n%s, not\n%s", got, story.want)
			}
		})
	}
}

func TestNothingPassesAParcelThatWasTried(t *testing.T) {
	t.Parallel()
	st := lived(t)
	first := claim(t, st, noon)
	if len(first.Notices) < 3 || first.Notices[0].Attempts != 1 {
		t.Fatal(len(first.Notices))
	}
	err := st.Outbox().Turn(t.Context(), db.Watched{Cluster: "a", StaleFrom: noon}, &db.Notice{Kind: db.NoticeStale, At: noon, Facts: json.RawMessage(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Outbox().Failed(t.Context(), first, "it hangs", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if p := claim(t, st, noon.Add(time.Minute-time.Millisecond)); p != nil {
		t.Errorf("%d notices are due too early", len(p.Notices))
	}
	again := claim(t, st, noon.Add(time.Minute))
	if again == nil || len(again.Notices) != len(first.Notices) || again.Archive != first.Archive || again.Notices[0].Attempts != 2 {
		t.Fatalf("again %+v, first %+v", again, first)
	}
	if err := st.Outbox().Sent(t.Context(), again, noon); err != nil {
		t.Fatal(err)
	}
	last := claim(t, st, noon)
	if last == nil || len(last.Notices) != 1 || last.Notices[0].Kind != db.NoticeStale {
		t.Errorf("then %+v", last)
	}
	if got := show(t, st.Reader(), `SELECT count(*) FROM notices WHERE sent_at IS NOT NULL AND error IS NULL`); got != show(t, st.Reader(), `SELECT max(id) - 1 FROM notices`) {
		t.Errorf("%s are sent", got)
	}
}

func TestTheOutboxRefusesNonsense(t *testing.T) {
	t.Parallel()
	st := lived(t)
	const notice = `INSERT INTO archive_notices (kind, cluster, at_ms, next_ms, transition, facts, attempts, sent_ms) VALUES `
	if _, err := st.Writer().Exec(notice + `('lost', 'a', 5, NULL, 999, '{}', 1, 6)`); err != nil {
		t.Fatal(err) // or what follows would prove nothing
	}
	for name, text := range map[string]string{
		"a notice of no kind of ours":               notice + `('fluffy', 'a', 5, 5, 1, '{}', 0, NULL)`,
		"a notice of no cluster":                    notice + `('stale', '', 5, 5, NULL, '{}', 0, NULL)`,
		"a notice that is waiting and sent":         notice + `('lost', 'a', 5, 5, 998, '{}', 1, 6)`,
		"a notice that is neither":                  notice + `('lost', 'a', 5, NULL, 998, '{}', 1, NULL)`,
		"a notice that was sent without an attempt": notice + `('lost', 'a', 5, NULL, 998, '{}', 0, 6)`,
		"a transition that is told of twice":        notice + `('lost', 'a', 5, 5, 999, '{}', 0, NULL)`,
		"a job's notice without its transition":     notice + `('lost', 'a', 5, 5, NULL, '{}', 0, NULL)`,
		"a cluster's notice with a transition":      notice + `('stale', 'a', 5, 5, 998, '{}', 0, NULL)`,
		"facts that are no object":                  notice + `('stale', 'a', 5, 5, NULL, '[]', 0, NULL)`,
		"sent in spite of an error":                 `UPDATE archive_notices SET error = 'no' WHERE transition = 999`,
		"a second outbox":                           `INSERT INTO archive_outbox (one) VALUES (2)`,
	} {
		if _, err := st.Writer().Exec(text); err == nil || !strings.Contains(err.Error(), "constraint") {
			t.Errorf("%s is stored by %s: %v", name, text, err)
		}
	}
	execute(t, st.Writer(), `DELETE FROM archive_notices WHERE transition = 999`)
}

// A clock that was wrong by a year, and set right again, silences nobody.
func TestANextAttemptThatIsYearsAwayIsDue(t *testing.T) {
	t.Parallel()
	st := lived(t)
	if err := st.Outbox().Failed(t.Context(), claim(t, st, noon), "it hangs", noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if claim(t, st, noon) == nil {
		t.Error("nothing is due")
	}
}

func TestClustersThatLeaveTheSettingsAreForgotten(t *testing.T) {
	st := open(t)
	begun(t, st)
	watched := func(clusters ...string) string {
		t.Helper()
		if err := st.Outbox().Begin(t.Context(), noon.Add(time.Hour), true, false, clusters); err != nil {
			t.Fatal(err)
		}
		return show(t, st.Reader(), `SELECT cluster, since_ms / 1000 - unixepoch('2026-05-01 12:00:00') FROM archive_watched`)
	}
	if got := watched("b", "c"); got != "b|0\nc|3600\n" {
		t.Error(got)
	}
	if got := watched(); got != "" {
		t.Error(got)
	}
}

// A job's words can be of any length; a message of a hundred of them can't.
func TestAParcelIsBounded(t *testing.T) {
	t.Parallel()
	st := open(t)
	begun(t, st)
	s := dbtest.Tell(t, st, "a")
	long := make([]byte, 100_000)
	for i := range long {
		long[i] = '"'
	}
	var before, after []db.Job
	for i := range 120 {
		j := dbtest.Listed(string(long)+string(rune('A'+i)), db.Running)
		before = append(before, j)
		j.State, j.Reason = db.Failed, string(long)
		after = append(after, j)
	}
	s.Lists(before...)
	s.Lists(after...)
	noticed(t, st)
	told := 0
	for p := claim(t, st, s.Now); p != nil; p = claim(t, st, s.Now) {
		size := 0
		for i := range p.Notices {
			size += len(p.Notices[i].Facts)
		}
		if size > 128<<10 || len(p.Notices) > 100 {
			t.Errorf("%d notices of %d bytes", len(p.Notices), size)
		}
		told += len(p.Notices)
		if err := st.Outbox().Sent(t.Context(), p, s.Now); err != nil {
			t.Fatal(err)
		}
	}
	if told != 120 {
		t.Errorf("%d are told", told)
	}
}
