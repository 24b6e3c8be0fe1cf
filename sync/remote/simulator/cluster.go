package simulator

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"importarchive/sync/remote/simulator/fate"
)

// Cluster has the properties of one cluster. The zero value of each field stands for a
// quiet, regular service; shares are parts of all jobs, from 0 to 1.
type Cluster struct {
	ID      string // its clusterId; for milvus-v2, which has none, its host name
	Dialect string // zilliz-v1, zilliz-v2 or milvus-v2
	Key     string // the key that it demands; "" accepts any key, and none

	Collections []string      // where jobs import to; "products" and "reviews" by default
	Since       time.Time     // no job is born earlier; by default the world's beginning
	Every       time.Duration // mean time between births; 0: there are none
	RunFor      time.Duration // mean time from birth to end, a third of it pending; a minute by default
	KeepFor     time.Duration // how long a finished job stays listed; 0: for ever

	FailShare, CancelShare float64
	NeverEndsShare         float64 // run for ever and stay listed
	TwoPhase               bool    // jobs wait for a commit once their rows are loaded: one state, three words
	LostShare              float64 // leave the list before they end
	ReturnShare            float64 // are listed again for a while after they left
	RenameShare            float64 // have their collection renamed

	// Jobs is how many jobs had finished before Since and stay listed for ever. They
	// cost no memory: each is worked out for the request that lists it.
	Jobs int

	// Of DisagreeShare of the jobs the list says ListWord and describe says
	// DescribeWord for good, from when they have ended.
	DisagreeShare          float64
	ListWord, DescribeWord string

	Order      Order
	Count      Count
	List       string // the list's key, tasks or records; by default the dialect's own
	PageCap    int    // pages are never longer, and nothing says so; 0: no cap
	EndError   bool   // a page past the end is the parameter error, not an empty page
	NullEmpty  bool   // the list of an empty page is null, not []
	Unrecorded bool   // keep no record of answers: for worlds of millions
	Release    string // milvus-v2: "2.5", which has other words for a job that it doesn't know; by default the newest

	Naming  Naming         // by which names the call for one job is known
	Percent bool           // zilliz-v1: readyPercentage goes up to 100, not to 1; no source shows which
	Clock   time.Duration  // how far its own clock is ahead
	Zone    *time.Location // of the times that it sends; UTC by default
}

// Order is how a listing is sorted. No service documents its own.
type Order string

const (
	Usual       Order = ""             // newest first; milvus-v2 shuffled, because it walks a Go map
	NewestFirst Order = "newest first" // as a console would
	OldestFirst Order = "oldest first" // births don't shift pages, expiry does
	Shuffled    Order = "shuffled"     // anew for each request
)

// Count is what a paged listing's count means: the documentation's examples
// and its text contradict each other.
type Count string

const (
	CountTotal  Count = ""       // all jobs listed
	CountPage   Count = "page"   // the jobs of this page
	CountLags   Count = "lags"   // all but the newest
	CountAbsent Count = "absent" // there is no count
)

type cluster struct {
	Cluster
	dialect *dialect
	seed    uint64
	rules   fate.Rules
	names   []string // collections, then the same renamed
	quoted  []string // names as JSON strings

	mu           sync.Mutex
	requests     int         // of the listing
	asked        int         // about one job
	at           int64       // the moment for which living and listed are right
	until        int64       // the moment up to which they are right
	born         int         // how many were, up to then
	living       []fate.Life // those of them that are or will again be listed, oldest first, and some dead
	listed       []int       // which of living are listed
	seen         map[string]Sighting
	descriptions map[string]Description
	lies         map[string][]Lie
	numbers      map[string]int // of jobs, by id; nil before the first search
	numbered     int            // the first that is not among them

	questions []Question
}

