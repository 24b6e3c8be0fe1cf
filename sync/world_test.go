package sync_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

var randomWorlds = flag.Int("worlds", 3, "how many random worlds to live in; with -long at least 40")

// TestTheArchiveIsTrue lets random worlds live for some hours with random
// faults, and in half of them with random prunes, and then compares the archive
// with what really happened and with what was really shown.
func TestTheArchiveIsTrue(t *testing.T) {
	worlds := max(*randomWorlds, longtest.Size(0, 40))
	if testing.Short() {
		worlds = 3
	}
	for seed := range worlds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { liveInARandomWorld(t, uint64(seed)) })
		})
	}
}

func liveInARandomWorld(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	began := time.Now()
	cluster := randomCluster(random, began)
	faults := randomFaults(random, &cluster)
	completeEvery := randomQuick(random, &cluster)
	if completeEvery > 0 {
		faults = faults[:1]
	}
	details := randomDetails(random, &cluster, faults)
	world := simulator.New(seed, time.Now, cluster)
	world.Script(faults...)
	schedule := time.Duration(1+random.IntN(10)) * time.Minute
	a := newArchive(t)
	e := a.engine(world, schedule, cluster)
	e.Clusters[0].GoneAfter, e.Clusters[0].Details = 1+random.IntN(3), details != never
	e.Clusters[0].CompleteEvery = completeEvery

	firstSeen, consumer := map[string]string{}, copied{}
	prunes := random.IntN(2) == 0
	for range 25 {
		next := time.Now().Add(schedule)
		if random.IntN(4) == 0 { // a restart: what is known is loaded again
			a.reopen(t)
			before := e.Clusters[0]
			e = a.engine(world, schedule, cluster)
			e.Clusters[0].GoneAfter, e.Clusters[0].Details, e.Clusters[0].CompleteEvery = before.GoneAfter, before.Details, before.CompleteEvery
		}
		if random.IntN(3) == 0 { // also where it is not: what is claimed must not hang on it
			a.provesNewestFirst(t)
		}
		if _, err := e.SyncAll(t.Context(), db.BySchedule, e.Clusters); err != nil {
			t.Fatal(err)
		}
		if prunes && random.IntN(3) == 0 {
			a.pruneSome(t, random)
		}
		a.firstSeenNeverMoves(t, firstSeen)
		consumer.catchUp(t, a)
		time.Sleep(time.Until(next) + time.Duration(random.IntN(3000))*time.Millisecond)
	}
	a.compareWithShown(t, world.Shown(cluster.ID), turnsTold(world, &cluster))
	a.compareWithTruth(t, world.Truth(cluster.ID), began)
	a.compareWithTold(t, world.Truth(cluster.ID), world.Told(cluster.ID), &cluster, details == always)
	a.holdsItsInvariants(t)
}

// randomQuick makes some lists so long that quick listings are worthwhile. Of
// a long one that is oldest first no reader could notice that it skipped a job,
// where one on top has expired and one below was born meanwhile.
func randomQuick(r *rand.Rand, c *simulator.Cluster) (completeEvery time.Duration) {
	if c.Dialect == "milvus-v2" || r.IntN(3) == 0 {
		return 0
	}
	c.Order, c.Jobs, c.NeverEndsShare, c.LostShare, c.RunFor = simulator.NewestFirst, 150, 0.01, 0.02, c.RunFor/3
	return time.Duration(1+r.IntN(90)) * time.Minute
}

