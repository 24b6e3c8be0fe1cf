package e2e_test

import (
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
	"importarchive/secret"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

var randomWorlds = flag.Int("worlds", 3, "how many random worlds to live in; with -long at least 40")

// TestTheArchiveIsTrue lets random worlds live for some hours with random
// faults, in most of them with lists that lie, and in half with random prunes. Then the faults end, the
// world stands still, and the archive must come to be what is listed and stay
// so. At last it is compared with what really happened and what answers said.
func TestTheArchiveIsTrue(t *testing.T) {
	worlds := max(*randomWorlds, longtest.Size(0, 40))
	if testing.Short() {
		worlds = 3
	}
	for seed := range worlds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newRandomWorld(t, uint64(seed))
				for range 25 {
					w.lives(t)
				}
				w.standsStillWithoutIDs(t)
				w.settles(t)
				w.archive.isWhatIsListed(t, w.evidence())
				w.rests(t)
				w.archive.compare(t, w.evidence(), &w.cluster, w.details == always)
			})
		})
	}
}

// randomWorld is a world of one cluster, and an archive of it.
type randomWorld struct {
	random        *rand.Rand
	world         *simulator.World
	cluster       simulator.Cluster
	schedule      time.Duration
	goneAfter     int
	completeEvery time.Duration
	details       string
	prunes        bool

	archive   *archive
	engine    *sync.Engine
	firstSeen map[string]string
	consumer  copied
	gone      string // the newest transition checked so far
}

func newRandomWorld(t *testing.T, seed uint64) *randomWorld {
	random := rand.New(rand.NewPCG(seed, 1))
	began := time.Now()
	w := &randomWorld{random: random, cluster: randomCluster(random, began), firstSeen: map[string]string{}, gone: "0"}
	faults := randomFaults(random, &w.cluster)
	w.completeEvery = randomQuick(random, &w.cluster)
	if w.completeEvery > 0 {
		faults = faults[:1]
	}
	w.details = randomDetails(random, &w.cluster, faults)
	w.schedule = time.Duration(1+random.IntN(10)) * time.Minute
	w.goneAfter, w.prunes = 1+random.IntN(3), random.IntN(2) == 0
	if random.IntN(4) > 0 {
		lies := randomLies(random, &w.cluster, began, w.schedule)
		for i := range lies {
			if lies[i].Call != simulator.List && w.details == always {
				w.details = sometimes
			}
		}
		faults = append(faults, lies...)
	}
	w.world = simulator.New(seed, time.Now, w.cluster)
	w.world.Script(faults...)
	w.archive = newArchive(t)
	w.starts()
	return w
}

// starts makes an engine that knows nothing yet but the archive.
func (w *randomWorld) starts() {
	w.engine = w.archive.engine(w.world, w.schedule, w.cluster)
	c := &w.engine.Clusters[0]
	c.GoneAfter, c.Details, c.CompleteEvery = w.goneAfter, w.details != never, w.completeEvery
}

// lives makes one run, and waits until the next is due.
func (w *randomWorld) lives(t *testing.T) {
	t.Helper()
	next := time.Now().Add(w.schedule)
	if w.random.IntN(4) == 0 {
		w.archive.Reopen(t)
		w.starts()
	}
	if w.random.IntN(3) == 0 { // also where it is not: what is claimed must not hang on it
		w.archive.provesNewestFirst(t)
	}
	w.syncs(t, db.BySchedule)
	if w.prunes && w.random.IntN(3) == 0 {
		w.archive.pruneSome(t, w.random)
	}
	w.archive.firstSeenNeverMoves(t, w.firstSeen)
	w.consumer.catchUp(t, w.archive)
	time.Sleep(time.Until(next) + time.Duration(w.random.IntN(3000))*time.Millisecond)
}

func (w *randomWorld) syncs(t *testing.T, by db.Trigger) *db.Run {
	t.Helper()
	runs, err := w.engine.SyncAll(t.Context(), by, w.engine.Clusters)
	if err != nil {
		t.Fatal(err)
	}
	w.believesNoListAlone(t)
	return runs[0]
}

