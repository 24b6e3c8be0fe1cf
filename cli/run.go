package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"importarchive/config"
	"importarchive/db"
)

func (p *program) runCommand() *cobra.Command {
	var profiles bool
	c := &cobra.Command{
		Use:   "run",
		Short: "Sync on schedule and serve pages until stopped: the background service",
		Long: `Sync every cluster on its schedule until SIGINT or SIGTERM: the background service.

Settings that change are taken over while it runs: at once on SIGHUP, and some
seconds after the file has changed. Runs under way finish as they began; clusters
that are new are synced as if the service had started with them. Settings that are
wrong are refused with all their problems in the log, and the old ones stay. Only
another archive.path takes a restart. Key files are read at each use anyway.

Where $NOTIFY_SOCKET is set, as systemd does for Type=notify, it is told when the
service is ready, reloading and stopping, and the watchdog is fed by the schedule.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c.Context(), profiles) },
	}
	c.Flags().BoolVar(&profiles, "pprof", false, "serve profiles of the program at /debug/pprof/, to this machine only")
	return c
}

func (p *program) run(ctx context.Context, profiles bool) (err error) {
	path := p.settingsPath()
	text, cfg, err := config.LoadText(path, p.LookupEnv)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if err := p.overlayLog(&cfg.Log); err != nil {
		return err
	}
	s := &service{program: p, path: path, text: string(text), profiles: profiles, lines: &logSwitch{}}
	if err := s.mayServe(&cfg.Serve); err != nil {
		return &exitError{exitUsage, err}
	}
	s.taken.Store(cfg)
	s.lines.set(p, cfg.Log)
	s.log = s.lines.logger(p)
	s.supervise = p.supervisor(s.log)
	release, err := db.HoldService(ctx, cfg.Archive.Path, p.Now())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s.st, err = db.Open(ctx, cfg.Archive.Path, db.Options{Now: p.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.st.Close()) }()
	return s.serve(ctx)
}
