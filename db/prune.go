package db

import (
	"context"
	"fmt"
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
}

// Prune is the order to prune once.
type Prune struct {
	Keep Retention
	Now  time.Time

	// Export is a folder. The prune writes all that it deletes to a new file
	// there (see prune_file.go). "" writes nothing.
	Export string

	// Pause runs between two transactions, so that other writers get their
	// turn. Its error ends the prune. nil waits for a moment.
	Pause func(context.Context) error
}

// Deletion is what a prune deletes of one kind in one cluster.
type Deletion struct {
	Cluster                 string
	What                    string // completed, failed, cancelled, lost or runs
	OlderThan               time.Time
	Jobs, Transitions, Runs int64
}

// Pruned is what a prune did, also one that was stopped early.
type Pruned struct {
	Deletions []Deletion // by cluster and what, without empty ones
	File      string     // the file that has what was deleted; "": none
	Space     Space
}

// Jobs is the number of jobs that the prune deleted.
func (p *Pruned) Jobs() int64 { return p.sum(func(d *Deletion) int64 { return d.Jobs }) }

// Runs is the number of runs that the prune deleted.
func (p *Pruned) Runs() int64 { return p.sum(func(d *Deletion) int64 { return d.Runs }) }

func (p *Pruned) sum(of func(*Deletion) int64) (n int64) {
	for i := range p.Deletions {
		n += of(&p.Deletions[i])
	}
	return n
}

// Prune deletes what the retention no longer keeps, a few hundred jobs in each
// transaction. An error, a cancellation or a kill may end it at any time: each
// transaction that was committed is whole, and the next prune goes on.
//
// Each transaction checks again that its jobs are due, so a job that moved on
// meanwhile stays.
//
// Runs go before jobs. A run whose last transitions go in this prune is deleted
// by the next one, so a dry run can say exactly what a prune will delete.
func (s *SQLite) Prune(ctx context.Context, p *Prune) (done *Pruned, err error) {
	pause := p.Pause
	if pause == nil {
		pause = rest
	}
	done = &Pruned{}
	before, err := space(ctx, s.writer)
	if err != nil {
		return done, err
	}
	defer func() { done.Space = s.spaceSince(&before) }()
	limits, err := limitsOf(ctx, s.reader, p.Keep, p.Now)
	if err != nil {
		return done, err
	}
	d := &deleter{transact: s.transact, order: p, pause: pause, counts: map[countKey]*count{}}
	err = d.all(ctx, due(ctx, s.reader, limits))
	done.Deletions, done.File = d.deletions(), d.file.close()
	if err != nil {
		return done, fmt.Errorf("pruning: %w", err)
	}
	return done, s.giveBack(ctx, pause)
}

// rest leaves the archive alone for a moment. A writer of another process that
// waits for SQLite's lock tries again at least every tenth of a second.
func rest(ctx context.Context) error {
	t := time.NewTimer(50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