// provesNewestFirst has the archive believe that its lists were always newest
// first.
func (a *archive) provesNewestFirst(t *testing.T) {
	t.Helper()
	file, err := sql.Open("sqlite", a.path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.ExecContext(t.Context(), `UPDATE archive_clusters SET newest_first = 1000, newest_first_ms = 0`); err != nil {
		t.Fatal(err)
	}
}

func randomCluster(r *rand.Rand, began time.Time) simulator.Cluster {
	c := simulator.Cluster{
		ID: "in01-0a1b2c", Dialect: pick(r, "zilliz-v1", "zilliz-v2", "milvus-v2"), Key: "key-of-the-world",
		Since: began.Add(-time.Hour),
		Every: time.Duration(5+r.IntN(120)) * time.Second, RunFor: time.Duration(1+r.IntN(30)) * time.Minute,
		KeepFor:   time.Duration(5+r.IntN(90)) * time.Minute,
		FailShare: 0.2, CancelShare: 0.1, NeverEndsShare: 0.05, LostShare: 0.1, ReturnShare: 0.2, RenameShare: 0.1,
		Order: pick(r, simulator.Usual, simulator.OldestFirst, simulator.NewestFirst),
		Count: pick(r, simulator.CountTotal, simulator.CountTotal, simulator.CountPage, simulator.CountAbsent),
		List:  pick(r, "", "records", "tasks"), PageCap: pick(r, 0, 0, 7), EndError: r.IntN(2) == 0,
	}
	if c.Dialect == "milvus-v2" {
		c.ID = "milvus.example"
	}
	return c
}

// randomFaults are any, but for what no reader could notice: pages that skip
// jobs while the service gives no total to compare with. Whatever makes time
// pass between two pages can do that, because jobs leave the list meanwhile.
func randomFaults(r *rand.Rand, c *simulator.Cluster) []simulator.Fault {
	all := []simulator.Fault{
		{Kind: simulator.HTTPStatus, Status: 401},
		{Kind: simulator.ErrorCode, Code: 80001},
		{Kind: simulator.HTML},
		{Kind: simulator.EmptyObject},
		{Kind: simulator.NoData},
		{Kind: simulator.NullData},
		{Kind: simulator.NullList},
		{Kind: simulator.Redirect},
		{Kind: simulator.Shifted, By: 2, FromPage: 2},
	}
	if c.Count == simulator.CountTotal {
		all = append(all, []simulator.Fault{
			{Kind: simulator.Refused},
			{Kind: simulator.HTTPStatus, Status: 503},
			{Kind: simulator.Cut},
			{Kind: simulator.Hang},
			{Kind: simulator.HTTPStatus, Status: 429, RetryAfter: 3 * time.Second},
			{Kind: simulator.HTTPStatus, Status: 429, RetryAfter: time.Hour, RetryAsDate: true},
			{Kind: simulator.SamePage},
			{Kind: simulator.SmallPages, Size: 3},
			{Kind: simulator.Shifted, By: -2, FromPage: 2},
			{Kind: simulator.Miscount, By: 3},
			{Kind: simulator.Slow, Delay: 7 * time.Second},
			{Kind: simulator.Slow, Delay: 2 * time.Second},
		}...)
	}
	var some []simulator.Fault
	for range 5 {
		f := all[r.IntN(len(all))]
		f.Share = 0.02 + 0.1*r.Float64()
		some = append(some, f)
	}
	return some
}

// How the jobs of a random world are asked for.
const (
	never     = "never"
	sometimes = "sometimes" // what hits listings hits this too
	always    = "always"
)

func randomDetails(r *rand.Rand, c *simulator.Cluster, faults []simulator.Fault) string {
	c.Percent = r.IntN(2) == 0
	c.Clock = pick(r, 0, 0, time.Hour, -7*time.Second)
	how := pick(r, never, sometimes, always, always)
	if how == always {
		for i := range faults {
			faults[i].Call = simulator.List
		}
		return how
	}
	c.Naming = pick(r, simulator.AllNames, simulator.CamelName, simulator.SnakeName, simulator.NoName)
	return how
}

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// archive is a real one, with the means to compare it.
type archive struct {
	path  string
	store *db.SQLite
	file  *sql.DB // instead of store, where another process writes
}

func newArchive(t testing.TB) *archive {
	a := &archive{path: dbtest.Fresh(t)}
	a.reopen(t)
	t.Cleanup(func() {
		if a.store != nil {
			a.store.Close()
		}
	})
	return a
}

func (a *archive) reopen(t testing.TB) {
	t.Helper()
	if a.store != nil {
		if err := a.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if a.store, err = db.Open(context.Background(), a.path, db.Options{}); err != nil {
		t.Fatal(err)
	}
}

func (a *archive) engine(world *simulator.World, every time.Duration, clusters ...simulator.Cluster) *sync.Engine {
	e := &sync.Engine{Store: a.store, Parallel: 4, Now: time.Now, Log: zerolog.Nop()}
	for i := range clusters {
		c := &clusters[i]
		d, _ := remote.DialectNamed(c.Dialect)
		host := "https://service.example"
		if c.Dialect == "milvus-v2" {
			host = "https://" + c.ID
		}
		target := remote.Target{
			Dialect: d, BaseURL: host, ClusterID: c.ID, PageSize: 10, Prefetch: 4, Timeout: 5 * time.Second, RetryFor: 20 * time.Second,
			Key: func() (remote.Secret, error) { return remote.NewSecret(c.Key), nil },
		}
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: c.ID, API: c.Dialect, ClusterID: c.ID, BaseURL: host, Schedule: cron.Every(every), GoneAfter: 2,
			Remote: remote.NewClient(target, world.Transport(), remote.NewPacer(), time.Now),
		})
	}
	return e
}

