package sync_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/store/dryrun"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// telling is a service that a test has list jobs and tell of each.
type telling struct {
	scripted
	tell    func(ctx context.Context, id string) (remote.Details, error)
	confirm func(ctx context.Context, id string) (remote.Details, error) // nil: as below
	asked   []string
	knows   map[string]bool
}

func (s *telling) Describe(ctx context.Context, id string) (remote.Details, error) {
	s.asked = append(s.asked, id)
	return s.tell(ctx, id)
}

// Confirm answers queries for jobs that are not listed: all are forgotten, except
// those that the service knows.
func (s *telling) Confirm(ctx context.Context, id string) (remote.Details, error) {
	if s.confirm != nil {
		return s.confirm(ctx, id)
	}
	if s.knows[id] {
		return s.Describe(ctx, id)
	}
	return remote.Details{}, &remote.Error{Kind: remote.NotFound, Err: remote.ErrForgotten}
}

// told is the story of one cluster whose jobs the engine queries.
type told struct {
	*testing.T
	*dbtest.Archive
	*handClock
	*telling
	engine *sync.Engine
	truth  map[string]remote.Details // the service's answers
	fails  map[string]error          // or its errors
	slow   time.Duration             // how long an answer takes
}

func newTold(t *testing.T) *told {
	s := &told{
		T: t, Archive: dbtest.NewArchive(t), handClock: newHandClock(), truth: map[string]remote.Details{}, fails: map[string]error{}, slow: time.Second,
	}
	s.telling = &telling{tell: s.answer}
	s.engine = s.over(s.Store)
	return s
}

func (s *told) over(st db.Store) *sync.Engine {
	return &sync.Engine{Store: st, Parallel: 1, Now: s.Now, Log: zerolog.Nop(), Clusters: []sync.Cluster{{
		Name: "x", API: "zilliz-v2", ClusterID: "in01-x", Schedule: cron.Every(5 * time.Minute), GoneAfter: 2, Remote: s.telling, Details: true,
	}}}
}

func (s *told) answer(_ context.Context, id string) (remote.Details, error) {
	d := s.truth[id]
	d.Asked = s.add(time.Millisecond)
	d.Received = s.add(s.slow)
	return d, s.fails[id]
}

// says has the service tell of a job from now on.
func (s *told) says(id, state, reason string) {
	s.truth[id] = remote.Details{Job: db.Details{RawState: state, Reason: reason}}
}

// lists makes a run over a listing of these jobs, five minutes after the one
// before, and checks which jobs it queries, in order.
func (s *told) lists(want string, jobs ...remote.Job) *db.Run {
	s.T.Helper()
	s.scripted, s.asked = s.handClock.lists(jobs...), nil
	run, err := s.engine.Sync(context.Background(), &s.engine.Clusters[0], db.ByHand)
	mustSync(s.T, run, err)
	if got := strings.Join(s.asked, " "); got != want {
		s.T.Errorf("asked for %q, want %q", got, want)
	}
	s.Verify(s.T)
	s.add(5 * time.Minute)
	return run
}

func TestWhyAJobFailedIsKeptWhenItIsForgotten(t *testing.T) {
	s := newTold(t)
	s.says("1", "Importing", "")
	s.says("2", "Failed", "no such file")
	s.says("3", "Completed", "")
	jobs := []remote.Job{listed("3", "Completed"), listed("1", "Importing"), listed("2", "Failed")}
	if run := s.lists("2 3 1", jobs...); run.Described != 3 || run.DescribeFailed != 0 {
		t.Errorf("%+v", run)
	}
	s.lists("1", jobs...) // what has ended is settled
	s.lists("1", jobs[:2]...)
	s.lists("1", jobs[:2]...)
	s.Expect(t, "no such file", "SELECT reason FROM jobs WHERE job_id = '2' AND gone_at IS NOT NULL")
	s.Expect(t, "3, 1, 1, 1", "SELECT group_concat(described, ', ') FROM (SELECT * FROM runs ORDER BY id)")
}

