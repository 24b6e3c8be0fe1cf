package sync_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// speaking is the story of a cluster whose list can't be trusted: a test says
// which jobs the list has, and what the service answers to a query for each job.
type speaking struct {
	*told
	says map[string]error // nil: it knows the job; absent: it does not
}

func newSpeaking(t *testing.T) *speaking {
	s := &speaking{told: newTold(t), says: map[string]error{}}
	s.engine.Clusters[0].Details = false // which does not switch off that absences are confirmed
	s.telling.confirm = func(ctx context.Context, id string) (remote.Details, error) {
		err, known := s.says[id]
		switch {
		case !known:
			err = &remote.Error{Kind: remote.NotFound, Err: remote.ErrForgotten}
		case err == nil:
			d := remote.Details{Job: db.Details{RawState: s.truth[id].RawState}, Asked: s.add(time.Millisecond)}
			d.Received = s.add(time.Millisecond)
			return d, nil
		}
		return remote.Details{}, err
	}
	return s
}

// lists makes a run over a listing of these jobs.
func (s *speaking) lists(jobs ...remote.Job) *db.Run {
	s.T.Helper()
	s.scripted, s.asked = s.handClock.lists(jobs...), nil
	run, err := s.engine.Sync(context.Background(), &s.engine.Clusters[0], db.BySchedule)
	if err != nil {
		s.T.Fatal(err)
	}
	s.Verify(s.T)
	s.add(5 * time.Minute)
	return run
}

func (s *speaking) all(err error, ids ...string) {
	for _, id := range ids {
		s.says[id] = err
	}
}

var (
	away   = &remote.Error{Kind: remote.Unavailable, Status: 200, Code: "65535", Message: "rpc error: code = Unavailable"}
	deny   = &remote.Error{Kind: remote.Auth, Status: 403, Code: "65535", Message: "PrivilegeImport: permission deny to reader"}
	noCall = &remote.Error{Kind: remote.NotFound, Status: 404, Err: remote.ErrCantDescribe}
)

// TestAnOutageWithAnEmptyListChangesNothing: Milvus answers so while
// its coordinator is away.
func TestAnOutageWithAnEmptyListChangesNothing(t *testing.T) {
	s := newSpeaking(t)
	jobs := []remote.Job{listed("1", "Importing"), listed("2", "Pending"), listed("3", "Completed")}
	s.lists(jobs...)
	before := s.Rows(t, "SELECT job_id, state, last_state_at, gone_at, outcome FROM jobs")
	s.all(away, "1", "2", "3")
	for n := range 12 {
		run := s.lists()
		if run.Outcome != db.Partial || run.Gone != 0 || run.ErrorKind != "unavailable" || run.Absences != (db.Absences{Asked: 3, Undecided: 3}) ||
			!strings.HasPrefix(run.Error, "the list lacks 3 jobs and the service can't say that it forgot them: unavailable: HTTP 200, code 65535") {
			t.Fatalf("run %d: %+v", n, run)
		}
	}
	s.Expect(t, "3", "SELECT count(*) FROM jobs WHERE missed_since_at = (SELECT min(finished_at) FROM runs WHERE outcome = 'partial')")
	s.says = map[string]error{}
	if run := s.lists(jobs...); run.Outcome != db.Complete || run.Absences != (db.Absences{}) {
		t.Errorf("%+v", run)
	}
	if after := s.Rows(t, "SELECT job_id, state, last_state_at, gone_at, outcome FROM jobs"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("%v, not %v", after, before)
	}
	s.Expect(t, "3", "SELECT count(*) FROM transitions")
	s.Expect(t, "0", "SELECT count(missed_since_at) FROM jobs")
	s.Expect(t, "1", "SELECT count(*) FROM gaps WHERE seconds > 3600 AND ended_at IS NOT NULL")
}

func TestWhatTheServiceKnowsIsNotGoneWhateverTheListLacks(t *testing.T) {
	s := newSpeaking(t)
	s.told.says("1", "Importing", "")
	s.lists(listed("1", "Importing"), listed("2", "Importing"), listed("3", "Importing"))
	s.all(nil, "1")
	s.all(deny, "2")
	for range 3 {
		s.lists(listed("3", "Importing"))
	}
	s.Expect(t, "1 2", "SELECT group_concat(job_id, ' ') FROM (SELECT * FROM jobs WHERE missed_since_at IS NOT NULL AND gone_at IS NULL ORDER BY job_id)")
	// The answer about an absence is news too, although details are off.
	s.told.says("1", "Failed", "")
	run := s.lists(listed("3", "Importing"))
	if run.Outcome != db.Partial || run.ErrorKind != "auth" || run.Absences != (db.Absences{Asked: 2, Denied: 1, Undecided: 1}) {
		t.Errorf("%+v", run)
	}
	s.Expect(t, "failed", "SELECT state FROM jobs WHERE job_id = '1'")
	// One that is forgotten is gone at once, also in a run that is partial for the other.
	delete(s.says, "1")
	if run := s.lists(listed("3", "Importing")); run.Outcome != db.Partial || run.Gone != 1 || run.Absences != (db.Absences{Asked: 2, Confirmed: 1, Undecided: 1}) {
		t.Errorf("%+v", run)
	}
	s.Expect(t, "1", "SELECT job_id FROM jobs WHERE gone_at IS NOT NULL")
	delete(s.says, "2")
	if run := s.lists(listed("3", "Importing")); run.Outcome != db.Complete || run.Gone != 1 {
		t.Errorf("%+v", run)
	}
	s.Expect(t, "lost", "SELECT outcome FROM jobs WHERE job_id = '2'")
}

