package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

// The points of a run at which a process can be killed. The number is of the
// page, the commit, the absent job, the queried job, or the transaction that stores
// answers.
var killPoints = []string{
	"before begin 1", "after begin 1",
	"at page 1", "at page 40", "at page 220",
	"before commit 1", "after commit 1", "before commit 2", "after commit 2",
	"after question 1", // between what the service says of an absence and its conclusion
	"before finish 1", "after finish 1",
	"in finish 1", // between the absences of one transaction
	"at job 1", "at job 250", "before told 1", "after told 1", "before told 3", "after told 3",
}

// TestAKilledRunLosesNothing has a child process make a run and kill itself at
// every named point. What it had committed is there, the archive is sound,
// the run shows as interrupted, and the next sync repairs.
func TestAKilledRunLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("processes are killed, which says nothing about races, and takes long with their detector")
	}
	points := killPoints
	if !longtest.Enabled() {
		points = []string{"at page 20", "in finish 1", "after told 1"}
	}
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			a := newArchive(t)
			first := a.listBefore(t)
			committed := runChild(t, a.Path, point, 0)
			closed := point == "after finish 1" || strings.Contains(point, "job") || strings.Contains(point, "told")
			a.survived(t, first, committed, !strings.HasSuffix(point, "begin 1") || strings.HasPrefix(point, "after"), !closed)
		})
	}
}

// TestKillsAtRandomMoments does the same whenever the dice say so.
func TestKillsAtRandomMoments(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("as above")
	}
	for n := range longtest.Size(1, 12) {
		a := newArchive(t)
		first := a.listBefore(t)
		committed := runChild(t, a.Path, "never 0", time.Duration(20+rand.IntN(600))*time.Millisecond)
		t.Logf("kill %d: %d jobs committed", n, committed)
		a.survived(t, first, committed, false, false)
	}
}

const childVariable = "IMPORTARCHIVE_TEST_CHILD"

// killedJobs is the number of jobs that the child lists. In a long test they
// take more than one commit.
func killedJobs() int { return longtest.Size(2_500, 22_500) }

// killedWorld is listed by the child: many settled jobs, none of those that
// the archive knew before. It is the same in every process.
func killedWorld(before bool) (*simulator.World, simulator.Cluster) {
	c := simulator.Cluster{ID: "in01-killed", Dialect: "zilliz-v2", Jobs: killedJobs(), Unrecorded: true, Since: storyYear, PageCap: 100}
	seed := uint64(2)
	if before {
		c.Jobs, seed = 500, 1
	}
	return simulator.New(seed, func() time.Time { return storyYear.Add(time.Hour) }, c), c
}

var storyYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// listBefore makes a complete run over another world, so that the child's run
// has absences to conclude, and returns each job's first_seen_at.
func (a *archive) listBefore(t *testing.T) map[string]string {
	t.Helper()
	world, c := killedWorld(true)
	e := a.engine(world, time.Minute, c)
	if _, err := e.SyncAll(t.Context(), db.ByHand, e.Clusters); err != nil {
		t.Fatal(err)
	}
	first := map[string]string{}
	a.firstSeenNeverMoves(t, first)
	if len(first) != 500 {
		t.Fatal(len(first))
	}
	if err := a.Store.Close(); err != nil {
		t.Fatal(err)
	}
	a.Store = nil
	return first
}

// runChild lets a child sync until the test kills it, and returns the number of jobs
// whose commit the child reported.
func runChild(t *testing.T, path, point string, after time.Duration) (committed int) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$", "-test.timeout=10m", fmt.Sprint("-long=", longtest.Enabled()))
	child.Env = append(os.Environ(), childVariable+"="+point+" "+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		time.AfterFunc(after, func() { _ = child.Process.Kill() })
	}
	finished := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
			committed, _ = strconv.Atoi(n)
		}
		finished = finished || lines.Text() == "finished"
	}
	err = child.Wait()
	if after == 0 && (finished || err == nil || child.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatalf("the child was not killed at %q: %v", point, err)
	}
	return committed
}

