package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// State is the state of a job in our words. It is text, so that stored values do
// not depend on a numbering.
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
// at once (returns in another state, say) has several changes, in the
// order in which they become history.
type Change struct {
	Kind Kind
	Seq  uint32 // the job's number within its cluster, given when it appears
	Job  Job    // as it is now; after Missed and Gone only what Known keeps of it

	FromState    State  // Moved: the state before
	FromRawState string // Moved: the service's word before

	// The change happened after NotBefore (zero: unknown) and no later than
	// ObservedAt.
	NotBefore, ObservedAt time.Time

	// Appeared: when the listing began in which the job is new. Zero: it stands below
	// jobs that were known before the first complete listing, so it is older than they.
	ListingStart time.Time

	// The job's last sighting: the times at which the page that had it was
	// requested and received.
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

// Turn returns the states that the change goes from and to, with the service's
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

// Reject is a record that could not be archived. The archive keeps samples of them.
type Reject struct {
	At     time.Time
	Reason string
	Raw    string
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

// The outcomes of a run. Only a run that read the whole listing undisturbed
// concludes anything from the jobs that the listing lacks.
const (
	Complete    Outcome = "complete"    // the whole listing, undisturbed, and no reject is new
	Quick       Outcome = "quick"       // of a list that is newest first, all that may have changed
	Partial     Outcome = "partial"     // some of it: an error on the way, a disturbed listing, other rejects than before, or absences that stay undecided
	Failure     Outcome = "failed"      // nothing of it
	Interrupted Outcome = "interrupted" // stopped by us, or found open by the next process
)

// Conclusive reports whether a run with this outcome has seen all that is new and
// all that is open.
func (o Outcome) Conclusive() bool { return o == Complete || o == Quick }

// Order is what a run's listing showed of the order of its cluster's list.
type Order int8

// NewestFirst: every new job stood before all known ones, and those in their old
// order. OtherOrder: not so. NoOrder: nothing appeared, as in most listings.
const (
	NoOrder Order = iota
	NewestFirst
	OtherOrder
)

// Before is what the archive holds of a cluster when a run begins.
type Before struct {
	At          time.Time     // when the newest complete or quick listing ended; zero: there was none
	Expected    time.Duration // from one run to the next, by the schedule of the newest complete run
	NewestFirst int           // complete listings in a row that showed the list to be newest first
	Since       time.Time     // when the first of them ended; zero where there is none
	Answered    bool          // the service has described a job, so it has the call
	AskedInVain bool          // the newest finished run got no answer to some query for a job
	RejectSet   int64         // a digest of the rejects of the newest whole listing; 0: it had none
}

// Run is one attempt to list one cluster.
type Run struct {
	ID      int64 // given by Begin
	Cluster Cluster
	Trigger Trigger

	StartedAt    time.Time // later than the clock where the archive is ahead of it: see Begun
	ListingStart time.Time // Complete, Quick: when the listing that concluded it began
	FinishedAt   time.Time
	Outcome      Outcome
	ErrorKind    string // "" for none
	Error        string

	Pages, Requests, Retries        int
	Listed                          int // distinct jobs
	Appeared, Moved, Gone, Returned int
	Rejected                        int    // all records that could not be archived
	RejectSet                       *int64 // a digest of them; nil: the listing was not whole, or disturbed
	Absences                        Absences
	Described, DescribeFailed       int       // counted by Described, after the run was closed
	Generation                      int64     // of the cluster's archive, as this run knows it: set by Begin, Commit and Finish
	NewestBefore                    time.Time // the newest time the archive holds of the cluster when the run begins; set by Begin
	Before                          Before    // set by Begin
	Order                           Order

	// ClockOffset is the service's clock minus ours, by the answer that was nearest to
	// ours; nil if no answer had the service's clock.
	ClockOffset *time.Duration

	// ClockThen is the clock when the run ended, also where the archive was ahead of it.
	ClockThen time.Time
}

// Absences counts the jobs that a run's listing lacked, by the service's answer.
type Absences struct {
	Asked       int // jobs that the run queried
	Confirmed   int // of these, jobs that the service does not know
	Denied      int // of these, jobs that the service still knows
	Undecided   int // jobs that the service neither confirmed nor denied, queried or not
	Unconfirmed int // jobs that are gone without a confirmation, because the service has no call for one job
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
// since this process read it: nothing was stored; load Known and decide again.
var ErrConflict = errors.New("another process has written to the archive of this cluster meanwhile")

// ErrOtherCluster says that the archive knows another cluster by this name.
var ErrOtherCluster = errors.New("the archive knows another cluster by this name")

// SameAs refuses a name that the archive has for another cluster, of this api and id,
// because all jobs of that cluster would be gone after two runs. "" is an unknown id.
// The same cluster may get another api or an id; both at once make it another cluster.
func (c Cluster) SameAs(api, clusterID string) error {
	oneUnknown := clusterID == "" || c.ClusterID == ""
	if clusterID == c.ClusterID || oneUnknown && api == c.API {
		return nil
	}
	return fmt.Errorf("%w (%q is %s %s in the archive, %s %s in the settings): give the new one a name of its own",
		ErrOtherCluster, c.Name, api, cmp.Or(clusterID, "without an id"), c.API, cmp.Or(c.ClusterID, "without an id"))
}

// Begun moves the start of a run to the archive's newest time of the cluster if the
// clock is behind it: a cluster's time never runs backwards.
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

	// Begin inserts the run's row and sets its ID, Generation, NewestBefore and
	// Before. With ErrOtherCluster the row is inserted too, so that the engine can
	// close it as failed.
	Begin(ctx context.Context, r *Run) error

	// Commit stores a batch whole or not at all, and increments the generation.
	// ErrConflict: the run's generation is no longer the archive's.
	Commit(ctx context.Context, r *Run, b Batch) error

	// Finish closes the run's row, once, in one transaction.
	//   - A complete run stores the absences, the newest complete listing, the next
	//     generation and the gap that ended.
	//   - A quick run stores the newest conclusive listing.
	//   - A partial run may have absences, if its listing was whole but some of them
	//     stay undecided. It stores them, and the newest complete listing stays.
	//   - Other runs have no absences and can't conflict.
	// ErrConflict as for Commit: nothing was stored.
	Finish(ctx context.Context, r *Run, absences iter.Seq[Change]) error

	// JobID returns the id of a job by its number, also of a pruned one; "" where
	// there is no such job.
	JobID(ctx context.Context, cluster string, seq uint32) (string, error)

	// Undescribed returns the listed jobs of a cluster that are not fully
	// described: failed jobs first, then other finished ones, then open ones, and
	// of each the earliest first.
	Undescribed(ctx context.Context, cluster string, limit int) ([]Undescribed, error)

	// Described stores the results of queries for single jobs, whole or not at all,
	// and adds to the counters of a closed run. It does not write an answer that
	// repeats the one before it. ErrConflict as for Commit, but only if a job has
	// moved.
	Described(ctx context.Context, r *Run, all []Described) error
}
