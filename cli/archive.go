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

	"importarchive/config"
	"importarchive/db/rows"
	"importarchive/db/sqlite"
	"importarchive/queries"
)

// readArchive loads the settings and opens their archive for reading.
func (p *program) readArchive(ctx context.Context) (*config.Config, *sql.DB, error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, nil, err
	}
	reader, err := sqlite.OpenReader(ctx, cfg.Archive.Path)
	return cfg, reader, err
}

// openArchive opens the archive of the settings for writing.
func (p *program) openArchive(ctx context.Context, cfg *config.Config) (*sqlite.Archive, error) {
	archive, err := sqlite.Open(ctx, cfg.Archive.Path, sqlite.Options{Now: p.Now})
	if err == nil && archive.SetAside() != "" {
		p.remark([]string{"the log beside the archive belonged to another file; it is " + archive.SetAside() + " now"})
	}
	return archive, err
}

// readArchiveOf is readArchive for a command with the flag --cluster. It refuses
// clusters that neither the settings nor the archive have: such a filter is a
// typo. Where there is no archive yet, a typo is reported first.
func (p *program) readArchiveOf(ctx context.Context, clusters []string) (*config.Config, *sql.DB, error) {
	cfg, reader, err := p.readArchive(ctx)
	if errors.Is(err, sqlite.ErrMissing) {
		return nil, nil, cmp.Or(configured(cfg, clusters), err)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := knownClusters(ctx, cfg, reader, clusters); err != nil {
		return nil, nil, errors.Join(err, reader.Close())
	}
	return cfg, reader, nil
}

func knownClusters(ctx context.Context, cfg *config.Config, reader *sql.DB, names []string) error {
	if len(names) == 0 {
		return nil
	}
	known, err := rows.All(ctx, reader, rows.Column[string], `SELECT name FROM clusters ORDER BY name`)
	if err != nil {
		return err
	}
	for _, name := range cfg.Names() {
		if !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return usageError("--cluster %q is neither in the settings nor in the archive, which have %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// haveJob returns an error unless the archive has a job of this id, on one of
// these clusters if any are given. The error says what else the archive knows:
// that the job was pruned, or that other clusters have one.
func haveJob(ctx context.Context, reader *sql.DB, id string, clusters []string) error {
	where, values := whereJob(id, clusters)
	var one int
	err := reader.QueryRowContext(ctx, "SELECT 1 FROM jobs WHERE "+where+" LIMIT 1", named(values)...).Scan(&one)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := prunedJob(ctx, reader, id, clusters); err != nil {
		return err
	}
	if len(clusters) == 0 {
		return fmt.Errorf("the archive has no job %q", id)
	}
	var others sql.NullString
	err = reader.QueryRowContext(ctx, `SELECT group_concat(cluster, ', ') FROM (SELECT cluster FROM jobs WHERE job_id = ? ORDER BY cluster)`, id).Scan(&others)
	if err != nil {
		return err
	}
	err = fmt.Errorf("the archive has no job %q of %s", id, strings.Join(clusters, ", "))
	if others.Valid {
		err = fmt.Errorf("%w, but one of %s", err, others.String)
	}
	return err
}

// prunedJob returns an error that says when a job was pruned; nil if it wasn't.
func prunedJob(ctx context.Context, reader *sql.DB, id string, clusters []string) error {
	where, values := whereJob(id, clusters)
	var cluster, outcome, firstSeen, at string
	var file sql.NullString
	err := reader.QueryRowContext(ctx, `SELECT j.cluster, j.outcome, j.first_seen_at, p.pruned_at, p.file
		FROM (SELECT * FROM pruned WHERE `+where+` LIMIT 1) AS j JOIN prunes AS p ON p.id = j.prune_id`, named(values)...).
		Scan(&cluster, &outcome, &firstSeen, &at, &file)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	err = fmt.Errorf("job %q of %s was pruned at %s UTC: it was first seen at %s UTC, and its outcome is %s",
		id, cluster, queries.ToSecond(at), queries.ToSecond(firstSeen), outcome)
	if file.Valid {
		err = fmt.Errorf("%w; its history is in %s", err, file.String)
	}
	return err
}

// whereJob returns the condition for a job's id, on these clusters if any are
// given, and the values of its parameters.
func whereJob(id string, clusters []string) (where string, values map[string]any) {
	where, values = "job_id = :job", map[string]any{"job": id}
	if len(clusters) > 0 {
		where += " AND " + inClusters(clusters, values)
	}
	return where, values
}

// inClusters returns a condition and adds the values of its parameters.
func inClusters(names []string, values map[string]any) string {
	var parameters []string
	for i, name := range names {
		parameter := "cluster" + strconv.Itoa(i)
		parameters, values[parameter] = append(parameters, ":"+parameter), name
	}
	return "cluster IN (" + strings.Join(parameters, ", ") + ")"
}

// named returns values as named arguments of a query.
func named(values map[string]any) []any {
	var args []any
	for name, value := range values {
		args = append(args, sql.Named(name, value))
	}
	return args
}
