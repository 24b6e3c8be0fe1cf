package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"importarchive/config"
	"importarchive/db"
	"importarchive/status"
)

func (p *program) checkAll(ctx context.Context, cfg *config.Config) []checked {
	all := []checked{fine("settings", "%s", clusterNames(cfg))}
	reader, found := openToCheck(ctx, cfg.Archive.Path)
	all = append(all, found...)
	if reader != nil {
		defer reader.Close()
		all = append(all, checkInvariants(ctx, reader)...)
		all = append(all, p.checkArchiveClock(ctx, reader))
	}
	all = append(all, checkFileSystem(cfg.Archive.Path), checkDisk(cfg.Archive.Path))
	all = append(all, p.checkBackups(cfg)...)
	all = append(all, checkFolders(cfg)...)
	all = append(all, p.checkClusters(ctx, cfg, reader)...)
	if reader != nil {
		all = append(all, checkRetention(ctx, cfg, reader)...)
	}
	all = append(all, checkNotify(cfg)...)
	return append(all, p.checkSchedules(cfg)...)
}

func clusterNames(cfg *config.Config) string {
	var names []string
	for i := range cfg.Clusters {
		names = append(names, cfg.Clusters[i].Name)
	}
	return counted(int64(len(names)), "cluster") + ": " + strings.Join(names, ", ")
}

// openToCheck gives no reader when there is no archive that can be read.
func openToCheck(ctx context.Context, path string) (*sql.DB, []checked) {
	reader, err := db.OpenReader(ctx, path)
	switch {
	case errors.Is(err, db.ErrMissing):
		return nil, []checked{note("archive", "`importarchive sync` or `run` makes it", "%s is not there yet", path)}
	case err != nil:
		return nil, []checked{broken("archive", err)}
	}
	var version, jobs int64
	err = reader.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version), (SELECT coalesce(sum(archived), 0) FROM clusters)`).
		Scan(&version, &jobs)
	if err != nil {
		return nil, []checked{broken("archive", errors.Join(err, reader.Close()))}
	}
	return reader, []checked{fine("archive", "%s, schema %d, %s", path, version, counted(jobs, "job"))}
}

const damaged = "keep this file, restore a backup beside it, and tell us: this should never happen"

func checkInvariants(ctx context.Context, reader *sql.DB) []checked {
	findings, err := db.Verify(ctx, reader)
	if err != nil {
		return []checked{problem("integrity", damaged, "looking through the archive: %v", err)}
	}
	if len(findings) == 0 {
		return []checked{fine("integrity", "every page is sound, every invariant holds")}
	}
	var all []checked
	for _, f := range findings {
		all = append(all, problem("integrity", damaged, "%v", f))
	}
	return all
}

func (p *program) checkArchiveClock(ctx context.Context, reader *sql.DB) checked {
	behind, err := status.ClockBehind(ctx, reader, p.Now())
	switch {
	case err != nil:
		return broken("clock", err)
	case behind != nil:
		return problem("clock", "set this machine's clock by NTP; until it has caught up, new times are held at the newest archived one",
			"the newest time in the archive is %s ahead of this machine's clock", spanUp(seconds(*behind)))
	}
	return fine("clock", "%s UTC, not behind the archive", p.Now().UTC().Format(time.DateTime))
}

const (
	leastFree  = 500 << 20
	leastShare = 0.05
)

// checkDisk looks at the folder that the archive is in. Without space the
// archive stops, so little of it is a problem; a small share of a large disk
// is only worth knowing.
func checkDisk(path string) checked {
	folder := filepath.Dir(path)
	switch st, err := os.Stat(folder); {
	case err != nil:
		return problem("disk", "make the folder, or put another archive.path into the settings", "%v", err)
	case !st.IsDir():
		return problem("disk", "put another archive.path into the settings", "%s is no folder", folder)
	}
	free, total, err := diskSpace(folder)
	switch {
	case err != nil:
		return note("disk", "look yourself", "how much is free in %s is not known: %v", folder, err)
	case free < leastFree:
		return problem("disk", "make room, or move the archive to a larger disk", "only %s free in %s", size(free), folder)
	case float64(free) < leastShare*float64(total):
		return note("disk", "make room before it runs out", "%s free in %s, less than 5 %% of %s", size(free), folder, size(total))
	}
	return fine("disk", "%s free in %s", size(free), folder)
}

func size(bytes uint64) string {
	if bytes < 10<<30 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d GB", bytes>>30)
}