// settles ends the faults and has the world stand still, until the archive has
// had time to conclude all that it can.
func (w *randomWorld) settles(t *testing.T) {
	t.Helper()
	w.world.Heal()
	w.world.Freeze()
	honest := func() {
		for range w.goneAfter + 1 {
			if run := w.syncs(t, db.ByHand); run.Outcome != db.Complete {
				t.Errorf("run %d of an honest service that stands still is %s: %s", run.ID, run.Outcome, run.Error)
			}
			time.Sleep(w.schedule)
		}
	}
	honest()
	if w.hasNoCall() { // it is not asked again within the hour, and an empty list is not believed
		time.Sleep(61 * time.Minute)
		honest()
	}
}

// rests: while the world stands still, so does history.
func (w *randomWorld) rests(t *testing.T) {
	t.Helper()
	const newest = `SELECT coalesce(max(id), 0) FROM transitions`
	before := w.archive.Rows(t, newest)[0][0]
	for range 10 {
		w.syncs(t, db.BySchedule)
		time.Sleep(w.schedule)
	}
	for _, row := range w.archive.Rows(t, `SELECT job_id, kind, from_raw_state, to_raw_state, not_before, observed_at FROM transitions WHERE id > ?`, before) {
		t.Errorf("the world stands still, and history has %v", row)
	}
}

func (w *randomWorld) evidence() *evidence { return evidenceOf(w.world, &w.cluster) }

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
// first, unless it has just found out that they are not, and has taken back what
// quick runs concluded.
func (a *archive) provesNewestFirst(t *testing.T) {
	t.Helper()
	file, err := sql.Open("sqlite", a.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.ExecContext(t.Context(), `UPDATE archive_clusters AS c SET newest_first = 1000, newest_first_ms = 0
		WHERE conclusive_ms IS (SELECT max(finished_ms) FROM archive_runs WHERE cluster = c.id AND outcome IN ('complete', 'quick'))`); err != nil {
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
	if c.Count == simulator.CountTotal && c.Dialect != "milvus-v2" {
		all = append(all, simulator.Fault{Kind: simulator.NullList})
	}
	var some []simulator.Fault
	for range 5 {
		f := all[r.IntN(len(all))]
		f.Share = 0.02 + 0.1*r.Float64()
		some = append(some, f)
	}
	return some
}

// How a random world's jobs are queried.
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

// archive adds to an archive what compares it with a simulated world.
type archive struct{ *dbtest.Archive }

func newArchive(t testing.TB) *archive { return &archive{dbtest.NewArchive(t)} }

func (a *archive) engine(world *simulator.World, every time.Duration, clusters ...simulator.Cluster) *sync.Engine {
	e := &sync.Engine{Store: a.Store, Parallel: 4, Now: time.Now, Log: zerolog.Nop()}
	for i := range clusters {
		c := &clusters[i]
		d, _ := remote.DialectNamed(c.Dialect)
		host := "https://service.example"
		if c.Dialect == "milvus-v2" {
			host = "https://" + c.ID
		}
		target := remote.Target{
			Dialect: d, BaseURL: host, ClusterID: c.ID, PageSize: 10, Timeout: 5 * time.Second, RetryFor: 20 * time.Second,
			Key: func() (remote.Secret, error) { return secret.New(c.Key), nil },
		}
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: c.ID, API: c.Dialect, ClusterID: c.ID, BaseURL: host, Schedule: cron.Every(every), GoneAfter: 2,
			Remote: remote.NewClient(target, world.Transport(), remote.NewPacer(), time.Now),
		})
	}
	return e
}

func (a *archive) firstSeenNeverMoves(t *testing.T, firstSeen map[string]string) {
	t.Helper()
	for _, row := range a.Rows(t, "SELECT job_id, first_seen_at FROM jobs UNION ALL SELECT job_id, first_seen_at FROM pruned") {
		if was, ok := firstSeen[row[0]]; ok && was != row[1] {
			t.Errorf("%s: first_seen_at moved from %s to %s", row[0], was, row[1])
		}
		firstSeen[row[0]] = row[1]
	}
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
	p := &db.Prune{Now: time.Now(), Keep: db.Retention{Completed: age(), Failed: age(), Cancelled: age(), Lost: age(), Runs: age(), Rejects: age()}}
	if r.IntN(2) == 0 {
		p.Export = filepath.Join(filepath.Dir(a.Path), "pruned")
	}
	if _, err := a.Store.Prune(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	a.Verify(t)
}
