package check

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"importarchive/config"
	"importarchive/db/sqlite"
	"importarchive/report"
	"importarchive/status"
)

func settings(_ context.Context, env *Env) []Finding {
	return []Finding{ok("settings", "%s", clusterNames(env.Config))}
}

func clusterNames(cfg *config.Config) string {
	var names []string
	for i := range cfg.Clusters {
		names = append(names, cfg.Clusters[i].Name)
	}
	return report.Counted(int64(len(names)), "cluster") + ": " + strings.Join(names, ", ")
}

// openArchive gives nil when there is no archive that can be read.
func openArchive(ctx context.Context, path string) (*sql.DB, []Finding) {
	reader, err := sqlite.OpenReader(ctx, path)
	switch {
	case errors.Is(err, sqlite.ErrMissing):
		return nil, []Finding{note("archive", "`importarchive sync` or `run` makes it", "%s is not there yet", path)}
	case err != nil:
		return nil, []Finding{broken("archive", err)}
	}
	var version, jobs int64
	err = reader.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version), (SELECT coalesce(sum(archived), 0) FROM clusters)`).
		Scan(&version, &jobs)
	if err != nil {
		return nil, []Finding{broken("archive", errors.Join(err, reader.Close()))}
	}
	return reader, []Finding{ok("archive", "%s, schema %d, %s", path, version, report.Counted(jobs, "job"))}
}

const damaged = "keep this file, restore a backup beside it, and tell us: this should never happen"

func integrity(ctx context.Context, env *Env) []Finding {
	if env.Archive == nil {
		return nil
	}
	findings, err := sqlite.Verify(ctx, env.Archive)
	if err != nil {
		return []Finding{problem("integrity", damaged, "looking through the archive: %v", err)}
	}
	if len(findings) == 0 {
		return []Finding{ok("integrity", "every page is sound, every invariant holds")}
	}
	var all []Finding
	for _, f := range findings {
		all = append(all, problem("integrity", damaged, "%v", f))
	}
	return all
}

func archiveClock(ctx context.Context, env *Env) []Finding {
	if env.Archive == nil {
		return nil
	}
	behind, err := status.ClockBehind(ctx, env.Archive, env.Now())
	switch {
	case err != nil:
		return []Finding{broken("clock", err)}
	case behind != nil:
		return []Finding{problem("clock", "set this machine's clock by NTP; until it has caught up, new times are held at the newest archived one",
			"the newest time in the archive is %s ahead of this machine's clock", report.SpanUp(report.Seconds(*behind)))}
	}
	return []Finding{ok("clock", "%s UTC, not behind the archive", env.Now().UTC().Format(time.DateTime))}
}

const (
	leastFree  = 500 << 20
	leastShare = 0.05
)

// disk looks at the folder of the archive. Without space the archive stops, so
// little of it is a problem; a small share of a large disk is only worth a note.
func disk(_ context.Context, env *Env) []Finding {
	return []Finding{diskOf(filepath.Dir(env.Config.Archive.Path))}
}

func diskOf(folder string) Finding {
	switch st, err := os.Stat(folder); {
	case err != nil:
		return problem("disk", "make the folder, or put another archive.path into the settings", "%v", err)
	case !st.IsDir():
		return problem("disk", "put another archive.path into the settings", "%s is no folder", folder)
	}
	free, total, err := sqlite.DiskSpace(folder)
	switch {
	case err != nil:
		return note("disk", "look yourself", "how much is free in %s is not known: %v", folder, err)
	case free < leastFree:
		return problem("disk", "make room, or move the archive to a larger disk", "only %s free in %s", report.Size(free), folder)
	case float64(free) < leastShare*float64(total):
		return note("disk", "make room before it runs out", "%s free in %s, less than 5 %% of %s", report.Size(free), folder, report.Size(total))
	}
	return ok("disk", "%s free in %s", report.Size(free), folder)
}
