package check

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/store"
	"importarchive/db/store/clocks"
	"importarchive/report"
	"importarchive/sync/remote"
	"importarchive/timetable"
)

// clusters checks the clusters in parallel, as many at a time as the settings allow.
func clusters(ctx context.Context, env *Env) []Finding {
	cfg := env.Config
	each, shown := make([][]Finding, len(cfg.Clusters)), make([]string, len(cfg.Clusters))
	var group errgroup.Group
	group.SetLimit(max(1, cfg.Sync.Parallel))
	pacer := remote.NewPacer()
	for i := range cfg.Clusters {
		group.Go(func() error {
			cl := &cfg.Clusters[i]
			if !cl.Enabled {
				each[i] = []Finding{note("settings", "to sync it again, remove enabled = false from its table", "it is switched off").of(cl.Name)}
				return nil
			}
			found, page := env.service(ctx, cl, pacer)
			shown[i] = idsOf(&page)
			if env.Archive != nil {
				found = append(found, env.archived(ctx, cl)...)
				found = append(found, times(ctx, cl.Name, env.Archive)...)
			}
			for _, c := range found {
				each[i] = append(each[i], c.of(cl.Name))
			}
			return nil
		})
	}
	_ = group.Wait() // always nil: problems are findings
	var all []Finding
	for _, found := range each {
		all = append(all, found...)
	}
	return append(all, lists(cfg, shown)...)
}

// archived compares the settings of a cluster with the archive.
func (env *Env) archived(ctx context.Context, cl *config.Cluster) []Finding {
	var took sql.NullFloat64
	err := env.Archive.QueryRowContext(ctx, `SELECT
			(SELECT seconds FROM runs WHERE cluster = name AND outcome = 'complete' ORDER BY started_at DESC, id DESC LIMIT 1)
		FROM clusters WHERE name = ?`, cl.Name).Scan(&took)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return []Finding{note("identity", "its first sync is still to come", "not in the archive yet")}
	case err != nil:
		return []Finding{broken("identity", err)}
	}
	found := []Finding{ok("identity", "the archive knows it as the same cluster")}
	err = store.Identity(ctx, env.Archive, db.Cluster{Name: cl.Name, API: cl.Dialect.Name, ClusterID: cl.ClusterID})
	if err != nil {
		found[0] = problem("identity", "the archive keeps what it has; in the settings, rename the cluster or correct its cluster_id", "%v", err)
	}
	found = append(found, absences(ctx, cl.Name, env.Archive)...)
	found = append(found, runClock(ctx, cl.Name, env.Archive, env.Now())...)
	every := timetable.Expected(cl.Schedule, env.Now())
	if listing := report.Seconds(took.Float64); listing > every {
		found = append(found, note("schedule", "let it run less often, or raise page_size or rate",
			"its last complete listing took %s, and the schedule (%s) wants one every %s", report.Span(listing), cl.Schedule.Spelling, report.Span(every)))
	}
	return found
}

// runClock finds a cluster whose ages can't be judged since its newest run.
func runClock(ctx context.Context, cluster string, reader *sql.DB, now time.Time) []Finding {
	all, err := clocks.All(ctx, reader)
	if err != nil {
		return []Finding{broken("clock", err)}
	}
	i := slices.IndexFunc(all, func(c db.Clocks) bool { return c.Cluster == cluster })
	if i < 0 {
		return nil
	}
	switch doubt, wrong := all[i].Doubt(), all[i].Wrong(now); {
	case doubt != "" && wrong:
		return []Finding{problem("clock", db.MendClock, "by the newest run, %s: its ages are not judged, and nothing of it is pruned", doubt)}
	case doubt != "": // it may have been an outage; a newest time that is still to come is the archive's finding
		return []Finding{note("clock", "ages count again after a day of listings without a gap", "%s: its ages are not judged, and nothing of it is pruned", doubt)}
	}
	return nil
}

// absences finds jobs that the newest listing lacked and whose absence the service
// could not confirm, or has no call to confirm.
func absences(ctx context.Context, cluster string, reader *sql.DB) []Finding {
	var undecided, unconfirmed int64
	var why sql.NullString
	err := reader.QueryRowContext(ctx, `
		SELECT r.absences_undecided, r.error,
			(SELECT coalesce(sum(absences_unconfirmed), 0) FROM runs WHERE cluster = r.cluster AND gone > 0)
		FROM runs AS r WHERE r.cluster = ? AND r.finished_at IS NOT NULL ORDER BY r.started_at DESC, r.id DESC LIMIT 1`, cluster).
		Scan(&undecided, &why, &unconfirmed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return []Finding{broken("absences", err)}
	case undecided > 0:
		return []Finding{problem("absences", "these jobs stay as they are, and runs stay partial, until the list has them again or the service answers", "%s", why.String)}
	case unconfirmed > 0:
		return []Finding{note("absences", "only a newer server has the call for one job: without it, an absence can't be confirmed",
			"%s went away without the service confirming it", report.Counted(unconfirmed, "job"))}
	}
	return nil
}
