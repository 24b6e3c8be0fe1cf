package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"importarchive/config"
	"importarchive/db"
	"importarchive/queries"
	"importarchive/report"
)

// checkRetention compares the schedule with how long the service was measured
// to keep finished jobs in its list: the verdict of the saved report, of the
// clusters that are still in the settings.
func checkRetention(ctx context.Context, cfg *config.Config, reader *sql.DB) []checked {
	verdicts, err := retentionVerdicts(ctx, reader)
	if err != nil {
		return []checked{broken("retention", err)}
	}
	var all []checked
	for i := range cfg.Clusters {
		cl := &cfg.Clusters[i]
		verdict, known := verdicts[cl.Name]
		if !known {
			continue
		}
		c := fine("retention", "%s", verdict)
		const advice = "jobs that finish and go between two looks are never seen: put a shorter schedule into the cluster's settings"
		switch {
		case strings.HasPrefix(verdict, "too slow"):
			c = problem("retention", advice, "the schedule (%s) is %s", cl.Schedule.Spelling, verdict)
		case strings.HasPrefix(verdict, "may be too slow"):
			c = note("retention", advice, "the schedule (%s) %s", cl.Schedule.Spelling, verdict)
		case verdict == "ok":
			c = fine("retention", "the service keeps finished jobs for longer than three looks")
		}
		all = append(all, c.of(cl.Name))
	}
	return all
}

// retentionVerdicts runs the saved report, and gives its verdict by cluster.
func retentionVerdicts(ctx context.Context, reader *sql.DB) (map[string]string, error) {
	q, err := queries.Report("retention")
	if err != nil {
		return nil, err
	}
	t, err := report.Saved(ctx, reader, q, nil)
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

// checkFileSystem looks whether SQLite's locks can be trusted where the
// archive is.
func checkFileSystem(path string) checked {
	folder := filepath.Dir(path)
	if name := db.NetworkFileSystem(folder); name != "" {
		return problem("filesystem", "put the archive on a local disk, and copy backups to this one",
			"%s is on a network file system (%s), where SQLite's locks can't be trusted", folder, name)
	}
	return fine("filesystem", "none that is known to be on a network")
}

// checkBackups looks whether the service's backups come as scheduled.
func (p *program) checkBackups(cfg *config.Config) []checked {
	set := &cfg.Backup
	if !set.Scheduled() {
		return nil
	}
	const advice = "look at what the service's log says of its backups"
	switch st, err := os.Stat(set.Dir); {
	case errors.Is(err, fs.ErrNotExist):
		return []checked{note("backup", "the first scheduled backup makes it", "%s is not there yet", set.Dir)}
	case err != nil:
		return []checked{problem("backup", advice, "%v", err)}
	case !st.IsDir():
		return []checked{problem("backup", "put another backup.dir into the settings", "%s is no folder", set.Dir)}
	}
	b := newBackups(set, cfg.Archive.Path)
	newest, err := b.newest()
	switch room := checkRoom(cfg); {
	case err != nil:
		return []checked{problem("backup", advice, "%v", err)}
	case room != nil:
		return []checked{*room}
	case newest.IsZero():
		return []checked{note("backup", "the service makes the first one at the next time of its schedule; if that has been, "+advice,
			"there is none in %s yet", set.Dir)}
	}
	// Two times of the schedule may pass: the one that is being made, and one
	// that was skipped for it.
	due := set.Schedule.Next(set.Schedule.Next(newest))
	age := spanUp(p.Now().Sub(newest))
	if due.Before(p.Now()) {
		return []checked{problem("backup", advice, "the newest in %s was made %s ago, and the schedule (%s) wants them more often",
			set.Dir, age, set.Schedule.Spelling)}
	}
	return []checked{fine("backup", "the newest in %s was made %s ago", set.Dir, age)}
}

// checkRoom looks whether another backup fits into the folder; nil if it does,
// or if that is not known.
func checkRoom(cfg *config.Config) *checked {
	archive, err := os.Stat(cfg.Archive.Path)
	if err != nil {
		return nil
	}
	free, _, err := diskSpace(cfg.Backup.Dir)
	if err != nil || free >= uint64(archive.Size()) {
		return nil
	}
	c := problem("backup", "make room, lower backup.keep, or put another backup.dir into the settings",
		"only %s free in %s, and the archive has %s", size(free), cfg.Backup.Dir, size(uint64(archive.Size())))
	return &c
}
