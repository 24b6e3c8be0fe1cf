package db

import (
	"time"

	"importarchive/db/details"
)

// Undescribed is a listed job of which a run may learn more by asking the service
// for that job alone.
type Undescribed struct {
	Seq   uint32
	ID    string
	State State
}

// Details and File are what a service says of one job when asked for it alone.
type (
	Details = details.Job
	File    = details.File
)

// Described is what came of asking for one job.
type Described struct {
	Seq             uint32
	ID              string
	Asked, Received time.Time // of the answer

	Details   *Details // nil: the service did not tell
	State     State    // as Details has it; "" where it names none that we know
	Forgotten bool     // the service says that it has no such job
	Absent    bool     // it was asked for because a listing lacked it; a run counts that among its absences

	// Moved is what the answer changes, where it shows the job in another
	// state than the archive has; nil else.
	Moved *Change
}

// RawState is the service's word for the state, "" where it names none that we know.
func (d *Described) RawState() string {
	if d.State == "" {
		return ""
	}
	return d.Details.RawState
}

// Failed reports whether nothing was learned.
func (d *Described) Failed() bool { return d.Details == nil && !d.Forgotten }

// Settles reports whether the answer is the last that is worth having of a job
// in this state, which was first seen in it at this time.
func (d *Described) Settles(state State, seen time.Time) bool {
	return d.Forgotten || d.Details != nil && state.Terminal() && (d.State == state || !d.Asked.Before(seen))
}

// Count adds answers to what the run counts.
func (r *Run) Count(all []Described) {
	for i := range all {
		switch {
		case all[i].Absent:
		case all[i].Failed():
			r.DescribeFailed++
		default:
			r.Described++
		}
		if all[i].Moved != nil {
			r.Moved++
		}
	}
}