func newCluster(seed uint64, of Cluster, now time.Time) *cluster {
	d := dialects[of.Dialect]
	if d == nil {
		panic("simulator: no dialect " + strconv.Quote(of.Dialect))
	}
	if of.Release == "2.5" && of.Dialect == "milvus-v2" {
		older := *d
		older.noJob, d = d.noJob25, &older
	}
	if of.Since.IsZero() {
		of.Since = now
	}
	if len(of.Collections) == 0 {
		of.Collections = []string{"products", "reviews"}
	}
	of.RunFor = cmp.Or(of.RunFor, time.Minute)
	of.List = cmp.Or(of.List, d.list)
	of.Order = cmp.Or(of.Order, d.order)

	// By name and not by position: a cluster's jobs are the same ones
	// whatever other clusters the world has.
	name := fnv.New64a()
	name.Write([]byte(of.ID))

	c := &cluster{
		Cluster:      of,
		dialect:      d,
		seed:         fate.Mix(seed ^ name.Sum64()),
		names:        slices.Clone(of.Collections),
		seen:         make(map[string]Sighting),
		descriptions: make(map[string]Description),
		lies:         make(map[string][]Lie),
	}
	for _, name := range of.Collections {
		c.names = append(c.names, name+"_v2")
	}
	for _, name := range c.names {
		quoted, _ := json.Marshal(name) // a string always can be
		c.quoted = append(c.quoted, string(quoted))
	}
	c.rules = fate.Rules{
		Seed: c.seed, Since: of.Since.Add(time.Millisecond - 1).UnixMilli(), Collections: len(of.Collections),
		Every: of.Every, RunFor: of.RunFor, KeepFor: of.KeepFor,
		FailShare: of.FailShare, CancelShare: of.CancelShare, NeverEndsShare: of.NeverEndsShare, LostShare: of.LostShare,
		ReturnShare: of.ReturnShare, RenameShare: of.RenameShare, DisagreeShare: of.DisagreeShare,
		TwoPhase: of.TwoPhase && d.words[fate.Uncommitted] != "", CancelFails: d.cancelFails,
		DecimalIDs: d.decimalIDs, UUIDs: d.uuids,
	}
	return c
}

// count numbers a request, from 1. Each call has its own count, so that the list does
// not depend on queries for single jobs.
func (c *cluster) count(q *question, now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.call != Describe {
		c.requests++
		return c.requests
	}
	c.asked++
	if !c.Unrecorded {
		c.questions = append(c.questions, Question{ID: q.jobID, At: now.UTC(), Answer: Silent})
	}
	return c.asked
}

// advance brings the living to moment t. Births are in order of time, so it continues
// where it stopped; it starts again only if the clock went back. Most requests follow
// another closely, and then nothing has changed.
func (c *cluster) advance(t int64) {
	if c.at <= t && t < c.until {
		c.at = t
		return
	}
	if t < c.at {
		c.born, c.living = 0, c.living[:0]
	}
	c.at, c.until = t, fate.Never
	for c.Every > 0 {
		if birth := c.rules.Birth(c.born); birth > t {
			c.until = birth
			break
		}
		if l := c.rules.Life(c.born); l.Left > t {
			c.living = append(c.living, l)
		}
		c.born++
	}
	c.look()
}

// look determines which jobs are listed at this moment, and until when that holds. It
// drops jobs that have left for good once they are half of all: in most worlds some
// leave each time, and removing them each time would take long.
func (c *cluster) look() {
	c.listed = c.listed[:0]
	dead := 0
	for i := range c.living {
		l := &c.living[i]
		if l.Left <= c.at {
			dead++
			continue
		}
		listed, until := l.Listed(c.at)
		if listed {
			c.listed = append(c.listed, i)
		}
		c.until = min(c.until, until)
	}
	if dead > len(c.living)/2 {
		c.living = slices.DeleteFunc(c.living, func(l fate.Life) bool { return l.Left <= c.at })
		c.look()
	}
}

// listing is a cluster's list at one moment, in its order. It is valid until the
// cluster advances.
type listing struct {
	*cluster
	now     int64       // of the cluster; a lie may show an older moment
	claimed []fate.Life // instead of what is listed; nil without a lie
	hidden  []fate.Life // what is listed now, and the listing lacks
	shuffle []int
}

func (c *cluster) listing(request int, now int64, f *lie) listing {
	c.advance(now)
	l := listing{cluster: c, now: now}
	if f.any() {
		l.replace(f)
	}
	if c.Order == Shuffled {
		d := fate.Roll(c.seed, fate.Shuffles, request)
		l.shuffle = rand.New(&d.PCG).Perm(l.len())
	}
	return l
}

func (l listing) len() int {
	if l.claimed != nil {
		return len(l.claimed)
	}
	return l.Jobs + len(l.listed)
}

// job returns the i-th job of the listing. The jobs of Cluster.Jobs are older than all
// others.
func (l listing) job(i int) fate.Life {
	switch l.Order {
	case Shuffled:
		i = l.shuffle[i]
	case NewestFirst:
		i = l.len() - 1 - i
	}
	if l.claimed != nil {
		return l.claimed[i]
	}
	if i < l.Jobs {
		return l.rules.Life(i - l.Jobs)
	}
	return l.living[l.listed[i-l.Jobs]]
}
