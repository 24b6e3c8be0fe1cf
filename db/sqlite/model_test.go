package sqlite_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/dbtest/model"
	"importarchive/db/sqlite"
	"importarchive/longtest"
)

// What SQLite holds after any story is what the plain model holds after the
// same one, and it passes every check.
func TestSQLiteHoldsWhatThePlainModelHolds(t *testing.T) {
	serial(t)
	if !longtest.Enabled() {
		fewChecks(t)
	}
	rapid.Check(t, func(rt *rapid.T) {
		st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
		if err != nil {
			rt.Fatal(err)
		}
		defer st.Close()
		memory := model.NewMemory()
		both := []*dbtest.Story{dbtest.Tell(t, st, "a"), dbtest.Tell(t, memory, "a")}
		for range rapid.IntRange(1, 8).Draw(rt, "runs") {
			tellRun(rt, both)
		}
		if got, want := held(t, st), modelled(memory); got != want {
			rt.Fatalf("SQLite holds\n%s\nthe model holds\n%s", got, want)
		}
		findings, err := sqlite.Verify(t.Context(), st.Reader)
		if err != nil || len(findings) > 0 {
			rt.Fatal(findings, err)
		}
	})
}

// fewChecks has rapid try a fifth of the stories that it would.
func fewChecks(t *testing.T) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	if checks == nil || checks.Value.String() != checks.DefValue {
		return // or as many as the command says
	}
	if err := checks.Value.Set("20"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = checks.Value.Set(checks.DefValue) })
}

// tellRun makes the same run in every story.
func tellRun(rt *rapid.T, stories []*dbtest.Story) {
	listing := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"u", "v", "w", "x", "y", "z"}), 0, 6, rapid.ID[string]).Draw(rt, "ids")
	var jobs []db.Job
	for _, id := range listing {
		j := dbtest.Listed(id, rapid.SampledFrom(db.States[:]).Draw(rt, "state"))
		j.Collection = rapid.SampledFrom([]string{"films", "books"}).Draw(rt, "collection")
		if rapid.Bool().Draw(rt, "told") {
			p := float64(rapid.IntRange(0, 400).Draw(rt, "progress")) / 4
			j.Progress, j.Reason = &p, rapid.SampledFrom([]string{"", "slow"}).Draw(rt, "reason")
		}
		jobs = append(jobs, j)
	}
	split := rapid.IntRange(0, len(jobs)).Draw(rt, "first page")
	outcome := rapid.SampledFrom([]db.Outcome{db.Complete, db.Complete, db.Complete, db.Partial, db.Interrupted}).Draw(rt, "outcome")
	wait := time.Duration(rapid.IntRange(-60, 1200).Draw(rt, "wait")) * time.Second
	asked := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"u", "v", "w", "x", "y", "z"}), 0, 6, rapid.ID[string]).Draw(rt, "asked for")
	var told []db.Described
	if outcome == db.Interrupted {
		asked = nil
	}
	for _, id := range asked {
		told = append(told, answer(rt, id))
	}
	for _, s := range stories {
		s.Begin()
		s.Page(jobs[:split]...)
		s.Commit()
		s.Page(jobs[split:]...)
		if outcome == db.Complete {
			s.Complete()
		} else {
			s.Close(outcome)
		}
		s.Reload()
		s.Describes(slices.DeleteFunc(slices.Clone(told), func(d db.Described) bool { return s.Known.Find(d.ID).Seq == 0 })...)
		s.Reload()
		s.Wait(wait)
	}
}

// answer is what comes of asking for a job.
func answer(rt *rapid.T, id string) db.Described {
	switch rapid.IntRange(0, 5).Draw(rt, "comes of it") {
	case 0:
		return db.Described{ID: id}
	case 1:
		return db.Described{ID: id, Forgotten: true}
	}
	p := float64(rapid.IntRange(0, 100).Draw(rt, "told progress"))
	d := db.Details{
		Progress: &p, ProgressRaw: fmt.Sprint(p), Reason: rapid.SampledFrom([]string{"", "slow", "broken"}).Draw(rt, "told reason"),
		CompletedAt: rapid.SampledFrom([]time.Time{{}, time.Date(2026, 5, 1, 12, 3, 0, 0, time.UTC)}).Draw(rt, "told end"),
	}
	for n := range rapid.IntRange(0, 2).Draw(rt, "files") {
		rows := int64(rapid.IntRange(0, 3).Draw(rt, "rows"))
		d.Files = append(d.Files, db.File{Name: fmt.Sprint("part", n), ImportedRows: &rows, RawState: "Importing"})
	}
	return dbtest.Answer(id, rapid.SampledFrom(append([]db.State{""}, db.States[:len(db.States)-1]...)).Draw(rt, "told state"), d)
}

