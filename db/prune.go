package db

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Retention says how long what is kept. Zero is for ever.
type Retention struct {
	// Jobs: since when a listing first had them in their final state, and for
	// lost ones since they were gone. What is open is always kept.
	Completed, Failed, Cancelled, Lost time.Duration

	// Runs, since they ended. Runs that transitions or rejects refer to stay,
	// and so does each cluster's newest one of each outcome.
	Runs time.Duration
}

// Prune is what one pruning does.
type Prune struct {
	Keep Retention
	Now  time.Time

	// Export is a folder. All that is to go is written to a file there, which
	// is whole and safe before anything is deleted. "": nothing is written.
	Export string

	// Pause is called between two transactions, so that other writers get
	// their turn; its error ends the prune. nil waits for a moment.
	Pause func(context.Context) error
}

// Taken is what a prune takes of a cluster.
type Taken struct {
	Cluster                 string
	What                    string // completed, failed, cancelled, lost or runs
	OlderThan               time.Time
	Jobs, Transitions, Runs int64
}

// Pruned is what a prune did, also one that was cut short.
type Pruned struct {
	Taken []Taken // in the order of clusters, without what took nothing
	File  string  // where it was exported to; "": nowhere
	Space Space
}

// Jobs is how many jobs the prune took in all.
func (p *Pruned) Jobs() int64 { return p.sum(func(t *Taken) int64 { return t.Jobs }) }

// Runs is how many runs the prune took in all.
func (p *Pruned) Runs() int64 { return p.sum(func(t *Taken) int64 { return t.Runs }) }

func (p *Pruned) sum(of func(*Taken) int64) (n int64) {
	for i := range p.Taken {
		n += of(&p.Taken[i])
	}
	return n
}

// Prune takes what the retention no longer keeps, a few jobs in a transaction.
// It may be cut short at any time, by a kill too; what it took until then is
// whole, and the next one goes on. Jobs that moved on after they were found
// due are left for the next one.
//
// Runs go first: one whose last transitions go now goes the next time. So what
// goes can be told, and written down, before anything does.
func (s *SQLite) Prune(ctx context.Context, p *Prune) (done *Pruned, err error) {
	pause := p.Pause
	if pause == nil {
		pause = letOthersWrite
	}
	t := &taker{store: s, now: p.Now, pause: pause, done: map[takenKey]*Taken{}, ids: map[takenKey]int64{}}
	done = &Pruned{}
	before, err := space(ctx, s.writer)
	if err != nil {
		return done, err
	}
	defer func() {
		done.Taken = t.taken()
		done.Space = s.spaceSince(&before)
	}()
	limits, err := limitsOf(ctx, s.reader, p.Keep, p.Now)
	if err != nil {
		return done, err
	}
	if p.Export == "" {
		err = t.all(ctx, due(ctx, s.reader, limits))
	} else {
		done.File, err = exportDue(ctx, s.reader, p, limits)
		if err == nil && done.File != "" {
			t.file = done.File
			err = t.all(ctx, exported(done.File, limits))
		}
	}
	if err != nil {
		return done, fmt.Errorf("pruning: %w", err)
	}
	return done, s.giveBack(ctx, pause)
}