func TestNoJobIsQueriedWhereDetailsAreSwitchedOff(t *testing.T) {
	s := newTold(t)
	s.engine.Clusters[0].Details = false
	s.lists("", listed("1", "Failed"))
	s.engine.Clusters[0].Details = true
	s.lists("1", listed("1", "Failed"))
	s.engine.Store = &dryrun.Store{Reader: s.Store.Reader, Show: func(string, db.Batch) {}}
	s.lists("", listed("1", "Importing"))
}

func TestProgressThatMakesNoSenseIsKeptOnlyAsItWasSent(t *testing.T) {
	s := newTold(t)
	for _, step := range []struct{ raw, want string }{
		{"40", "40|40"}, {"60", "60|60"}, {"60", "60|60"}, {"50", "|50"}, {"50", "|50"}, {"70", "70|70"}, {"-1", "|-1"}, {"170", "|170"}, {"", "|"}, {"80", "80|80"},
	} {
		d := remote.Details{Job: db.Details{RawState: "Importing", ProgressRaw: step.raw}}
		if n := 0.0; step.raw != "" {
			if fmt.Sscan(step.raw, &n); n >= 0 && n <= 100 {
				d.Progress = &n
			}
		}
		s.truth["1"] = d
		s.lists("1", listed("1", "Importing"))
		s.Expect(t, step.want, "SELECT ifnull(CAST(progress AS INTEGER), '') || '|' || ifnull(progress_raw, '') FROM jobs")
	}
}

func TestAnAnswerThatSaysNothingNewIsNotWritten(t *testing.T) {
	s := newTold(t)
	rows := int64(7)
	s.truth["1"] = remote.Details{Job: db.Details{
		RawState: "Importing", Extra: `{"a":1}`, TotalRows: &rows, CreatedAt: storyYear.Add(time.Hour + 7*time.Microsecond),
		Files: []db.File{{Name: "a.parquet", TotalRows: &rows, CompletedAt: storyYear.Add(7 * time.Microsecond)}},
	}}
	s.lists("1", listed("1", "Importing"))
	const kept = "SELECT group_concat(described_ms || ' ' || settled) FROM archive_jobs"
	before := s.Rows(t, kept)[0][0]
	s.lists("1", listed("1", "Importing"))
	s.Expect(t, before, kept)
	rows++
	s.lists("1", listed("1", "Importing"))
	if after := s.Rows(t, kept)[0][0]; after == before {
		t.Error("more rows are no news")
	}
	s.Expect(t, "8 8", "SELECT j.total_rows || ' ' || f.total_rows FROM jobs AS j JOIN job_files AS f USING (job_id)")
	s.Expect(t, "1", "SELECT count(*) FROM jobs WHERE changed_at = described_at AND changed_at > last_state_at")
}

func TestAJobForgottenBeforeItsQueryIsNoError(t *testing.T) {
	s := newTold(t)
	s.fails["1"] = &remote.Error{Kind: remote.NotFound, Err: remote.ErrForgotten}
	if run := s.lists("1", listed("1", "Failed")); run.Described != 1 || run.DescribeFailed != 0 || run.Error != "" {
		t.Errorf("%+v", run)
	}
	s.lists("", listed("1", "Failed"))
	delete(s.fails, "1")
	s.says("1", "Importing", "")
	s.lists("1", listed("1", "Importing")) // it has moved, so the service knows it after all
}

