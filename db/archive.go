package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// State is what has become of a job, in our words. It is text, so that
// stored values are immune to renumbering.
type State string

// The states of a job. Completed, failed and cancelled are terminal.
const (
	Pending   State = "pending"
	Running   State = "running"
	Completed State = "completed"
	Failed    State = "failed"
	Cancelled State = "cancelled"
	Unknown   State = "unknown" // a word of the service that we don't know; the raw state has it
)

// States lists every state in the order people expect to read them.
var States = [...]State{Pending, Running, Completed, Failed, Cancelled, Unknown}

// Terminal reports whether a job in this state has finished.
func (s State) Terminal() bool { return s == Completed || s == Failed || s == Cancelled }

// Job is an import job as the archive keeps it. Texts that the service did
// not send are "", and become NULL.
type Job struct {
	ID         string
	Collection string
	State      State
	RawState   string
	Progress   *float64
	Reason     string
	Extra      string
}

// Kind says how a job changed.
type Kind string

// The kinds of change. Appeared, moved, renamed, gone and returned are
// history and become transitions; edited and missed alter the row quietly.
const (
	Appeared Kind = "appeared" // listed for the first time
	Moved    Kind = "moved"    // another state, or another word of the service for the same one
	Renamed  Kind = "renamed"  // another collection name
	Edited   Kind = "edited"   // progress, reason, extra, or listed again after it was missed
	Missed   Kind = "missed"   // not in a complete listing, not yet often enough to be gone
	Gone     Kind = "gone"     // its absence is confirmed
	Returned Kind = "returned" // listed again after it was gone
)

// History reports whether a change of this kind becomes a transition.
func (k Kind) History() bool { return k != Edited && k != Missed }

// Change is what one run alters of one job. A job that does several things
// at once (returns in another state, say) gives several changes, in the
// order in which they become history.
type Change struct {
	Kind Kind
	Seq  uint32 // the job's number within its cluster, given when it appears
	Job  Job    // as it is now; after Missed and Gone only what Known keeps of it

	FromState    State  // Moved: the state before
	FromRawState string // Moved: the service's word before

	// The change happened after NotBefore (zero: unknown) and no
	// later than ObservedAt.
	NotBefore, ObservedAt time.Time

	// The job's last sighting: when the page that had it was asked for,
	// and when it had been received.
	Asked, Seen time.Time

	// ListedRaw is the word that the list gives the job. It is another than
	// Job.RawState where the job's details have shown another state since.
	ListedRaw string

	Misses      int  // Missed, Gone: complete listings in a row without the job, counted until there are enough for it to be gone
	Away        bool // Moved, Renamed: it happened while the job was gone
	FromDetails bool // Moved: by the job's details and not by a listing, which says nothing of the rest of the row
}

// Turned reports whether the change moves the job to another state, and not
// only to another word for the same one.
func (c *Change) Turned() bool { return c.Kind == Moved && c.FromState != c.Job.State }

// Turn gives the states that the change goes from and to, with the service's
// words. Presence reads as a state of its own: a job that appears or returns
// comes from none, one that is gone goes to none.
func (c *Change) Turn() (from, to State, fromRaw, toRaw string) {
	from, to, fromRaw, toRaw = c.Job.State, c.Job.State, c.Job.RawState, c.Job.RawState
	switch c.Kind {
	case Appeared, Returned:
		from, fromRaw = "", ""
	case Moved:
		from, fromRaw = c.FromState, c.FromRawState
	case Gone:
		to, toRaw = "", ""
	}
	return from, to, fromRaw, toRaw
}

// Reject is a record that could not be archived.
type Reject struct {
	At     time.Time
	Reason string
	Raw    string
	Nth    int // the how-manieth record of its listing with exactly this text, from 1
}

// Batch is what one commit stores.
type Batch struct {
	Changes []Change
	Rejects []Reject
}

// Trigger says why a run started.
type Trigger string

// The triggers of a run.
const (
	BySchedule Trigger = "schedule"
	AtStart    Trigger = "start"
	ByHand     Trigger = "manual"
	ByDemo     Trigger = "demo"
)

// Outcome says how a run ended.
type Outcome string

// The outcomes of a run. Only a run that read the whole listing, undisturbed,
// concludes anything from what it did not see.
const (
	Complete    Outcome = "complete"    // the whole listing, undisturbed, every record archived
	Quick       Outcome = "quick"       // of a list that is newest first, all that may have changed
	Partial     Outcome = "partial"     // some of it: an error on the way, a disturbed listing, rejects, or absences that stay undecided
	Failure     Outcome = "failed"      // nothing of it
	Interrupted Outcome = "interrupted" // stopped by us, or found open by the next process
)

// Conclusive reports whether a run with this outcome has seen all that is new and
// all that is open.
func (o Outcome) Conclusive() bool { return o == Complete || o == Quick }

// Order is what a run's listing showed of the order of its cluster's list.
type Order int8

// What appeared stood before all that was known, and that in its old order; or
// not. Most listings show neither, because nothing appeared.
const (
	NoOrder Order = iota
	NewestFirst
	OtherOrder
)

