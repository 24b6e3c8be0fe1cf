package check

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"importarchive/config"
	"importarchive/db/sqlite"
	"importarchive/report"
)

// backups says whether the service's backups come as scheduled.
func backups(_ context.Context, env *Env) []Finding {
	cfg := env.Config
	set := &cfg.Backup
	if !set.Scheduled() {
		return nil
	}
	const advice = "look at what the service's log says of its backups"
	switch st, err := os.Stat(set.Dir); {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{note("backup", "the first scheduled backup makes it", "%s is not there yet", set.Dir)}
	case err != nil:
		return []Finding{problem("backup", advice, "%v", err)}
	case !st.IsDir():
		return []Finding{problem("backup", "put another backup.dir into the settings", "%s is no folder", set.Dir)}
	}
	b := sqlite.Backups{Archive: cfg.Archive.Path, Folder: set.Dir}
	newest, err := b.Newest()
	switch room := roomForBackup(cfg); {
	case err != nil:
		return []Finding{problem("backup", advice, "%v", err)}
	case room != nil:
		return []Finding{*room}
	case newest.IsZero():
		return []Finding{note("backup", "the service makes the first one at the next time of its schedule; if that has been, "+advice,
			"there is none in %s yet", set.Dir)}
	}
	// Two times of the schedule may pass: the one that is being made, and one
	// that was skipped for it.
	due := set.Schedule.Next(set.Schedule.Next(newest))
	age := report.SpanUp(env.Now().Sub(newest))
	if due.Before(env.Now()) {
		return []Finding{problem("backup", advice, "the newest in %s was made %s ago, and the schedule (%s) wants them more often",
			set.Dir, age, set.Schedule.Spelling)}
	}
	return []Finding{ok("backup", "the newest in %s was made %s ago", set.Dir, age)}
}

// roomForBackup says that no other backup fits into the folder; nil if one does,
// or if that is not known.
func roomForBackup(cfg *config.Config) *Finding {
	archive, err := os.Stat(cfg.Archive.Path)
	if err != nil {
		return nil
	}
	free, _, err := sqlite.DiskSpace(cfg.Backup.Dir)
	if err != nil || free >= uint64(archive.Size()) {
		return nil
	}
	c := problem("backup", "make room, lower backup.keep, or put another backup.dir into the settings",
		"only %s free in %s, and the archive has %s", report.Size(free), cfg.Backup.Dir, report.Size(uint64(archive.Size())))
	return &c
}