func TestTroubleWithDetailsIsNoneOfTheRuns(t *testing.T) {
	s := newTold(t)
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		s.fails[id] = &remote.Error{Kind: remote.Unavailable, Err: errors.New("HTTP 503")}
	}
	jobs := []remote.Job{listed("1", "Failed"), listed("2", "Failed"), listed("3", "Failed"), listed("4", "Failed"), listed("5", "Importing"), listed("6", "Importing")}
	run := s.lists("1 2 3", jobs...)
	if run.DescribeFailed != 3 || run.Error != "" || run.ErrorKind != "" {
		t.Errorf("%+v", run)
	}
	// Jobs with a failed query do not keep the run from other jobs, but it
	// queries two of them again before the open jobs.
	s.lists("4 1 2", jobs...)
	delete(s.fails, "1")
	s.lists("3 4 5", jobs...)
	s.lists("1 2 6 3 4 5", jobs...)
	clear(s.fails)
	s.lists("2 3 6 4 5", jobs...)
	s.lists("6 5", jobs...)
}

func TestAServerThatCantDescribeIsLeftAloneForAnHour(t *testing.T) {
	s := newTold(t)
	s.fails["1"] = &remote.Error{Kind: remote.NotFound, Err: remote.ErrCantDescribe}
	jobs := []remote.Job{listed("1", "Failed"), listed("2", "Failed")}
	if run := s.lists("1", jobs...); run.DescribeFailed != 1 || run.Outcome != db.Complete {
		t.Errorf("%+v", run)
	}
	for range 11 {
		s.lists("", jobs...)
	}
	s.lists("2 1", jobs...)
}

// The move lies between the job's last listing and the answer about it.
func TestAJobDescribedInAnotherStateHasMoved(t *testing.T) {
	s := newTold(t)
	s.says("1", "Failed", "no such file")
	progress, job := 20.0, listed("1", "Importing")
	job.Progress, job.Extra = &progress, `{"rows":7}`
	if run := s.lists("1", job); run.Moved != 1 || run.Described != 1 {
		t.Errorf("%+v", run)
	}
	s.Expect(t, "failed ImportFailed|Failed 20.0 {\"rows\":7} no such file",
		"SELECT state || ' ImportFailed|' || raw_state || ' ' || progress || ' ' || extra || ' ' || reason FROM jobs")
	s.Expect(t, "1", "SELECT moved FROM runs")
	s.Expect(t, "running failed 2026-01-01 00:00:01.000 2026-01-01 00:00:05.001",
		"SELECT from_state || ' ' || to_state || ' ' || not_before || ' ' || observed_at FROM transitions WHERE kind = 'moved'")
	job.RawState = "Failed"
	if run := s.lists("", job); run.Moved != 0 {
		t.Errorf("%+v", run)
	}
	s.Expect(t, "2", "SELECT count(*) FROM transitions")
	// A word that we don't know, and no word at all, say nothing of its state.
	s.lists("", job)
	for _, word := range []string{"Dreaming", ""} {
		s.says("2", word, "")
		s.lists("2", job, listed("2", "Importing"))
		s.Expect(t, "running", "SELECT state FROM jobs WHERE job_id = '2'")
	}
}

func TestADescriptionIsNoSightingInAListing(t *testing.T) {
	s := newTold(t)
	s.says("1", "Importing", "")
	s.lists("1", listed("1", "Importing"))
	s.says("1", "Failed", "found out after it was missed")
	s.knows = map[string]bool{"1": true}
	s.lists("1")
	s.Expect(t, "failed", "SELECT state FROM jobs")
	s.knows = nil
	s.lists("")
	s.Expect(t, "1", `SELECT count(*) FROM transitions AS g JOIN transitions AS a ON a.kind = 'appeared'
		WHERE g.kind = 'gone' AND g.not_before < datetime(a.observed_at, '+5 seconds')`)
}

func TestANameThatOnlyTheDetailsHaveIsKept(t *testing.T) {
	s := newTold(t)
	for id, name := range map[string]string{"1": "products", "2": "books"} {
		s.truth[id] = remote.Details{Collection: name, Job: db.Details{RawState: "Completed", Extra: `{"a":[1,2]}`}}
	}
	s.lists("1 2", listed("1", "Completed"), remote.Job{ID: "2", RawState: "Completed"})
	s.Expect(t, `{"a":[1,2]} {"a":[1,2],"collectionName":"books"}`, "SELECT group_concat(details_extra, ' ') FROM (SELECT * FROM jobs ORDER BY job_id)")
}

