// Package prune deletes what the retention of the settings no longer keeps.
//
// due.go says what is due, delete.go deletes it in small transactions beside the
// syncs, record.go records what went, file.go and line.go write it to a file first. The rule of the file: what
// a transaction deletes is on the disk before it commits.
package prune

import (
	"context"
	"fmt"

	"importarchive/db"
	"importarchive/db/store"
)

// Run deletes what the retention no longer keeps, a few hundred jobs in each
// transaction. An error, a cancellation or a kill may end it at any time: each
// transaction that was committed is whole, and the next prune goes on.
//
// Each transaction checks again that its jobs are due, so a job that moved on
// meanwhile stays.
//
// Runs go before rejects and jobs. A run whose last transitions or rejects go in this
// prune is deleted by the next one, so a dry run can say exactly what a prune will delete.
//
// With a [*ClockError] it has deleted what is due of the other clusters.
func Run(ctx context.Context, st *store.Store, p *db.Prune) (done *db.Pruned, err error) {
	done = &db.Pruned{}
	limits, doubt, err := limitsOf(ctx, st.Reader, p.Keep, p.Now)
	if err != nil {
		return done, err
	}
	d := &deleter{transact: st.Write, order: p, counts: map[countKey]*count{}}
	err = d.all(ctx, due(ctx, st.Reader, limits))
	done.Deletions, done.File = d.deletions(), d.file.close()
	if err != nil {
		return done, fmt.Errorf("pruning: %w", err)
	}
	return done, doubt
}
