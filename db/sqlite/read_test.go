package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
)

// motley returns jobs of every state, some with what only some jobs have, in more
// numbers than are read at once.
func motley(n int) []db.Job {
	jobs := make([]db.Job, n)
	for i := range jobs {
		j := dbtest.Listed(fmt.Sprintf("job-%022d", i), db.States[i%len(db.States)])
		j.Collection = []string{"films", "books", ""}[i/7%3]
		switch i % 11 {
		case 1, 2:
			p := float64(i%3) * 33.3
			j.Progress = &p
		case 3:
			j.Reason = fmt.Sprint("row ", i, " has no vector")
		case 4, 5:
			j.Extra = fmt.Sprintf(`{"jobName":"%d"}`, i%5)
		}
		jobs[i] = j
	}
	return jobs
}

func TestWhatIsReadAnewIsWhatWasKept(t *testing.T) {
	t.Parallel()
	st := open(t)
	s := dbtest.Tell(t, st, "a")
	jobs := motley(1500)
	s.Lists()
	s.Lists(jobs...)
	s.Lists(jobs[:1400]...) // a hundred are missed once
	s.Wait(2 * day)
	s.Lists(jobs[:1300]...) // and gone, another hundred are missed
	s.Wait(2 * day)
	mustPrune(t, st, nowait(s))
	s.Begin() // the newest listing was not complete
	s.Page(jobs[:700]...)
	jobs[3].Reason = "another one"
	s.Page(jobs[3], jobs[4])
	s.Commit()

	loaded := s.Reload()
	pruned := 0
	for i := range jobs {
		j := &jobs[i]
		e := loaded.Find(j.ID)
		if e.Pruned() {
			pruned++
		}
		if !loaded.SameQuietly(e, j) {
			t.Errorf("job %d: progress, reason or extra are not what was kept: %+v", i, j)
		}
		other := *j
		if other.Reason += "!"; !e.Pruned() && loaded.SameQuietly(e, &other) {
			t.Errorf("job %d: another reason would not be noticed", i)
		}
	}
	if pruned == 0 {
		t.Error("no job was pruned, so none of them was read")
	}
}

// TestReadingEndsAtARowOfSomebodyElse has thousands of rows left behind it.
func TestReadingEndsAtARowOfSomebodyElse(t *testing.T) {
	serial(t)
	t.Parallel()
	st, s, _ := aged(t, 3000)
	s.Lists()
	s.Lists()
	mustPrune(t, st, nowait(s))
	write := func(statement string) {
		t.Helper()
		if _, err := st.Writer.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	write(`DROP TRIGGER archive_jobs_stay`)
	for _, seq := range []int{-4, 1 << 32} {
		write(fmt.Sprint(`INSERT INTO archive_jobs (cluster, seq, job_id, state, first_seen_ms, state_seen_ms, asked_ms, seen_ms)
			VALUES (1, `, seq, `, 'other', 'running', 1, 1, 1, 1)`))
		if _, err := st.Known(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "not written by this program") {
			t.Errorf("the number %d: %v", seq, err)
		}
		write(`DELETE FROM archive_jobs WHERE job_id = 'other'`)
	}
	if _, err := st.Known(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	st, _, _ := aged(t, 3000)
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("the day is over")
	time.AfterFunc(time.Millisecond, func() { cancel(over) })
	for {
		k, err := st.Known(ctx, "a")
		if err != nil {
			if !errors.Is(err, over) && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
		if k.Len() != 3000 {
			t.Fatalf("read %d jobs of 3000 and called it all", k.Len())
		}
	}
	if k, err := st.Known(t.Context(), "a"); err != nil || k.Len() != 3000 {
		t.Errorf("the next reading: %v", err)
	}
}

func BenchmarkReading(b *testing.B) {
	const jobs = 100_000
	for name, list := range map[string][]db.Job{"plain": completed(jobs), "motley": motley(jobs)} {
		st := open(b)
		s := dbtest.Tell(b, st, "a")
		s.Lists(list...)
		s.Lists(list...)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if k, err := st.Known(b.Context(), "a"); err != nil || k.Len() != jobs {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/jobs, "ns/job")
		})
	}
}
