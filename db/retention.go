package db

import (
	"context"
	"time"
)

// Retention says how long the archive keeps what. Zero keeps for ever.
type Retention struct {
	// Ages of jobs count from the listing that first had them in their final
	// state, those of lost jobs from when they were gone. Open jobs always stay.
	Completed, Failed, Cancelled, Lost time.Duration

	// The age of a run counts from its end. Runs that transitions or rejects
	// refer to stay, and so does each cluster's newest run of each outcome.
	Runs time.Duration

	// The age of a reject counts from the newest run that kept it as a sample.
	Rejects time.Duration
}

// Prune has the parameters of one prune.
type Prune struct {
	Keep Retention
	Now  time.Time

	// Export is a folder. The prune writes all that it deletes to a new file
	// there. "" writes nothing.
	Export string

	// Pause runs between two transactions, so that other writers get their
	// turn. Its error ends the prune. nil pauses for a moment.
	Pause func(context.Context) error
}

// Deletion is what a prune deletes of one kind in one cluster.
type Deletion struct {
	Cluster   string
	What      string // completed, failed, cancelled, lost, runs or rejects
	OlderThan time.Time

	Jobs, Transitions, Runs, Rejects int64
}

// Pruned is the result of a prune, also of one that stopped early.
type Pruned struct {
	Deletions []Deletion // by cluster and what, without empty ones
	File      string     // the file with the deleted rows; "": none
	Space     Space
}

// Jobs returns the number of jobs that the prune deleted.
func (p *Pruned) Jobs() int64 { return p.sum(func(d *Deletion) int64 { return d.Jobs }) }

// Runs returns the number of runs that the prune deleted.
func (p *Pruned) Runs() int64 { return p.sum(func(d *Deletion) int64 { return d.Runs }) }

// Rejects returns the number of rejects that the prune deleted.
func (p *Pruned) Rejects() int64 { return p.sum(func(d *Deletion) int64 { return d.Rejects }) }

func (p *Pruned) sum(of func(*Deletion) int64) (n int64) {
	for i := range p.Deletions {
		n += of(&p.Deletions[i])
	}
	return n
}

// Space is the size of an archive's file.
type Space struct {
	Bytes int64 `json:"bytes"`       // the file
	Free  int64 `json:"free_bytes"`  // within it, for rows to come
	Freed int64 `json:"freed_bytes"` // returned to the disk by the prune
}
