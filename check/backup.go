package check

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"importarchive/config"
	"importarchive/db/sqlite/files"
	"importarchive/db/sqlite/rotation"
	"importarchive/report"
)

// backups checks that the service's backups appear as scheduled.
func backups(_ context.Context, env *Env) []Finding {
	cfg := env.Config
	set := &cfg.Backup
	if !set.Schedule.Set() {
		return nil
	}
	const advice = "see what the service's log says about its backups"
	switch st, err := os.Stat(set.Dir); {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{note("backup", "the first scheduled backup creates it", "%s is not there yet", set.Dir)}
	case err != nil:
		return []Finding{problem("backup", advice, "%v", err)}
	case !st.IsDir():
		return []Finding{problem("backup", "change backup.dir in the settings", "%s is not a folder", set.Dir)}
	}
	b := rotation.Backups{Archive: cfg.Archive.Path, Folder: set.Dir}
	newest, err := b.Newest(env.Now())
	switch room := roomForBackup(cfg); {
	case err != nil:
		return []Finding{problem("backup", advice, "%v", err)}
	case room != nil:
		return []Finding{*room}
	case newest.IsZero():
		return []Finding{note("backup", "the service makes the first one at the next time of its schedule; if that time has passed, "+advice,
			"there is none in %s yet", set.Dir)}
	}
	// The schedule may have fired twice since then: once for a backup that is being
	// made, and once for a backup that was skipped meanwhile.
	due := set.Schedule.Next(set.Schedule.Next(newest))
	age := report.SpanUp(env.Now().Sub(newest))
	if due.Before(env.Now()) {
		return []Finding{problem("backup", advice, "the newest in %s was made %s ago, and the schedule (%s) wants them more often",
			set.Dir, age, set.Schedule.Spelling)}
	}
	return []Finding{ok("backup", "the newest in %s was made %s ago", set.Dir, age)}
}

// roomForBackup returns a problem if the folder has no room for another backup;
// nil if it has, or if that is unknown.
func roomForBackup(cfg *config.Config) *Finding {
	archive, err := os.Stat(cfg.Archive.Path)
	if err != nil {
		return nil
	}
	free, _, err := files.DiskSpace(cfg.Backup.Dir)
	if err != nil || free >= uint64(archive.Size()) {
		return nil
	}
	c := problem("backup", "make room, lower backup.keep, or change backup.dir in the settings",
		"only %s free in %s, and the archive has %s", report.Size(free), cfg.Backup.Dir, report.Size(uint64(archive.Size())))
	return &c
}