func TestAServiceWithoutTheCallIsBelievedUnconfirmed(t *testing.T) {
	s := newSpeaking(t)
	s.lists(listed("1", "Importing"), listed("2", "Importing"))
	s.all(noCall, "1", "2")
	s.lists(listed("2", "Importing"))
	if run := s.lists(listed("2", "Importing")); run.Outcome != db.Complete || run.Gone != 1 || run.Absences != (db.Absences{Unconfirmed: 1}) {
		t.Errorf("%+v", run)
	}
	for n := 1; ; n++ {
		run := s.lists()
		if run.Outcome != db.Complete || n > 20 {
			t.Fatalf("%d empty listings: %+v", n, run)
		}
		if run.Gone == 1 {
			if n != 13 || run.Absences != (db.Absences{Unconfirmed: 1}) {
				t.Errorf("gone after %d empty listings five minutes apart: %+v", n, run)
			}
			break
		}
	}
}

// TestAServerThatAnsweredHasTheCall: then a 404 comes from something in front of
// it, and says nothing of the job.
func TestAServerThatAnsweredHasTheCall(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		s := newSpeaking(t)
		s.lists(listed("1", "Importing"), listed("2", "Importing"), listed("3", "Importing"))
		s.all(nil, "1")
		s.all(noCall, "2")
		for range 3 {
			if run := s.lists(listed("3", "Importing")); run.Outcome != db.Partial || run.Gone != 0 {
				t.Errorf("%+v", run)
			}
			if restarts {
				s.engine = s.over(s.Store)
				s.engine.Clusters[0].Details = false
			}
		}
		s.all(noCall, "1")
		for range 3 {
			s.lists(listed("3", "Importing"))
		}
		s.Expect(t, "3", "SELECT count(*) FROM jobs WHERE outcome = 'open'")
	}
}

// TestADeniedQueryIsMadeOnceARun: it is the role that is denied, not the job.
func TestADeniedQueryIsMadeOnceARun(t *testing.T) {
	s := newSpeaking(t)
	s.engine.Clusters[0].Details = true
	s.fails = map[string]error{"1": deny, "2": deny, "3": deny}
	jobs := []remote.Job{listed("1", "Importing"), listed("2", "Importing"), listed("3", "Importing")}
	s.lists(jobs...)
	if len(s.asked) != 1 {
		t.Errorf("asked for details of %v", s.asked)
	}
	s.all(deny, "1", "2", "3")
	run := s.lists()
	if run.ErrorKind != "auth" || run.Absences != (db.Absences{Asked: 1, Undecided: 3}) || len(s.asked) != 0 {
		t.Errorf("%+v, details of %v", run, s.asked)
	}
}

func TestQuestionsAreFew(t *testing.T) {
	s := newSpeaking(t)
	var open, finished []remote.Job
	for n := range 40 {
		open = append(open, listed(fmt.Sprintf("open-%02d", n), "Importing"))
	}
	for n := range 400 {
		finished = append(finished, listed(fmt.Sprintf("done-%03d", n), "Completed"))
	}
	if run := s.lists(append(open, finished...)...); run.Absences != (db.Absences{}) {
		t.Errorf("a listing that lacks nothing: %+v", run.Absences)
	}
	if run := s.lists(open...); run.Absences != (db.Absences{Asked: 1, Confirmed: 1}) {
		t.Errorf("400 finished jobs expire at once: %+v", run.Absences)
	}
	if run := s.lists(open...); run.Absences != (db.Absences{Asked: 1, Confirmed: 1}) || run.Gone != 400 {
		t.Errorf("and are gone: %d, %+v", run.Gone, run.Absences)
	}
	for range 2 {
		if run := s.lists(listed("new", "Pending")); run.Absences != (db.Absences{Asked: 40, Confirmed: 40}) {
			t.Errorf("40 open jobs vanish: %+v", run.Absences)
		}
	}
	s.Expect(t, "40", "SELECT count(*) FROM jobs WHERE outcome = 'lost'")
}

