// Package status determines the state of clusters: how fresh the archive of each is,
// which run is under way, how the last one ended, and which gaps there are.
//
// It reads the archive in one transaction and judges once. The command status
// prints a [Status], /readyz and /metrics serve parts of it, and check uses its
// clock, so none of them contradicts another.
//
// A cluster of the settings is fresh if its last conclusive run ended no longer ago
// than twice its schedule, stale if it ended earlier, and never if there was none. One
// that is switched off is off; the gap since its last conclusive run is there.
// A cluster that only the archive has is not judged: nothing syncs it any more.
//
// The package neither prints nor sends anything. status.go has the types, whose
// JSON is public; begin with [Reader.Read] in read.go. Package cli has the texts for
// people.
package status

// Status is the state of all clusters at one moment. Its JSON is public:
// `importarchive status --json` prints it. Times are texts as in the archive's
// views, in UTC.
type Status struct {
	Now                string    `json:"now"`
	Archive            string    `json:"archive"` // its path, as in the settings
	Stale              bool      `json:"stale"`   // a cluster of the settings is not fresh
	ClockBehindSeconds *float64  `json:"clock_behind_seconds"`
	Clusters           []Cluster `json:"clusters"` // clusters of the settings in their order, then those that only the archive has
	Gaps               []Gap     `json:"gaps"`     // open gaps, then the newest of the last 24 hours
}

// Cluster is the state of one cluster.
type Cluster struct {
	Name              string    `json:"name"`
	InSettings        bool      `json:"in_settings"`
	Freshness         *string   `json:"freshness"` // fresh, stale, never or off; nil for one that is not in the settings
	LastCompleteAt    *string   `json:"last_complete_at"`
	LastConclusiveAt  *string   `json:"last_conclusive_at"` // complete or quick: what age and freshness are measured from
	AgeSeconds        *float64  `json:"age_seconds"`
	StaleAfterSeconds *float64  `json:"stale_after_seconds"` // twice the schedule
	RunningSince      *string   `json:"running_since"`
	LastRun           *LastRun  `json:"last_run"`    // the newest closed one
	ClockDoubt        *string   `json:"clock_doubt"` // why no age of it can be judged, and nothing of it is pruned; nil: its clock is right
	Failures          int64     `json:"failures"`    // runs in a row that were not conclusive, without interrupted ones
	Rejects           int64     `json:"rejects"`     // records of the newest whole listing that could not be archived
	Listed            int64     `json:"listed"`
	Open              int64     `json:"open_jobs"`
	Archived          int64     `json:"archived"`
	Jobs              JobCounts `json:"jobs"`

	clockThen string // the clock at LastConclusiveAt, which the archive may be ahead of

	// OpenGapSeconds is how long the open gap has lasted; 0 for none.
	OpenGapSeconds float64 `json:"-"`
}

// LastRun is the newest closed run of a cluster.
type LastRun struct {
	ID         int64   `json:"id"`
	Trigger    string  `json:"triggered_by"`
	StartedAt  string  `json:"started_at"`
	FinishedAt string  `json:"finished_at"`
	Outcome    string  `json:"outcome"`
	ErrorKind  *string `json:"error_kind"`
	Error      *string `json:"error"`

	Rejected       int64 `json:"rejected"` // records that could not be archived
	Described      int64 `json:"described"`
	DescribeFailed int64 `json:"describe_failed"`
}

// JobCounts are the archived jobs of a cluster by outcome. Lost jobs went away
// unfinished.
type JobCounts struct {
	Pending   int64 `json:"pending"`
	Running   int64 `json:"running"`
	Unknown   int64 `json:"unknown"`
	Completed int64 `json:"completed"`
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"`
	Lost      int64 `json:"lost"`
}

// Gap is a stretch in which a cluster had no conclusive run for longer than
// twice its schedule.
type Gap struct {
	Cluster         string  `json:"cluster"`
	StartedAt       string  `json:"started_at"`
	EndedAt         *string `json:"ended_at"` // nil: still open
	Seconds         float64 `json:"seconds"`
	ExpectedSeconds float64 `json:"expected_seconds"` // from one run to the next, by the schedule
}

// The values of Freshness.
const (
	Fresh = "fresh"
	Stale = "stale"
	Never = "never"
	Off   = "off" // the settings switch the cluster off
)

// NotFresh reports whether a cluster of the settings is stale or never had a
// conclusive run.
func (cl *Cluster) NotFresh() bool {
	return cl.Freshness != nil && *cl.Freshness != Fresh && *cl.Freshness != Off
}

// Off reports whether the settings switch the cluster off: nothing syncs it, and it is
// neither fresh nor stale.
func (cl *Cluster) Off() bool { return cl.Freshness != nil && *cl.Freshness == Off }