// TestWhatAnotherProcessHasSeenSinceIsNotUndone: it lists, after the service was
// asked for a job, that the job has moved on.
func TestWhatAnotherProcessHasSeenSinceIsNotUndone(t *testing.T) {
	s := newTold(t)
	b := s.Beside(t)
	other := syncer(b.Store, s.Now, nil)
	s.says("1", "Pending", "")
	s.says("2", "Failed", "no such file")
	s.telling.tell = func(ctx context.Context, id string) (remote.Details, error) {
		d, err := s.answer(ctx, id)
		if id == "1" {
			run, err := other(s.handClock.lists(listed("1", "Completed"), listed("2", "Importing")))
			mustSync(t, run, err)
		}
		return d, err
	}
	run := s.lists("1 2", listed("1", "Importing"), listed("2", "Pending"))
	if run.Moved != 1 || run.Described != 2 {
		t.Errorf("%+v", run)
	}
	s.Expect(t, "1 completed, 2 failed", "SELECT group_concat(job_id || ' ' || state, ', ') FROM (SELECT * FROM jobs ORDER BY job_id)")
	s.Expect(t, "0", "SELECT count(*) FROM transitions WHERE from_state = 'completed'")
	s.telling.tell = s.answer
	s.says("1", "Completed", "")
	s.lists("1", listed("1", "Completed"), listed("2", "Failed")) // the answer from before its end was not the last one
	s.lists("", listed("1", "Completed"), listed("2", "Failed"))
}

func TestAPanicDuringADescriptionHarmsNothing(t *testing.T) {
	s := newTold(t)
	s.telling.tell = func(context.Context, string) (remote.Details, error) { panic("in the middle of an answer") }
	s.scripted = s.handClock.lists(listed("1", "Failed"))
	run, err := s.engine.Sync(context.Background(), &s.engine.Clusters[0], db.ByHand)
	if err == nil || run.Outcome != db.Complete {
		t.Errorf("%+v: %v", run, err)
	}
	s.Expect(t, "complete", "SELECT outcome FROM runs")
	s.telling.tell = s.answer
	s.lists("1", listed("1", "Failed"))
}

// forgetful can't store details.
type forgetful struct {
	db.Store
	failures int
}

func (s *forgetful) Described(ctx context.Context, r *db.Run, all []db.Described) error {
	if s.failures--; s.failures >= 0 {
		return errors.New("the disk is full")
	}
	return s.Store.Described(ctx, r, all)
}

func TestARunQueriesAgainWhatCouldNotBeStored(t *testing.T) {
	s := newTold(t)
	s.says("1", "Failed", "no such file")
	s.engine.Store = &forgetful{s.Store, 1}
	s.scripted = s.handClock.lists(listed("1", "Importing"))
	run, err := s.engine.Sync(context.Background(), &s.engine.Clusters[0], db.ByHand)
	if err == nil || !strings.Contains(err.Error(), "disk is full") || run.Outcome != db.Complete || run.Described != 0 || run.Moved != 0 {
		t.Errorf("%+v: %v", run, err)
	}
	s.lists("1", listed("1", "Importing"))
	s.Expect(t, "no such file", "SELECT reason FROM jobs WHERE state = 'failed'")
}

func TestAClockThatStepsBackDuringDescriptionsIsHeld(t *testing.T) {
	s := newTold(t)
	s.says("1", "Importing", "")
	s.says("2", "Failed", "no such file")
	s.telling.tell = func(ctx context.Context, id string) (remote.Details, error) {
		s.add(-time.Hour)
		return s.answer(ctx, id)
	}
	s.lists("1 2", listed("1", "Pending"), listed("2", "Pending"))
	s.add(24 * time.Hour)
	s.telling.tell = s.answer
	s.lists("1", listed("1", "Completed"), listed("2", "Failed"))
}
