package sync_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/sync/remote"
)

// listsWith returns a whole listing of one page, with records that have no id.
func (c *handClock) listsWith(rejects []string, jobs ...remote.Job) scripted {
	return func(_ context.Context, yield func(remote.Page, error) bool) {
		p := c.page(1, jobs...)
		for _, raw := range rejects {
			p.Rejects = append(p.Rejects, remote.Reject{Reason: "no job id", Raw: raw})
		}
		_ = yield(p, nil) && yield(c.page(2), nil)
	}
}

// TestTheSameRejectsDoNotKeepAListingFromConcluding: the first listing with a record
// without an id, or with another one, concludes nothing. Further ones with the same
// records are complete, and jobs go missing. But this service has no call for one job,
// so a missing job may be one of the records.
func TestTheSameRejectsDoNotKeepAListingFromConcluding(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	one, two := listed("1", "Completed"), listed("2", "Completed")
	for i, step := range []struct {
		rejects []string
		jobs    []remote.Job
		want    db.Outcome
	}{
		{nil, []remote.Job{one, two}, db.Complete},
		{[]string{"{}"}, []remote.Job{one, two}, db.Partial},
		{[]string{"{}"}, []remote.Job{one, two}, db.Complete},
		{[]string{"{}", "{}"}, []remote.Job{one, two}, db.Partial},
		{[]string{"{}", "{}"}, []remote.Job{two, one}, db.Complete},
		{[]string{"{}", "[]"}, []remote.Job{one, two}, db.Partial},
		{[]string{"[]", "{}"}, []remote.Job{one}, db.Partial}, // 2 may be one of them
		{[]string{"[]", "{}"}, []remote.Job{one}, db.Partial},
		{[]string{"[]", "{}"}, []remote.Job{one, two}, db.Complete},
		{nil, []remote.Job{one}, db.Complete},
		{nil, []remote.Job{one}, db.Complete}, // now it is gone
	} {
		run, err := syncer(a.Store, c.Now, c.listsWith(step.rejects, step.jobs...))(nil) // a new process each time
		if err != nil || run.Outcome != step.want || run.Rejected != len(step.rejects) {
			t.Errorf("listing %d: %+v: %v", i+1, run, err)
		}
		want := "0"
		if i == 10 {
			want = "1"
		}
		a.Expect(t, want, "SELECT count(*) FROM transitions WHERE kind = 'gone'")
	}
	a.Verify(t)
}

// TestNoWitnessCountsBesideRejects: the service has forgotten the newest of many finished
// jobs that the list lacks, but not an older one, which the list has without its id.
func TestNoWitnessCountsBesideRejects(t *testing.T) {
	s := newTold(t)
	var all []remote.Job
	for i := range 20 {
		all = append(all, listed(fmt.Sprint("job-", i), "Completed"))
	}
	nameless := []string{"{}"}
	s.knows, s.truth["job-5"] = map[string]bool{"job-5": true}, remote.Details{Job: db.Details{RawState: "Completed"}}
	for i, list := range []scripted{
		s.handClock.lists(all...), s.listsWith(nameless, all[:2]...), s.listsWith(nameless, all[:2]...), s.listsWith(nameless, all[:2]...),
	} {
		s.scripted = list
		if _, err := s.engine.Sync(t.Context(), &s.engine.Clusters[0], db.BySchedule); err != nil {
			t.Fatalf("listing %d: %v", i+1, err)
		}
		s.add(5 * time.Minute)
	}
	s.Expect(t, "17", "SELECT count(*) FROM jobs WHERE gone_at IS NOT NULL")
	s.Expect(t, "0", "SELECT count(*) FROM transitions WHERE kind = 'gone' AND job_id = 'job-5'")
	s.Verify(t)
}

// TestRejectsAreSampledAndCountedInFull lists records whose text moves with each sync.
func TestRejectsAreSampledAndCountedInFull(t *testing.T) {
	a, c := dbtest.NewArchive(t), newHandClock()
	for n := range 14 {
		var raws []string
		for i := range 500 {
			raws = append(raws, fmt.Sprintf(`{"n":%d,"at":%d}`, i, n))
		}
		run, err := syncer(a.Store, c.Now, c.listsWith(raws, listed("1", "Completed")))(nil)
		if err != nil || run.Outcome != db.Partial || run.Rejected != 500 {
			t.Fatalf("%+v: %v", run, err)
		}
		a.Expect(t, fmt.Sprint(min(10*(n+1), 100)), "SELECT count(*) FROM rejects")
	}
	a.Expect(t, "7000", "SELECT rejects FROM totals")
	a.Verify(t)
}
