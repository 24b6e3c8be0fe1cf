package service

import (
	"context"
	"path/filepath"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
	"importarchive/db/sqlite/rotation"
	"importarchive/notify"
	"importarchive/report/export"
	"importarchive/timetable"
)

// tasks returns all tasks of the timetable: those of the settings, the notices, and
// systemd's watchdog.
func (s *Service) tasks(n *notify.Notifier) []timetable.Task {
	engine := NewEngine(s.cfg, s.store, s.traffic, s.opts.Transport, s.opts.Now, s.log)
	engine.Memories = &s.memories
	s.memories.Keep(engine.Clusters)
	all := engine.Tasks(s.cfg.Sync.OnStart)
	for _, t := range s.settingsTasks() {
		s.counts.Scheduled(t.name)
		all = append(all, t.task())
	}
	all = append(all, notices(n))
	if t, wanted := watchdog(s.log); wanted {
		all = append(all, t)
	}
	return all
}

// settingsTasks returns export, backup and prune, if the settings schedule them.
func (s *Service) settingsTasks() []*task {
	var all []*task
	add := func(name string, schedule cron.Schedule, log zerolog.Logger, do func(context.Context, time.Time) (func(*zerolog.Event), error)) {
		all = append(all, &task{name: name, schedule: schedule, now: s.opts.Now, log: log, counts: s.counts, do: do})
	}
	cfg := s.cfg
	if e := &cfg.Export; e.Schedule.Set() {
		add("export", e.Schedule, s.log.With().Str("dir", e.Dir).Logger(), s.export(e))
	}
	if b := &cfg.Backup; b.Schedule.Set() {
		add("backup", b.Schedule, s.log.With().Str("dir", b.Dir).Logger(), s.backup(b))
	}
	if r := &cfg.Retention; r.Schedule.Set() {
		add("prune", r.Schedule, s.log, s.prune(r))
	}
	return all
}

// export writes the export of the settings.
func (s *Service) export(set *config.Export) func(context.Context, time.Time) (func(*zerolog.Event), error) {
	return func(ctx context.Context, now time.Time) (func(*zerolog.Event), error) {
		e := export.Export{
			Datasets: set.What, Format: set.Format, Dir: set.Dir,
			Now: now, Version: s.opts.Version, Title: s.opts.Title,
		}
		if len(e.Datasets) == 0 {
			e.Datasets = export.DefaultDatasets(e.Format)
		}
		m, err := e.Write(ctx, s.st.Reader)
		if err != nil {
			return nil, err
		}
		rows, bytes := int64(0), int64(0)
		for _, f := range m.Files {
			bytes += f.Bytes
			if f.Rows != nil {
				rows += *f.Rows
			}
		}
		return func(event *zerolog.Event) {
			if len(m.Earlier) > 0 {
				event.Strs("from_earlier", m.Earlier)
			}
			if cut := m.Remarks(); len(cut) > 0 {
				event.Strs("cut", cut)
			}
			event.Str("format", m.Format).Int("files", len(m.Files)).Int64("rows", rows).Int64("bytes", bytes)
		}, nil
	}
}

// backup makes a backup in the folder of the settings, and removes the oldest ones
// beyond those to keep.
func (s *Service) backup(set *config.Backup) func(context.Context, time.Time) (func(*zerolog.Event), error) {
	b := rotation.Backups{Archive: s.cfg.Archive.Path, Folder: set.Dir, Keep: set.Keep}
	return func(ctx context.Context, now time.Time) (func(*zerolog.Event), error) {
		made, rotated, err := b.Make(ctx, s.st.Reader, now)
		if err != nil {
			return nil, err
		}
		if len(rotated.Later) > 0 {
			s.log.Warn().Str("dir", set.Dir).Strs("files", rotated.Later).
				Msg("backup: these files are named after a time that is still to come: a clock was wrong when they were made, or this machine's is wrong now")
		}
		return func(event *zerolog.Event) {
			if rotated.Unfinished > 0 {
				event.Int("unfinished_removed", rotated.Unfinished)
			}
			event.Str("file", filepath.Base(made.Path)).Int64("bytes", made.Bytes).Int64("jobs", made.Jobs).Int("removed", rotated.Removed)
		}, nil
	}
}

// prune deletes what is older than the settings keep.
func (s *Service) prune(set *config.Retention) func(context.Context, time.Time) (func(*zerolog.Event), error) {
	return func(ctx context.Context, now time.Time) (func(*zerolog.Event), error) {
		done, err := s.st.Prune(ctx, &db.Prune{Keep: set.Keep, Now: now, Export: set.Export})
		if err != nil {
			return nil, err
		}
		return func(event *zerolog.Event) {
			event.Int64("jobs", done.Jobs()).Int64("runs", done.Runs()).Int64("rejects", done.Rejects()).Int64("bytes_freed", done.Space.Freed)
			if done.File != "" {
				event.Str("file", done.File)
			}
		}, nil
	}
}
