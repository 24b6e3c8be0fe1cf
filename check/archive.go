package check

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"importarchive/db/sqlite"
	"importarchive/db/sqlite/files"
	"importarchive/report"
	"importarchive/status"
)

func settings(_ context.Context, env *Env) []Finding {
	names := env.Config.Names()
	return []Finding{ok("settings", "%s: %s", report.Counted(int64(len(names)), "cluster"), strings.Join(names, ", "))}
}

// openArchive returns nil if the archive is missing or can't be read.
func openArchive(ctx context.Context, path string) (*sql.DB, []Finding) {
	reader, err := sqlite.OpenReader(ctx, path)
	switch {
	case errors.Is(err, sqlite.ErrMissing):
		return nil, []Finding{note("archive", "`importarchive sync` or `run` creates it", "%s is not there yet", path)}
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

// writable checks that a sync by this user could write to the archive.
func writable(ctx context.Context, env *Env) []Finding {
	path := env.Config.Archive.Path
	if st, err := os.Stat(filepath.Dir(path)); err != nil || !st.IsDir() {
		return nil // the check of the disk says so
	}
	if err := sqlite.Probe(ctx, path, env.Archive != nil); err != nil {
		return []Finding{broken("writable", err)}
	}
	return []Finding{ok("writable", "this user may write the archive, its log and its folder")}
}

const damaged = "put a backup in its place with `importarchive restore`, which keeps this file, and report this as a bug"

func integrity(ctx context.Context, env *Env) []Finding {
	if env.Archive == nil {
		return nil
	}
	findings, err := sqlite.Verify(ctx, env.Archive)
	if err != nil {
		return []Finding{problem("integrity", damaged, "verifying the archive: %v", err)}
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
		return []Finding{problem("clock", "set this machine's clock by NTP. If it is right, it was ahead once, and the view runs says by how much: until it has caught up, new times are held at the newest archived one, and all else works",
			"the newest time in the archive is %s ahead of this machine's clock", report.SpanUp(report.Seconds(*behind)))}
	}
	return []Finding{ok("clock", "%s UTC, not behind the archive", env.Now().UTC().Format(time.DateTime))}
}

const (
	leastFree  = 500 << 20
	leastShare = 0.05
)

// disk checks the free space in the archive's folder. Without space the service
// can't store anything, so too little is a problem; a small share of a large disk
// is a note.
func disk(_ context.Context, env *Env) []Finding {
	return []Finding{diskOf(filepath.Dir(env.Config.Archive.Path))}
}

func diskOf(folder string) Finding {
	switch st, err := os.Stat(folder); {
	case err != nil:
		return problem("disk", "create the folder, or change archive.path in the settings", "%v", err)
	case !st.IsDir():
		return problem("disk", "change archive.path in the settings", "%s is not a folder", folder)
	}
	free, total, err := files.DiskSpace(folder)
	switch {
	case err != nil:
		return note("disk", "check the free space by other means", "the free space in %s is unknown: %v", folder, err)
	case free < leastFree:
		return problem("disk", "make room, or move the archive to a larger disk", "only %s free in %s", report.Size(free), folder)
	case float64(free) < leastShare*float64(total):
		return note("disk", "make room before it runs out", "%s free in %s, less than 5 %% of %s", report.Size(free), folder, report.Size(total))
	}
	return ok("disk", "%s free in %s", report.Size(free), folder)
}