// TestFailedQueriesDoNotKeepARunFromOtherJobs: three in a row end the asking,
// and those that failed come last the next time, also for a new process.
func TestFailedQueriesDoNotKeepARunFromOtherJobs(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		s := newSpeaking(t)
		var jobs []remote.Job
		for n := range 20 {
			jobs = append(jobs, listed(fmt.Sprintf("job-%02d", n), "Importing"))
		}
		s.lists(jobs...)
		s.all(away, "job-00", "job-01", "job-02", "job-03")
		for range 15 {
			if restarts {
				s.engine = s.over(s.Store)
			}
			s.lists(listed("other", "Importing"))
		}
		s.Expect(t, "16", "SELECT count(*) FROM jobs WHERE outcome = 'lost'")
		s.Expect(t, "4", "SELECT count(*) FROM jobs WHERE outcome = 'open' AND missed_since_at IS NOT NULL")
	}
}

// TestFinishedJobsThatTheServiceCantSayOfHoldUpNoOthers, be they few or many,
// nor after each restart.
func TestFinishedJobsThatTheServiceCantSayOfHoldUpNoOthers(t *testing.T) {
	for _, n := range []int{8, 40} {
		for _, restarts := range []bool{false, true} {
			s := newSpeaking(t)
			var jobs []remote.Job
			for i := range n {
				jobs = append(jobs, listed(fmt.Sprintf("job-%02d", i), "Completed"))
			}
			s.lists(jobs...)
			s.all(away, jobs[n-1].ID, jobs[n-2].ID, jobs[n-3].ID)
			for range 30 {
				if restarts {
					s.engine = s.over(s.Store)
				}
				s.lists(listed("other", "Importing"))
			}
			s.Expect(t, fmt.Sprint(n-3), "SELECT count(gone_at) FROM jobs")
		}
	}
}

// TestJobsThatTheServiceKnowsDoNotKeepARunFromOthers: a run may have time
// for some of them only.
func TestJobsThatTheServiceKnowsDoNotKeepARunFromOthers(t *testing.T) {
	s := newSpeaking(t)
	var jobs []remote.Job
	for i := range 50 {
		jobs = append(jobs, listed(fmt.Sprintf("job-%02d", i), "Importing"))
		if i < 49 {
			s.all(nil, jobs[i].ID)
		}
	}
	s.lists(jobs...)
	answer, asked := s.telling.confirm, 0
	s.telling.confirm = func(ctx context.Context, id string) (remote.Details, error) {
		if asked++; asked > 10 {
			return remote.Details{}, &remote.Error{Kind: remote.Cancelled, Err: context.DeadlineExceeded} // as the pacer does
		}
		return answer(ctx, id)
	}
	for range 8 {
		asked = 0
		if run := s.lists(listed("other", "Importing")); run.ErrorKind != "unavailable" && run.Absences.Undecided > 0 {
			t.Errorf("%+v", run)
		}
	}
	s.Expect(t, "lost", "SELECT outcome FROM jobs WHERE job_id = 'job-49'")
}

// TestBeingStoppedWhileAskingConcludesNothing, not even of what was confirmed.
func TestBeingStoppedWhileAskingConcludesNothing(t *testing.T) {
	s := newSpeaking(t)
	s.lists(listed("1", "Importing"), listed("2", "Importing"))
	ctx, stop := context.WithCancel(context.Background())
	s.telling.confirm = func(context.Context, string) (remote.Details, error) {
		if stop(); len(s.asked) == 0 {
			s.asked = append(s.asked, "once")
			return remote.Details{}, &remote.Error{Kind: remote.NotFound, Err: remote.ErrForgotten}
		}
		return remote.Details{}, &remote.Error{Kind: remote.Cancelled, Err: ctx.Err()}
	}
	s.scripted, s.asked = s.handClock.lists(), nil
	run, err := s.engine.Sync(ctx, &s.engine.Clusters[0], db.BySchedule)
	if err != nil || run.Outcome != db.Interrupted || run.Gone != 0 {
		t.Fatalf("%+v, %v", run, err)
	}
	s.Expect(t, "0", "SELECT count(missed_since_at) FROM jobs")
	s.Verify(t)
	// What the service still says of something else does not make it a failure.
	ctx, stop = context.WithCancel(context.Background())
	s.telling.confirm = func(context.Context, string) (remote.Details, error) {
		stop()
		return remote.Details{}, away
	}
	s.scripted = s.handClock.lists()
	if run, err := s.engine.Sync(ctx, &s.engine.Clusters[0], db.BySchedule); err != nil || run.Outcome != db.Interrupted || run.ErrorKind != "cancelled" {
		t.Errorf("%+v, %v", run, err)
	}
}
