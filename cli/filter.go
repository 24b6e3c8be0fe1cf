package cli

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"importarchive/config"
	"importarchive/db/sqlite"
	"importarchive/report"
)

// readArchiveOf is readArchive for a command that was asked about clusters.
// What is wrong with the command line is told before what is wrong with the
// archive.
func (p *program) readArchiveOf(ctx context.Context, clusters []string) (*config.Config, *sql.DB, error) {
	cfg, reader, err := p.readArchive(ctx)
	if errors.Is(err, sqlite.ErrMissing) {
		if unknown := configured(cfg, clusters); unknown != nil {
			return nil, nil, unknown
		}
	}
	return cfg, reader, err
}

// knownClusters refuses names that are neither in the settings nor in the
// archive: a filter that can't match is a slip of the pen.
func knownClusters(ctx context.Context, cfg *config.Config, reader *sql.DB, names []string) error {
	if len(names) == 0 {
		return nil
	}
	all, err := archivedClusters(ctx, reader)
	if err != nil {
		return err
	}
	for i := range cfg.Clusters {
		if !slices.Contains(all, cfg.Clusters[i].Name) {
			all = append(all, cfg.Clusters[i].Name)
		}
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return usageError("--cluster %q is neither in the settings nor in the archive, which have %s", name, strings.Join(all, ", "))
		}
	}
	return nil
}

func archivedClusters(ctx context.Context, reader *sql.DB) (names []string, err error) {
	rows, err := reader.QueryContext(ctx, `SELECT name FROM clusters ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// inClusters gives a condition and puts its values with the others.
func inClusters(names []string, values map[string]any) string {
	var places []string
	for i, name := range names {
		place := "cluster" + strconv.Itoa(i)
		places, values[place] = append(places, ":"+place), name
	}
	return "cluster IN (" + strings.Join(places, ", ") + ")"
}

// named gives values as arguments of a query.
func named(values map[string]any) []any {
	var args []any
	for name, value := range values {
		args = append(args, sql.Named(name, value))
	}
	return args
}

// timeFlag reads the value of a flag such as --since, and gives it as the
// archive spells times. No value stays none.
func timeFlag(name, value string, now time.Time) (string, error) {
	if value == "" {
		return "", nil
	}
	t, err := report.ParseTime(value, now)
	if err != nil {
		return "", usageError("--%s %w", name, err)
	}
	return spellTime(t), nil
}

// noSuchJob is the error for a job that the archive does not have. Where
// another cluster has it, the error says so.
func noSuchJob(ctx context.Context, reader *sql.DB, id string, clusters []string) error {
	if pruned, err := prunedJob(ctx, reader, id, clusters); err != nil || pruned != "" {
		return cmp.Or(err, errors.New(pruned))
	}
	if len(clusters) == 0 {
		return fmt.Errorf("the archive has no job %q", id)
	}
	var elsewhere sql.NullString
	err := reader.QueryRowContext(ctx, `SELECT group_concat(cluster, ', ') FROM (SELECT cluster FROM jobs WHERE job_id = ? ORDER BY cluster)`, id).Scan(&elsewhere)
	if err == nil {
		err = fmt.Errorf("the archive has no job %q of %s", id, strings.Join(clusters, ", "))
		if elsewhere.Valid {
			err = fmt.Errorf("%w, but one of %s", err, elsewhere.String)
		}
	}
	return err
}

// prunedJob describes a job that was pruned. "" means that there is none.
func prunedJob(ctx context.Context, reader *sql.DB, id string, clusters []string) (told string, err error) {
	where, args := whereJob(id, clusters)
	var cluster, outcome, firstSeen, at string
	var file sql.NullString
	err = reader.QueryRowContext(ctx, `SELECT j.cluster, j.outcome, j.first_seen_at, p.at, p.file
		FROM (SELECT * FROM pruned WHERE `+where+` LIMIT 1) AS j JOIN prunes AS p ON p.id = j.prune_id`, args...).
		Scan(&cluster, &outcome, &firstSeen, &at, &file)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err != nil:
		return "", err
	}
	told = fmt.Sprintf("job %q of %s was pruned at %s UTC: it was first seen at %s UTC, and its outcome is %s",
		id, cluster, toSecond(at), toSecond(firstSeen), outcome)
	if file.Valid {
		told += "; its history is in " + file.String
	}
	return told, nil
}

// haveJob reports an error unless the archive has the job, on one of these
// clusters if there are any.
func haveJob(ctx context.Context, reader *sql.DB, id string, clusters []string) error {
	where, args := whereJob(id, clusters)
	var one int
	err := reader.QueryRowContext(ctx, "SELECT 1 FROM jobs WHERE "+where+" LIMIT 1", args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return noSuchJob(ctx, reader, id, clusters)
	}
	return err
}

// whereJob gives the condition for a job's id, on these clusters if there are
// any.
func whereJob(id string, clusters []string) (where string, args []any) {
	values := map[string]any{"job": id}
	where = "job_id = :job"
	if len(clusters) > 0 {
		where += " AND " + inClusters(clusters, values)
	}
	return where, named(values)
}
