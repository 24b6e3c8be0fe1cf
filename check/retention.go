package check

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"

	"importarchive/db/sqlite/files"
	"importarchive/queries"
	"importarchive/report"
)

// retention compares the schedule of each cluster with the time for which its
// service keeps finished jobs in the list. The verdict is that of the report retention.
func retention(ctx context.Context, env *Env) []Finding {
	cfg := env.Config
	if env.Archive == nil {
		return nil
	}
	verdicts, err := retentionVerdicts(ctx, env.Archive)
	if err != nil {
		return []Finding{broken("retention", err)}
	}
	var all []Finding
	for _, cl := range cfg.On() {
		verdict, known := verdicts[cl.Name]
		if !known {
			continue
		}
		c := ok("retention", "%s", verdict)
		const advice = "a job that finishes and goes between two runs is never seen: set a shorter schedule for the cluster"
		switch {
		case strings.HasPrefix(verdict, "too slow"):
			c = problem("retention", advice, "the schedule (%s) is %s", cl.Schedule.Spelling, verdict)
		case strings.HasPrefix(verdict, "may be too slow"):
			c = note("retention", advice, "the schedule (%s) %s", cl.Schedule.Spelling, verdict)
		case verdict == "ok":
			c = ok("retention", "the service keeps finished jobs for three runs or longer")
		}
		all = append(all, c.of(cl.Name))
	}
	return all
}

// retentionVerdicts returns the verdicts of the saved report by cluster.
func retentionVerdicts(ctx context.Context, reader *sql.DB) (map[string]string, error) {
	t, err := report.Saved(ctx, reader, queries.Report("retention"), nil)
	if err != nil {
		return nil, err
	}
	verdicts := map[string]string{}
	for row, err := range t.Pick("cluster", "verdict").Rows {
		if err != nil {
			return nil, fmt.Errorf("reading the report retention: %w", err)
		}
		cluster, _ := row[0].(string)
		verdicts[cluster], _ = row[1].(string)
	}
	return verdicts, nil
}

// fileSystem checks that SQLite's locks are reliable on the archive's file system.
func fileSystem(_ context.Context, env *Env) []Finding {
	folder := filepath.Dir(env.Config.Archive.Path)
	if name := files.NetworkFileSystem(folder); name != "" {
		return []Finding{problem("filesystem", "put the archive on a local disk, and copy backups to this one",
			"%s is on a network file system (%s), where SQLite's locks can't be trusted", folder, name)}
	}
	return []Finding{ok("filesystem", "not a known network file system")}
}