// rows reads a query's rows as text.
func (a *archive) rows(t *testing.T, query string, args ...any) [][]string {
	t.Helper()
	file := a.file
	if file == nil {
		file = a.store.Reader()
	}
	rows, err := file.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	var all [][]string
	for rows.Next() {
		row, into := make([]*string, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(columns))
		for i, p := range row {
			if p != nil {
				texts[i] = *p
			}
		}
		all = append(all, texts)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (a *archive) firstSeenNeverMoves(t *testing.T, firstSeen map[string]string) {
	t.Helper()
	for _, row := range a.rows(t, "SELECT job_id, first_seen_at FROM jobs UNION ALL SELECT job_id, first_seen_at FROM pruned") {
		if was, ok := firstSeen[row[0]]; ok && was != row[1] {
			t.Errorf("%s: first_seen_at moved from %s to %s", row[0], was, row[1])
		}
		firstSeen[row[0]] = row[1]
	}
}

// turnsTold is what was told of jobs' states, which the first API does not do.
func turnsTold(world *simulator.World, c *simulator.Cluster) map[string]simulator.Telling {
	if c.Dialect == "zilliz-v1" {
		return nil
	}
	return world.Told(c.ID)
}

// compareWithShown: every job that a listing showed is there once, no other
// job is, and each stands in its place in time, as the newest listing or answer
// about it alone has shown it.
func (a *archive) compareWithShown(t *testing.T, shown map[string]simulator.Sighting, told map[string]simulator.Telling) {
	t.Helper()
	archived := map[string]bool{}
	// Of a pruned job nobody says when it was last seen.
	for _, row := range a.rows(t, `SELECT job_id, first_seen_at, last_seen_at, state FROM jobs
		UNION ALL SELECT job_id, first_seen_at, first_seen_at, state FROM pruned`) {
		id, first, last := row[0], moment(t, row[1]), moment(t, row[2])
		s, ok := shown[id]
		if d := told[id]; ok && d.State != "" && !d.Last.Before(s.Last) {
			s.Last, s.States = d.Last, append(s.States, d.State)
		}
		switch {
		case !ok:
			t.Errorf("%s is archived, but was never shown", id)
		case archived[id]:
			t.Errorf("%s is archived twice", id)
		case s.First.After(first):
			t.Errorf("%s was first seen at %v, but first shown at %v", id, first, s.First)
		case first.Sub(s.First) > 10*time.Second:
			t.Errorf("%s was shown at %v, but counts as seen only from %v", id, s.First, first)
		case last.After(s.Last.Add(10 * time.Second)):
			t.Errorf("%s was last seen at %v, but last shown at %v", id, last, s.Last)
		case s.States[len(s.States)-1] != row[3]:
			t.Errorf("%s was last shown as %s, but is archived as %s", id, s.States[len(s.States)-1], row[3])
		}
		archived[id] = true
	}
	for id, s := range shown {
		if !archived[id] {
			t.Errorf("%s was shown at %v, but is not archived", id, s.First)
		}
	}
}

// compareWithTruth: everything the archive says happened did happen, within
// its bounds; and nothing that was in the newest complete listing is gone.
func (a *archive) compareWithTruth(t *testing.T, lives []simulator.Life, began time.Time) {
	t.Helper()
	truth := map[string]simulator.Life{}
	for _, l := range lives {
		truth[l.ID] = l
	}
	for _, row := range a.rows(t, "SELECT job_id, kind, to_state, collection, not_before, observed_at FROM transitions") {
		life, kind := truth[row[0]], row[1]
		var after time.Time
		if row[4] != "" {
			after = moment(t, row[4])
		} else if kind != "appeared" {
			t.Errorf("%v has no lower bound", row)
		}
		observed := moment(t, row[5])
		if !happened(life, kind, row[2], row[3], after, observed) {
			t.Errorf("%v did not happen in its bounds; what happened: %v", row, life.Moments)
		}
	}
	for _, row := range a.rows(t, `SELECT j.job_id, j.gone_at, c.last_complete_at FROM jobs AS j JOIN clusters AS c ON c.name = j.cluster
		WHERE j.gone_at > c.last_complete_at`) {
		t.Errorf("%v is gone since no complete listing", row)
	}
}

// compareWithTold: what was told of a job is kept, why one failed is, unless the
// service forgot it as soon as it had been listed so, and none took longer or
// shorter than the archive says. A service's clock that is only a little wrong
// can't be told from one that is right.
func (a *archive) compareWithTold(t *testing.T, lives []simulator.Life, told map[string]simulator.Telling, c *simulator.Cluster, always bool) {
	t.Helper()
	truth := map[string]simulator.Life{}
	for _, l := range lives {
		truth[l.ID] = l
	}
	wrong := min(c.Clock.Abs(), time.Minute).Seconds()
	for _, row := range a.rows(t, `SELECT job_id, state, coalesce(reason, ''), last_state_at, coalesce(total_rows, ''), coalesce(file_size, '')
		FROM jobs WHERE history_pruned_at IS NULL`) {
		l, reason, seen := truth[row[0]], row[2], moment(t, row[3])
		really := l.Moments[len(l.Moments)-1].Reason
		if reason != "" && reason != really || told[l.ID].Reason != "" && reason == "" {
			t.Errorf("%s is %s because of %q, really of %q, told was %+v", l.ID, row[1], reason, really, told[l.ID])
		}
		if always && row[1] == "failed" && reason != really && listedFor(&l, seen) > 70*time.Second {
			t.Errorf("%s failed, seen at %v, and nobody knows why: %v", l.ID, seen, l.Moments)
		}
		if row[4] != "" && row[4] != fmt.Sprint(l.Rows) || row[5] != "" && row[5] != fmt.Sprint(l.Size) {
			t.Errorf("%s has %s rows in %s bytes, really %d in %d", l.ID, row[4], row[5], l.Rows, l.Size)
		}
	}
	for _, row := range a.rows(t, `SELECT job_id, min_seconds, coalesce(max_seconds, 1e9), created_at, completed_at FROM jobs WHERE min_seconds IS NOT NULL`) {
		took, once := lasted(truth[row[0]])
		if !once {
			continue
		}
		var least, most float64
		if _, err := fmt.Sscan(row[1]+" "+row[2], &least, &most); err != nil {
			t.Fatal(err)
		}
		if took < least-wrong || took > most+wrong {
			t.Errorf("%v took %v seconds: %v", row, took, truth[row[0]].Moments)
		}
	}
}

// lasted is how long a job took, in seconds. One that came back may have come
// and gone before anybody looked, and counts from when it was back.
func lasted(l simulator.Life) (seconds float64, once bool) {
	var ended time.Time
	for _, m := range l.Moments {
		if m.Kind == "returned" {
			return 0, false
		}
		if m.Kind == "moved" {
			ended = m.At
		}
	}
	return ended.Sub(l.Moments[0].At).Seconds(), true
}

// listedFor is how long a job went on to be listed.
func listedFor(l *simulator.Life, from time.Time) time.Duration {
	for _, m := range l.Moments {
		if m.Kind == "gone" && m.At.After(from) {
			return m.At.Sub(from)
		}
	}
	return time.Since(from)
}

func happened(life simulator.Life, kind, state, collection string, after, until time.Time) bool {
	for _, m := range life.Moments {
		if !m.At.After(after) || m.At.After(until) {
			continue
		}
		switch {
		case kind == "moved" && m.State == state,
			kind == "renamed" && m.Collection == collection,
			kind == "appeared" && m.Kind == "returned", // it had come and gone before anybody looked
			kind == m.Kind:
			return true
		}
	}
	return false
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(db.TimeFormat, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// pruneSome prunes by ages of some minutes.
func (a *archive) pruneSome(t *testing.T, r *rand.Rand) {
	t.Helper()
	age := func() time.Duration { return time.Duration(r.IntN(40)) * time.Minute } // 0: for ever
	p := &db.Prune{Now: time.Now(), Keep: db.Retention{Completed: age(), Failed: age(), Cancelled: age(), Lost: age(), Runs: age()}}
	if r.IntN(2) == 0 {
		p.Export = filepath.Join(filepath.Dir(a.path), "pruned")
	}
	if _, err := a.store.Prune(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	a.holdsItsInvariants(t)
}

func (a *archive) holdsItsInvariants(t *testing.T) {
	t.Helper()
	checks, err := queries.Checks()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range checks {
		if rows := a.rows(t, q.SQL); len(rows) > 0 {
			t.Errorf("invariant %s: %v", q.Name, rows)
		}
	}
}
