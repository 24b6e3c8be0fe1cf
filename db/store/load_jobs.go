package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"

	"importarchive/db"

	"golang.org/x/sync/errgroup"
)

// loading reads all jobs of a cluster into its [Known]. A new process does so
// before its first listing. The time grows with the number of values that SQLite
// returns, so one query reads the few that each job has, and a second one those
// that only some jobs have.
type loading struct {
	conn    *sql.Conn // in a transaction
	cluster int64
	known   *db.Known
	texts   map[int64]string
	radix   int64 // more than the id of any text

	variants map[int64]uint32 // by their number in the query
	pages    map[page]uint32
}

// page has the times at which a page was requested and received, in milliseconds.
type page struct{ asked, seen int64 }

func (l *loading) jobs(ctx context.Context) error {
	// The query returns state, raw state and collection as one number, which
	// variant takes apart.
	variant := "(coalesce(collection, 0) * ?2 + coalesce(raw_state, 0)) * ?3 + CASE state"
	for i, state := range db.States {
		variant += fmt.Sprintf(" WHEN '%s' THEN %d", state, i)
	}
	variant += " END"
	err := l.each(ctx, 3, l.job, `SELECT seq, job_id, `+variant+` FROM archive_jobs WHERE cluster = ?1 ORDER BY seq`,
		l.cluster, l.radix, int64(len(db.States)))
	if err != nil {
		return err
	}
	// Most jobs were last seen in the newest complete listing and need no
	// sighting of their own.
	return l.each(ctx, moreColumns, l.more, `
		SELECT seq, pruned, progress, reason, extra, asked_ms, seen_ms, misses, gone_ms, missed_ms, listed_raw, described_raw FROM archive_jobs
		WHERE cluster = ?1 AND (progress IS NOT NULL OR reason IS NOT NULL OR extra IS NOT NULL OR pruned
			OR misses > 0 OR gone_ms IS NOT NULL OR asked_ms > ?2 OR seen_ms > ?2 OR listed_raw IS NOT NULL OR described_raw IS NOT NULL)`,
		l.cluster, db.Millis(l.known.CompleteStart))
}

// job adds a job with the values of the first query.
func (l *loading) job(v []driver.Value) error {
	k, seq := l.known, integer(v[0])
	id, isText := v[1].(string)
	number, isWhole := v[2].(int64)
	if !isText || !isWhole || seq < 1 || seq > math.MaxUint32 {
		return fmt.Errorf("job %v has the number %d: such a row was not written by this program", v[1], seq)
	}
	variant, ok := l.variants[number]
	if !ok {
		variant = k.Variant(l.variant(number))
		l.variants[number] = variant
	}
	k.Load(uint32(seq), id, variant)
	return nil
}

// variant takes apart the number of the first query.
func (l *loading) variant(number int64) *db.Job {
	texts, state := number/int64(len(db.States)), number%int64(len(db.States))
	return &db.Job{State: db.States[state], RawState: l.texts[texts%l.radix], Collection: l.texts[texts/l.radix]}
}

// moreColumns is the number of values that more takes.
const moreColumns = 12

// more adds the values of the second query to a job.
func (l *loading) more(v []driver.Value) error {
	k := l.known
	e := k.At(uint32(integer(v[0])))
	misses := uint8(min(integer(v[7]), math.MaxUint8))
	e.SetMisses(misses)
	isGone := v[8] != nil
	e.Mark(isGone, integer(v[1]) != 0)
	if v[2] != nil || v[3] != nil || v[4] != nil {
		j := k.Job(e)
		j.Progress = real(v[2])
		j.Reason, _ = v[3].(string)
		j.Extra, _ = v[4].(string)
		k.Remember(e, &j)
	}
	if v[10] != nil {
		k.RememberListed(e, l.texts[integer(v[10])]) // 0 is the number of no text
	}
	if v[11] != nil {
		k.RememberDescribed(e, l.texts[integer(v[11])])
	}
	if missed := db.FromMillis(integer(v[9])); v[9] != nil && !isGone && missed.After(k.NewestMiss) {
		k.NewestMiss = missed
	}
	p := page{integer(v[5]), integer(v[6])}
	if isGone { // its newest news is its absence
		p.seen = integer(v[8])
	}
	if complete := db.Millis(k.CompleteStart); misses > 0 || p.asked > complete || p.seen > complete {
		e.See(l.page(p))
		e.SetMisses(misses)
	}
	return nil
}

func (l *loading) page(p page) uint32 {
	n, ok := l.pages[p]
	if !ok {
		if len(l.pages) == 4096 { // in an archive of years nearly every job may have its own
			clear(l.pages)
		}
		n = l.known.Saw(db.Sighting{Asked: db.FromMillis(p.asked), Seen: db.FromMillis(p.seen)})
		l.pages[p] = n
	}
	return n
}

// integer returns an integer of a row; 0 for NULL.
func integer(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}

// real returns a real of a row; nil for NULL.
func real(v driver.Value) *float64 {
	switch n := v.(type) {
	case float64:
		return &n
	case int64:
		whole := float64(n)
		return &whole
	}
	return nil
}

// each calls take with every row of a query while it reads the next ones. It uses
// the driver directly, because database/sql takes as long to scan a row as SQLite
// to read it.
func (l *loading) each(ctx context.Context, columns int, take func([]driver.Value) error, query string, args ...any) error {
	blocks := make(chan []driver.Value, 2)
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		defer close(blocks)
		return l.conn.Raw(func(conn any) error {
			return read(ctx, conn.(driver.QueryerContext), columns, blocks, query, args)
		})
	})
	both.Go(func() error {
		for block := range blocks {
			for at := 0; at < len(block); at += columns {
				if err := take(block[at : at+columns]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return both.Wait()
}

// read sends the rows of a query, some hundreds at once, one value after the
// other.
func read(ctx context.Context, conn driver.QueryerContext, columns int, blocks chan<- []driver.Value, query string, args []any) error {
	named := make([]driver.NamedValue, len(args))
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	rows, err := conn.QueryContext(context.WithoutCancel(ctx), query, named)
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		block := make([]driver.Value, 0, 256*columns)
		for len(block) < cap(block) && err == nil {
			next := block[len(block) : len(block)+columns]
			if err = rows.Next(next); err == nil {
				block = block[:len(block)+columns]
			}
		}
		select {
		case blocks <- block:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