// Before is what the archive holds of a cluster when a run begins.
type Before struct {
	At          time.Time     // when the newest complete or quick listing ended; zero: there was none
	Expected    time.Duration // from one to the next, by the schedule of the newest complete one
	NewestFirst int           // complete listings in a row that showed the list to be newest first
	Since       time.Time     // when the first of them ended; zero where there is none
	Answered    bool          // the service has told details of a job, so it has the call
	AskedInVain bool          // the newest run that has ended got no answer about some job that it asked for
}

// Run is one attempt to list one cluster.
type Run struct {
	ID      int64 // given by Begin
	Cluster Cluster
	Trigger Trigger

	StartedAt    time.Time // moved on by Begin where the archive is ahead of the clock
	ListingStart time.Time // Complete, Quick: when the listing that concluded it began
	FinishedAt   time.Time
	Outcome      Outcome
	ErrorKind    string // "" for none
	Error        string

	Pages, Requests, Retries        int
	Listed                          int // distinct jobs
	Appeared, Moved, Gone, Returned int
	Rejected                        int
	Absences                        Absences
	Described, DescribeFailed       int       // moved on by Described, after the run was closed
	Generation                      int64     // of the cluster's archive, as this run knows it: set by Begin, moved on by Commit and Finish
	NewestBefore                    time.Time // the newest time the archive holds of the cluster when the run begins; set by Begin
	Before                          Before    // set by Begin
	Order                           Order
}

// Absences counts what a run found out about the jobs that its listing lacked.
type Absences struct {
	Asked       int // jobs that it asked the service for
	Confirmed   int // of these, jobs that the service does not know
	Denied      int // of these, jobs that the service knows all the same
	Undecided   int // jobs of which the service could not say, asked for or not
	Unconfirmed int // jobs that are gone although the service has no call to ask for them
}

// Cluster identifies one listing that is archived.
type Cluster struct {
	Name      string // the key; the user's own name for it
	API       string // the dialect
	ClusterID string // as the service knows it; "" where it has none
	BaseURL   string
	Expected  time.Duration // from this run's start to the next one, by the schedule; what gaps are measured against
}

// ErrConflict says that another process has written to the cluster's archive
// since it was last read: nothing was stored, read Known again and decide again.
var ErrConflict = errors.New("another process has written to the archive of this cluster meanwhile")

// ErrOtherCluster says that the archive knows another cluster by this name.
var ErrOtherCluster = errors.New("the archive knows another cluster by this name")

// SameAs refuses a name that the archive has for another cluster, of this api and
// id: all its jobs would be gone in two runs. "" is an id that is not known. The same cluster may get
// another api, or an id; both at once make another cluster.
func (c Cluster) SameAs(api, clusterID string) error {
	oneUnknown := clusterID == "" || c.ClusterID == ""
	if clusterID == c.ClusterID || oneUnknown && api == c.API {
		return nil
	}
	return fmt.Errorf("%w (%q is %s %s in the archive, %s %s in the settings): give the new one a name of its own",
		ErrOtherCluster, c.Name, api, cmp.Or(clusterID, "without an id"), c.API, cmp.Or(c.ClusterID, "without an id"))
}

// Begun puts a run into the archive's time, which does not run backwards. newest
// is the newest time that the archive has of the cluster.
func (r *Run) Begun(newest time.Time) {
	r.NewestBefore = newest
	if r.StartedAt.Before(newest) {
		r.StartedAt = newest
	}
}

// Store keeps an archive. It loads and applies; it decides nothing. Every
// implementation passes dbtest.
type Store interface {
	// Known loads what the engine must remember of a cluster to decide.
	// A cluster that the archive doesn't have is empty.
	Known(ctx context.Context, cluster string) (*Known, error)

	// Begin opens the run's row and fills in its ID, Generation, NewestBefore and
	// Before. With ErrOtherCluster the row is open all the same, so that
	// it can be closed as failed.
	Begin(ctx context.Context, r *Run) error

	// Commit stores a batch whole or not at all, and moves the generation on.
	// ErrConflict: the run's generation is no longer the archive's.
	Commit(ctx context.Context, r *Run, b Batch) error

	// Finish closes the run's row. For a complete run it stores the absences,
	// moves the cluster's last complete listing and the generation on and
	// records the gap that ended, all in the same transaction; ErrConflict as
	// for Commit, and then nothing was stored. A quick run may conflict too, and
	// moves the last conclusive run on. A partial run may have absences, where its listing
	// was whole but some of them stay undecided: they are stored in the same
	// transaction, which may conflict, and the last complete listing stays. Other
	// runs have none and can't conflict. A run is closed once: what a store has
	// said to have stored stays.
	Finish(ctx context.Context, r *Run, absences iter.Seq[Change]) error

	// JobID gives the id of a job by its number, also of a pruned one; "" where
	// there is no such job.
	JobID(ctx context.Context, cluster string, seq uint32) (string, error)

	// Undescribed gives the listed jobs of a cluster that are worth asking for:
	// failed ones first, then those that ended otherwise, then open ones, and
	// of each the earliest first.
	Undescribed(ctx context.Context, cluster string, limit int) ([]Undescribed, error)

	// Described stores what came of asking for jobs, whole or not at all, and
	// moves the counters of a closed run on. An answer that says what the one
	// before it said is not written. ErrConflict as for Commit, but only where
	// a job has moved.
	Described(ctx context.Context, r *Run, all []Described) error
}