// survived opens the archive as the next process would.
func (a *archive) survived(t *testing.T, first map[string]string, committed int, opened, interrupted bool) {
	t.Helper()
	a.Reopen(t)
	defer func() { a.Store.Close(); a.Store = nil }()
	if got := a.Rows(t, "PRAGMA integrity_check"); got[0][0] != "ok" {
		t.Errorf("integrity: %v", got)
	}
	a.Verify(t)
	a.firstSeenNeverMoves(t, first)
	jobs, _ := strconv.Atoi(a.Rows(t, "SELECT count(*) FROM jobs")[0][0])
	if jobs < 500+committed {
		t.Errorf("%d jobs were committed, %d are there", 500+committed, jobs)
	}
	runs := a.Rows(t, "SELECT outcome, finished_at FROM runs ORDER BY id")
	if last := runs[len(runs)-1]; interrupted && opened && (len(runs) != 2 || last[0] != "interrupted" || last[1] == "") {
		t.Errorf("the killed run is not shown as interrupted: %v", runs)
	}
	if got := a.Rows(t, "SELECT count(missed_since_at), count(gone_at) FROM jobs"); interrupted && (got[0][0] != "0" || got[0][1] != "0") {
		t.Errorf("the killed run has concluded that jobs are missed or gone: %v", got)
	}
	if got := a.Rows(t, "SELECT count(*) - (SELECT sum(described) FROM runs) FROM archive_details"); got[0][0] != "0" {
		t.Errorf("%s more jobs have details than the runs have counted", got[0][0])
	}
	world, c := killedWorld(false)
	e := a.engine(world, time.Minute, c)
	e.Clusters[0].GoneAfter = 1
	if _, err := e.SyncAll(t.Context(), db.ByHand, e.Clusters); err != nil {
		t.Fatal(err)
	}
	a.Verify(t)
	a.firstSeenNeverMoves(t, first)
	got := a.Rows(t, "SELECT count(*), count(gone_at) FROM jobs")[0]
	if want := []string{strconv.Itoa(killedJobs() + 500), "500"}; got[0] != want[0] || got[1] != want[1] {
		t.Errorf("after the next sync there are %v jobs and gone ones, not %v", got, want)
	}
}

// TestKilledChild is the child.
func TestKilledChild(t *testing.T) {
	task := os.Getenv(childVariable)
	if task == "" {
		t.Skip("only for the tests that kill it")
	}
	words := strings.SplitN(task, " ", 4)
	k := &killer{where: words[0] + " " + words[1]}
	k.number, _ = strconv.Atoi(words[2])
	path := words[len(words)-1]
	if words[0] == "never" {
		k.where, path = "never", strings.Join(words[2:], " ")
	}
	st, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	world, c := killedWorld(false)
	a := &archive{&dbtest.Archive{Store: st}}
	e := a.engine(world, time.Minute, c)
	e.Store = &killingStore{Store: st, killer: k}
	e.Clusters[0].GoneAfter, e.Clusters[0].Details = 1, true
	e.Clusters[0].Remote = &killingLister{Lister: e.Clusters[0].Remote, killer: k}
	if _, err := e.SyncAll(context.Background(), db.ByHand, e.Clusters); err != nil {
		t.Fatal(err)
	}
	fmt.Println("finished")
}

// killer kills its own process when a point is reached for the nth time.
type killer struct {
	where  string
	number int
}

func (k *killer) at(where string, n int) {
	if where == k.where && n == k.number {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

type killingStore struct {
	db.Store
	*killer
	commits, jobs, told int
}

func (s *killingStore) Described(ctx context.Context, r *db.Run, all []db.Described) error {
	s.told++
	s.at("before told", s.told)
	err := s.Store.Described(ctx, r, all)
	s.at("after told", s.told)
	return err
}

func (s *killingStore) Begin(ctx context.Context, r *db.Run) error {
	s.at("before begin", 1)
	err := s.Store.Begin(ctx, r)
	s.at("after begin", 1)
	return err
}

func (s *killingStore) Commit(ctx context.Context, r *db.Run, b db.Batch) error {
	s.commits++
	s.at("before commit", s.commits)
	err := s.Store.Commit(ctx, r, b)
	if err == nil {
		s.jobs += len(b.Changes)
		fmt.Println("committed", s.jobs)
	}
	s.at("after commit", s.commits)
	return err
}

func (s *killingStore) Finish(ctx context.Context, r *db.Run, absences iter.Seq[db.Change]) error {
	s.at("before finish", 1)
	err := s.Store.Finish(ctx, r, func(yield func(db.Change) bool) {
		n := 0
		for c := range absences {
			if n++; n == 250 {
				s.at("in finish", 1)
			}
			if !yield(c) {
				return
			}
		}
	})
	s.at("after finish", 1)
	return err
}

type killingLister struct {
	sync.Lister
	*killer
	asked  int
	absent int
}

func (l *killingLister) Describe(ctx context.Context, id string) (remote.Details, error) {
	l.asked++
	l.at("at job", l.asked)
	return l.Lister.(sync.Describer).Describe(ctx, id)
}

func (l *killingLister) Confirm(ctx context.Context, id string) (remote.Details, error) {
	l.absent++
	d, err := l.Lister.(sync.Describer).Confirm(ctx, id)
	l.at("after question", l.absent)
	return d, err
}

func (l *killingLister) Pages(ctx context.Context, surely func() bool) iter.Seq2[remote.Page, error] {
	return func(yield func(remote.Page, error) bool) {
		for p, err := range l.Lister.Pages(ctx, surely) {
			l.at("at page", p.Number)
			if !yield(p, err) {
				return
			}
		}
	}
}
