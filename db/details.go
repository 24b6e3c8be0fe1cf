package db

import "time"

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
	Seq         uint32
	Asked, Told time.Time // of the answer

	Details   *Details // nil: the service did not tell
	State     State    // as Details has it; "" where it names none that we know
	Forgotten bool     // the service says that it has no such job

	// Moved is what the answer changes, where it shows the job in another
	// state than the archive has; nil else.
	Moved *Change
}

// Failed reports whether nothing was learned.
func (d *Described) Failed() bool { return d.Details == nil && !d.Forgotten }
