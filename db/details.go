package db

import (
	"time"

	"importarchive/db/details"
)

// Undescribed is a listed job that is not fully described: a query for that job
// alone may bring more.
type Undescribed struct {
	Seq   uint32
	ID    string
	State State
}

// Details and File are a service's answer about a single job.
type (
	Details = details.Job
	File    = details.File
)

// Described is the result of a query for one job.
type Described struct {
	Seq             uint32
	ID              string
	Asked, Received time.Time // of the answer

	Details   *Details // nil: no answer, or the job is forgotten
	State     State    // the state in Details; "" for a word that we don't know
	Forgotten bool     // the service says that it has no such job
	Absent    bool     // a query because a listing lacked the job; a run counts it among its absences

	// Moved is the change if the answer shows the job in another state than the
	// archive has, else nil.
	Moved *Change
}

// RawState is the service's word for the state, "" where it names none that we know.
func (d *Described) RawState() string {
	if d.State == "" {
		return ""
	}
	return d.Details.RawState
}

// Failed reports whether the query brought no answer.
func (d *Described) Failed() bool { return d.Details == nil && !d.Forgotten }

// Settles reports whether the job is fully described after this answer. state is
// the job's state, and seen the time at which a run first saw the job in it.
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