// held spells what SQLite holds of cluster "a".
func held(t *testing.T, st *sqlite.Archive) string {
	const at = `strftime('%%Y-%%m-%%d %%H:%%M:%%f', %s / 1000.0, 'unixepoch')`
	when := func(column string) string { return fmt.Sprintf(at, column) }
	return show(t, st.Reader, `SELECT seq, job_id, n.text, state, w.text, progress, reason, `+
		when("appeared_after_ms")+`, first_seen_at, `+when("state_after_ms")+`, last_state_at, `+
		when("asked_ms")+`, `+when("seen_ms")+`, misses, gone_at, settled, `+when("described_ms")+`
		FROM archive_jobs LEFT JOIN archive_texts AS n ON n.id = collection LEFT JOIN archive_texts AS w ON w.id = raw_state ORDER BY seq`) +
		show(t, st.Reader, `SELECT t.id, run, seq, n.text, kind, from_state, to_state, f.text, w.text, not_before, observed_at
		FROM archive_transitions AS t LEFT JOIN archive_texts AS n ON n.id = collection
		LEFT JOIN archive_texts AS f ON f.id = from_raw_state LEFT JOIN archive_texts AS w ON w.id = to_raw_state ORDER BY t.id`) +
		show(t, st.Reader, `SELECT seq, w.text, progress, progress_raw, reason, `+when("completed_ms")+`
		FROM archive_details LEFT JOIN archive_texts AS w ON w.id = raw_state ORDER BY seq`) +
		show(t, st.Reader, `SELECT job_id, n, name, imported_rows, f.raw_state FROM job_files AS f JOIN archive_jobs USING (job_id) ORDER BY seq, n`) +
		show(t, st.Reader, `SELECT id, started_at, finished_at, outcome, listed, appeared, moved, gone, returned, described, describe_failed
		FROM runs ORDER BY id`) +
		show(t, st.Reader, `SELECT started_at, ended_at FROM gaps WHERE ended_at IS NOT NULL ORDER BY started_at`)
}

// modelled spells what the model holds, in the same words.
func modelled(m *model.Memory) string {
	var b strings.Builder
	line := func(values ...any) {
		for i, v := range values {
			switch x := v.(type) {
			case time.Time:
				if v = x.UTC().Format(db.TimeFormat); x.IsZero() {
					v = "-"
				}
			case string:
				if x == "" {
					v = "-"
				}
			case db.State:
				if x == "" {
					v = "-"
				}
			}
			if i > 0 {
				b.WriteByte('|')
			}
			fmt.Fprint(&b, v)
		}
		b.WriteByte('\n')
	}
	number := func(p *float64) string {
		if p == nil {
			return ""
		}
		return fmt.Sprint(*p)
	}
	settled := map[bool]int{true: 1}
	for _, j := range m.Jobs("a") {
		line(j.Seq, j.ID, j.Collection, j.State, j.RawState, number(j.Progress), j.Reason,
			j.AppearedAfter, j.FirstSeen, j.StateAfter, j.StateSeen, j.Asked, j.Seen, j.Misses, j.GoneAt, settled[j.Settled], j.DescribedAt)
	}
	for _, t := range m.Transitions("a") {
		line(t.ID, t.Run, t.Seq, t.Collection, t.Kind, t.From, t.To, t.FromRaw, t.ToRaw, t.NotBefore, t.ObservedAt)
	}
	for _, j := range m.Jobs("a") {
		if d := j.Details; d != nil {
			line(j.Seq, d.RawState, number(d.Progress), d.ProgressRaw, d.Reason, d.CompletedAt)
		}
	}
	for _, j := range m.Jobs("a") {
		if j.Details != nil {
			for i, f := range j.Details.Files {
				line(j.ID, i+1, f.Name, *f.ImportedRows, f.RawState)
			}
		}
	}
	for _, r := range m.Runs("a") {
		line(r.ID, r.StartedAt, r.FinishedAt, r.Outcome, r.Listed, r.Appeared, r.Moved, r.Gone, r.Returned, r.Described, r.DescribeFailed)
	}
	for _, g := range m.Gaps("a") {
		line(g.StartedAt, g.EndedAt)
	}
	return b.String()
}
