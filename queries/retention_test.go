package queries_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// The simulated service keeps finished jobs for a known time. The measured bounds
// must enclose it, and the verdict must not claim more than they prove.
func TestRetentionIsMeasuredBetweenBounds(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some seconds")
	}
	const schedule = 5 * time.Minute
	for _, c := range []struct {
		kept    time.Duration
		verdict string
	}{
		{time.Minute, "too slow: "},
		{8 * time.Minute, "too slow: "},
		{12 * time.Minute, "may be too slow: "},
		{16 * time.Minute, "ok"},
		{5 * time.Hour, "ok"},
	} {
		r := rand.New(rand.NewPCG(uint64(c.kept), 3))
		began := time.Date(2020, 5, 1, 12, 0, 0, 0, time.UTC)
		reader := openReader(t, newArchive(t, func(st *sqlite.Archive) {
			s := dbtest.Tell(t, st, "a")
			s.Now = began
			finishes := make([]time.Time, 100)
			for i := range finishes {
				finishes[i] = began.Add(time.Duration(r.Int64N(int64(5 * time.Hour))))
			}
			for s.Now.Before(began.Add(12 * time.Hour)) {
				var listed []db.Job
				for i, end := range finishes {
					switch {
					case s.Now.Before(end):
						listed = append(listed, dbtest.Listed(fmt.Sprint("job-", i), db.Running))
					case s.Now.Before(end.Add(c.kept)):
						listed = append(listed, dbtest.Listed(fmt.Sprint("job-", i), db.Completed))
					}
				}
				s.Lists(listed...)
				if s.Now.Sub(began) > 3*time.Hour && s.Now.Sub(began) < 3*time.Hour+schedule {
					s.Wait(40 * time.Minute) // a gap: no run read the list
				}
			}
		}))
		got := reportRows(t, reader, "retention", nil)[0]
		if got["jobs"].(int64) < 5 {
			t.Fatalf("kept for %v: %v", c.kept, got)
		}
		for _, name := range []string{"shortest", "median"} {
			least, most := got[name+"_min_seconds"].(float64), got[name+"_max_seconds"].(float64)
			if least > c.kept.Seconds() || most < c.kept.Seconds() || most-least > 4*schedule.Seconds() {
				t.Errorf("kept for %v: the %s is between %v and %v", c.kept, name, least, most)
			}
		}
		if verdict := got["verdict"].(string); !strings.HasPrefix(verdict, c.verdict) {
			t.Errorf("kept for %v: %s, want %s…", c.kept, verdict, c.verdict)
		}
	}
}

// A service that keeps a job for less than two schedules may drop another one
// before any run sees it.
func TestRetentionOfLessThanTwoSchedulesIsNotCalledGood(t *testing.T) {
	reader := archiveUntilNow(t, func(st *sqlite.Archive, _ time.Time) {
		for name, stay := range map[string]time.Duration{"short": 7 * time.Minute, "long": 40 * time.Minute} {
			s := dbtest.Tell(t, st, name)
			var jobs, done []db.Job
			for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
				jobs, done = append(jobs, dbtest.Listed(id, db.Running)), append(done, dbtest.Listed(id, db.Completed))
			}
			s.Lists(jobs...)
			seen := s.Now
			s.Lists(done...)
			for last := seen.Add(stay); s.Now.Before(last); {
				s.Lists(done...)
			}
			s.Now = seen.Add(stay)
			s.Lists(done...)
			s.Lists()
			s.Lists()
		}
	})
	clusters := reportColumn(t, reader, "retention", nil, "cluster")
	for i, verdict := range reportColumn(t, reader, "retention", nil, "verdict") {
		if good := verdict == "ok"; good != (clusters[i] == "long") || !good && !strings.Contains(verdict.(string), "too slow") {
			t.Errorf("%s: %s", clusters[i], verdict)
		}
	}
}
