package db

import (
	"reflect"
	"time"
)

// Undescribed is a listed job of which more may be learned by asking the
// service for that job alone.
type Undescribed struct {
	Seq   uint32
	ID    string
	State State
}

// Details is what a service says of one job when it is asked for that job
// alone. Texts that it did not send are "", numbers nil, times zero.
type Details struct {
	RawState    string
	Progress    *float64 // 0 to 100; nil where it can't be known
	ProgressRaw string   // the number as it was sent
	Reason      string

	FileName                          string
	FileSize, TotalRows, ImportedRows *int64

	CreatedAt, CompletedAt time.Time // by the service's own clock

	Extra string
	Files []File
}

// File is what a service says of one of the files that a job loads.
type File struct {
	Name                          string
	Size, TotalRows, ImportedRows *int64
	RawState                      string
	Progress                      *float64
	ProgressRaw                   string
	Reason                        string
	CompletedAt                   time.Time
	Extra                         string
}

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

// raw is the service's word for the state, "" where it names none that we know.
func (d *Described) raw() string {
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

// After is the answer as it is kept when the one before it was was, nil for
// none; and whether it says anything new. Progress that runs backwards can't
// be believed, and is kept only as it was sent.
func (d *Details) After(was *Details) (now *Details, news bool) {
	now = new(*d)
	now.CreatedAt, now.CompletedAt = wholeMillis(d.CreatedAt), wholeMillis(d.CompletedAt)
	now.Files = make([]File, len(d.Files))
	copy(now.Files, d.Files)
	for i := range now.Files {
		now.Files[i].CompletedAt = wholeMillis(now.Files[i].CompletedAt)
	}
	if was == nil {
		return now, true
	}
	now.Progress = forwards(now.Progress, now.ProgressRaw, was.Progress, was.ProgressRaw)
	for i := range min(len(now.Files), len(was.Files)) {
		if f, b := &now.Files[i], &was.Files[i]; f.Name == b.Name {
			f.Progress = forwards(f.Progress, f.ProgressRaw, b.Progress, b.ProgressRaw)
		}
	}
	before := *was
	if before.Files == nil {
		before.Files = []File{}
	}
	return now, !reflect.DeepEqual(*now, before)
}

// forwards is a job's progress, unless it is less than it was. The same number
// again is believed as it was before.
func forwards(now *float64, raw string, was *float64, rawWas string) *float64 {
	if raw == rawWas && raw != "" {
		return was
	}
	if now != nil && was != nil && *now < *was {
		return nil
	}
	return now
}

func wholeMillis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return fromMillis(millis(t))
}
