package report

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"importarchive/db/rows"
	"importarchive/queries"
)

// clusterRuns are a cluster's runs around a moment.
type clusterRuns struct {
	name, first    string         // its name, the start of its first run
	conclusive     sql.NullString // the end of its newest conclusive run
	expected       sql.NullFloat64
	gapFrom, gapTo sql.NullString // the gap around the moment
	anyComplete    bool           // a listing had been complete by then, as far as runs are not pruned
	pruned         bool           // jobs that were listed then or later are pruned
}

// NotLooking returns remarks on those of these clusters (none: all) whose state at
// these moments is unknown, because no run covers them.
func NotLooking(ctx context.Context, reader Reader, clusters, moments []string, now time.Time) ([]string, error) {
	var remarks []string
	for _, at := range moments {
		all, err := runsAround(ctx, reader, at)
		if err != nil {
			return nil, fmt.Errorf("looking up the runs around a time: %w", err)
		}
		if len(clusters) > 0 {
			all = slices.DeleteFunc(all, func(l clusterRuns) bool { return !slices.Contains(clusters, l.name) })
		}
		for _, remark := range blindness(all, at, now) {
			if !slices.Contains(remarks, remark) {
				remarks = append(remarks, remark)
			}
		}
	}
	return remarks, nil
}

// blindness returns the remarks about one moment.
func blindness(all []clusterRuns, at string, now time.Time) []string {
	first := ""
	var remarks, pruned []string
	for i := range all {
		if l := &all[i]; first == "" || l.first < first {
			first = l.first
		}
		if remark := all[i].remark(at, now); remark != "" {
			remarks = append(remarks, remark)
		}
		if all[i].pruned {
			pruned = append(pruned, fmt.Sprintf("%s: jobs that were listed at %s or later have been pruned, so some may be missing here: see the view prunes", all[i].name, queries.ToSecond(at)))
		}
	}
	switch {
	case first == "":
		return []string{"the archive has no run yet"}
	case at < first:
		remarks = []string{fmt.Sprintf("the archive begins after %s: its first run was at %s UTC", queries.ToSecond(at), queries.ToSecond(first))}
	}
	return append(remarks, pruned...)
}

func (l *clusterRuns) remark(at string, now time.Time) string {
	switch {
	case at < l.first:
		return fmt.Sprintf("%s: there was no run yet at %s; the first was at %s UTC", l.name, queries.ToSecond(at), queries.ToSecond(l.first))
	case l.gapFrom.Valid:
		return l.gap(at, l.gapFrom.String, fmt.Sprintf("to %s UTC", queries.ToSecond(l.gapTo.String)))
	case !l.anyComplete:
		return fmt.Sprintf("%s: no listing had been complete by %s, so jobs may be missing", l.name, queries.ToSecond(at))
	case at > l.conclusive.String && l.stale(now):
		return l.gap(at, l.conclusive.String, "UTC on")
	}
	return ""
}

func (l *clusterRuns) gap(at, from, to string) string {
	return fmt.Sprintf("%s: %s lies in a gap, from %s %s; this is what was known before", l.name, queries.ToSecond(at), queries.ToSecond(from), to)
}

// stale reports whether a gap is open. The view gaps would do so by SQLite's
// clock instead of ours.
func (l *clusterRuns) stale(now time.Time) bool {
	newest, err := time.Parse(queries.TimeFormat, l.conclusive.String)
	return err == nil && l.expected.Valid && now.Sub(newest).Seconds() > 2*l.expected.Float64
}

func runsAround(ctx context.Context, reader Reader, at string) ([]clusterRuns, error) {
	return rows.All(ctx, reader, func(l *clusterRuns) []any {
		return []any{&l.name, &l.first, &l.conclusive, &l.expected, &l.gapFrom, &l.gapTo, &l.anyComplete, &l.pruned}
	}, `
		SELECT c.name, c.first_run_at, c.last_conclusive_at, c.expected_seconds, g.started_at, g.ended_at,
			coalesce(c.last_complete_at <= :at, 0)
				OR EXISTS (SELECT 1 FROM runs WHERE cluster = c.name AND outcome = 'complete' AND finished_at <= :at)
				OR EXISTS (SELECT 1 FROM prunes WHERE cluster = c.name AND what = 'runs' AND older_than > :at),
			EXISTS (SELECT 1 FROM prunes WHERE cluster = c.name AND listed_until > :at)
				OR EXISTS (SELECT 1 FROM pruned WHERE cluster = c.name AND gone_at IS NULL AND first_seen_at <= :at)
		FROM clusters AS c
		LEFT JOIN gaps AS g ON g.cluster = c.name AND g.started_at < :at AND g.ended_at > :at
		ORDER BY c.name, g.started_at`, sql.Named("at", at))
}