// letOthersWrite leaves the archive alone for a moment. Who waits for it in
// another process asks again every tenth of a second at the most.
func letOthersWrite(ctx context.Context) error {
	t := time.NewTimer(50 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// limits are the moments before which a cluster's jobs and runs must have
// ended to be due, in milliseconds; not valid: they are kept for ever.
type limits struct {
	cluster                            int64
	name                               string
	completed, failed, cancelled, lost sql.NullInt64
	runs                               sql.NullInt64
}

// limitsOf measures ages from now, or from a cluster's newest look that showed
// something where that was earlier. So neither a clock that jumped ahead nor a
// service that was down for a year prunes what nobody has looked at since. A
// clock that is behind prunes less.
func limitsOf(ctx context.Context, reader *sql.DB, keep Retention, now time.Time) ([]limits, error) {
	rows, err := reader.QueryContext(ctx, `
		SELECT c.id, c.name, (
			SELECT r.started_ms FROM archive_runs AS r
			WHERE r.cluster = c.id AND (r.outcome = 'complete' OR r.outcome = 'quick' OR r.outcome = 'partial')
			ORDER BY r.started_at DESC LIMIT 1) AS looked
		FROM archive_clusters AS c
		WHERE looked IS NOT NULL
		ORDER BY c.name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []limits
	for rows.Next() {
		var l limits
		var looked int64
		if err := rows.Scan(&l.cluster, &l.name, &looked); err != nil {
			return nil, err
		}
		before := func(age time.Duration) sql.NullInt64 {
			return sql.NullInt64{Int64: min(millis(now), looked) - age.Milliseconds(), Valid: age > 0}
		}
		l.completed, l.failed, l.cancelled = before(keep.Completed), before(keep.Failed), before(keep.Cancelled)
		l.lost, l.runs = before(keep.Lost), before(keep.Runs)
		all = append(all, l)
	}
	return all, rows.Err()
}

// of is the limit of what is called so.
func (l *limits) of(what string) sql.NullInt64 {
	switch what {
	case "completed":
		return l.completed
	case "failed":
		return l.failed
	case "cancelled":
		return l.cancelled
	case "lost":
		return l.lost
	}
	return l.runs
}

// newest is the latest limit of jobs: none that appeared after it is due.
func (l *limits) newest() (ms int64, any bool) {
	for _, x := range []sql.NullInt64{l.completed, l.failed, l.cancelled, l.lost} {
		if x.Valid && (!any || x.Int64 > ms) {
			ms, any = x.Int64, true
		}
	}
	return ms, any
}

func (l *limits) args(more ...any) []any {
	return append([]any{
		sql.Named("cluster", l.cluster), sql.Named("completed", l.completed), sql.Named("failed", l.failed),
		sql.Named("cancelled", l.cancelled), sql.Named("lost", l.lost),
	}, more...)
}

// isDue is the condition on a job, and what says what it would be taken as. An
// open job has no gone_ms, and so is never due.
const (
	isDue = `CASE state WHEN 'completed' THEN state_seen_ms < :completed WHEN 'failed' THEN state_seen_ms < :failed
		WHEN 'cancelled' THEN state_seen_ms < :cancelled ELSE gone_ms < :lost END`
	what = `CASE WHEN state = 'completed' OR state = 'failed' OR state = 'cancelled' THEN state ELSE 'lost' END`
)

// Due tells what a prune would take now, and takes nothing.
func Due(ctx context.Context, reader *sql.DB, keep Retention, now time.Time) ([]Taken, error) {
	all, err := limitsOf(ctx, reader, keep, now)
	if err != nil {
		return nil, err
	}
	var taken []Taken
	for i := range all {
		l := &all[i]
		jobs, err := dueJobs(ctx, reader, l)
		if err != nil {
			return nil, fmt.Errorf("counting the jobs of %s: %w", l.name, err)
		}
		runs, err := dueRuns(ctx, reader, l)
		if err != nil {
			return nil, fmt.Errorf("counting the runs of %s: %w", l.name, err)
		}
		taken = append(taken, jobs...)
		if len(runs) > 0 {
			taken = append(taken, Taken{Cluster: l.name, What: "runs", OlderThan: fromMillis(l.runs.Int64), Runs: int64(len(runs))})
		}
	}
	slices.SortStableFunc(taken, byCluster)
	return taken, nil
}

func dueJobs(ctx context.Context, reader *sql.DB, l *limits) ([]Taken, error) {
	rows, err := reader.QueryContext(ctx, `
		SELECT `+what+`, count(*), sum((SELECT count(*) FROM archive_transitions AS t WHERE t.cluster = j.cluster AND t.seq = j.seq))
		FROM archive_jobs AS j WHERE cluster = :cluster AND `+isDue+` GROUP BY 1`, l.args()...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Taken
	for rows.Next() {
		t := Taken{Cluster: l.name}
		if err := rows.Scan(&t.What, &t.Jobs, &t.Transitions); err != nil {
			return nil, err
		}
		t.OlderThan = fromMillis(l.of(t.What).Int64)
		all = append(all, t)
	}
	return all, rows.Err()
}

// candidate is a job or a run that was found due.
type candidate struct {
	limits   *limits
	seq, run int64

	// Of one that was exported; seq is then to be found.
	line    []byte
	subject subject
}

// due gives what is due, in the order in which it is to go.
func due(ctx context.Context, reader *sql.DB, all []limits) iter.Seq2[candidate, error] {
	return func(yield func(candidate, error) bool) {
		for i := range all {
			l := &all[i]
			runs, err := dueRuns(ctx, reader, l)
			if err != nil {
				yield(candidate{}, fmt.Errorf("finding runs of %s: %w", l.name, err))
				return
			}
			for _, id := range runs {
				if !yield(candidate{limits: l, run: id}, nil) {
					return
				}
			}
			for seq, err := range walk(ctx, reader, l) {
				if !yield(candidate{limits: l, seq: seq}, err) || err != nil {
					return
				}
			}
		}
	}
}
