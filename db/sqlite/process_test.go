package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// childVariable makes the test binary a second process: it does what the variable
// names, reports that it has, and waits until the test kills or releases it.
const childVariable = "IMPORTARCHIVE_DB_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childVariable); what != "" {
		if err := beChild(what, os.Args[1]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println("done")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func beChild(what, path string) error {
	ctx := context.Background()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	if what == "hold the service" {
		_, err := sqlite.HoldService(ctx, path, now)
		return err
	}
	if what == "migrate" {
		return migrateAsChild(ctx, path)
	}
	st, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	if pauses, ok := strings.CutPrefix(what, "prune until pause "); ok {
		return pruneUntil(ctx, st, pauses)
	}
	name := fmt.Sprint("cluster ", os.Getpid())
	r := &db.Run{Trigger: db.AtStart, StartedAt: now, Cluster: db.Cluster{Name: name, API: "zilliz-v1"}}
	if err := st.Begin(ctx, r); err != nil {
		return err
	}
	at := now.Add(time.Second)
	if err := st.Commit(ctx, r, db.Batch{Changes: []db.Change{
		{Kind: db.Appeared, Seq: 1, Job: dbtest.Listed("x", db.Running), ObservedAt: at, Asked: now, Seen: at},
	}}); err != nil {
		return err
	}
	switch what {
	case "leave a run open":
		return nil
	case "make a run":
		r.Outcome, r.ListingStart, r.FinishedAt, r.Appeared = db.Complete, now, at, 1
		return errors.Join(st.Finish(ctx, r, nil), st.Close())
	}
	return fmt.Errorf("what is %q", what)
}

// child is another process.
type child struct {
	*exec.Cmd
	t    *testing.T
	told *bufio.Reader
	in   io.Closer
}

func start(t *testing.T, what, path string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0], path), t: t}
	c.Env = append(os.Environ(), childVariable+"="+what)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	c.told = bufio.NewReader(out)
	t.Cleanup(c.kill)
	return c
}

// done waits until the child reports that it has done its work.
func (c *child) done() *child {
	c.t.Helper()
	if line, err := c.told.ReadString('\n'); line != "done\n" {
		c.t.Fatalf("the child says %q, %v", line, err)
	}
	return c
}

func (c *child) kill() {
	if c.ProcessState == nil {
		_ = c.Process.Kill()
		_ = c.Wait() // it says that it was killed
	}
}

func TestTheServiceIsHeldByOneProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	holder := start(t, "hold the service", path).done()
	_, err := sqlite.HoldService(t.Context(), path, time.Now())
	var held *sqlite.HeldError
	if !errors.As(err, &held) {
		t.Fatalf("held twice: %v", err)
	}
	host, _ := os.Hostname()
	for _, part := range []string{path, fmt.Sprintf("pid %d", holder.Process.Pid), host, "since 2026-05-01 12:00:00 UTC"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
	holder.kill()
	release, err := sqlite.HoldService(t.Context(), path, time.Now())
	if err != nil {
		t.Fatalf("after its holder died: %v", err)
	}
	if _, err := sqlite.HoldService(t.Context(), path, time.Now()); !errors.As(err, &held) || !strings.Contains(held.Holder, fmt.Sprint(os.Getpid())) {
		t.Errorf("the new holder is not named: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if release, err = sqlite.HoldService(t.Context(), path, time.Now()); err != nil {
		t.Fatalf("after it was released: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

func TestARunIsClosedWhenTheProcessThatLeftItOpenIsDead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	worker := start(t, "leave a run open", path).done()
	const question = `SELECT outcome, appeared, pages, finished_at IS NOT NULL, seconds FROM runs ORDER BY id`

	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := show(t, st.Reader, question); got != "-|0|-|0|-\n" {
		t.Errorf("while its process lives the run is %s", got)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	worker.kill()
	st = openAt(t, path)
	if got := show(t, st.Reader, question); got != "interrupted|1|-|1|-\n" {
		t.Errorf("after its process died the run is %s", got)
	}
	if got := show(t, st.Reader, `SELECT last_outcome, failures, archived FROM clusters`); got != "interrupted|0|1\n" {
		t.Errorf("its cluster is %s", got)
	}
}

// A run that was left open is not closed while any process still writes: it
// might be that one's.
func TestARunOfTheDeadWaitsUntilNobodyElseWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	dead := start(t, "leave a run open", path).done()
	alive := start(t, "leave a run open", path).done()
	dead.kill()
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := show(t, st.Reader, `SELECT count(*) FROM runs WHERE outcome IS NULL`); got != "2\n" {
		t.Errorf("open are %s", got)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	alive.kill()
	if got := show(t, openAt(t, path).Reader, `SELECT count(*) FROM runs WHERE outcome = 'interrupted'`); got != "2\n" {
		t.Errorf("closed are %s", got)
	}
}

func TestProcessesThatOpenAFreshPathAtOnceShareOneArchive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	const several = 4
	var all []*child
	for range several {
		all = append(all, start(t, "make a run", path))
	}
	for _, c := range all {
		c.done()
	}
	st := openAt(t, path)
	if got := show(t, st.Reader, `SELECT count(*), sum(last_outcome = 'complete'), sum(archived) FROM clusters`); got != "4|4|4\n" {
		t.Errorf("clusters, complete, jobs: %s", got)
	}
}

func TestAnOlderRunOfTheDeadDoesNotSpeakForItsCluster(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "archive.db")
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := dbtest.Tell(t, st, "a")
	s.Begin() // a run that stays open
	s.Lists(dbtest.Listed("x", db.Running))
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = openAt(t, path)
	if got := show(t, st.Reader, `SELECT outcome, finished_at > started_at FROM runs ORDER BY id`); got != "interrupted|1\ncomplete|1\n" {
		t.Errorf("the runs are %s", got)
	}
	if got := show(t, st.Reader, `SELECT last_outcome FROM clusters`); got != "complete\n" {
		t.Errorf("the cluster's last one is %s", got)
	}
}
