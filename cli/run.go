package cli

import (
	"context"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"importarchive/config"
	"importarchive/service"
)

func (p *program) runCommand() *cobra.Command {
	var profiles bool
	c := &cobra.Command{
		Use:   "run",
		Short: "Sync on schedule and serve pages until stopped: the background service",
		Long: `Sync every cluster on its schedule until SIGINT or SIGTERM: the background service.

Changed settings apply while it runs: at once on SIGHUP, and some seconds after
the file has changed. Runs under way finish on the old settings; new clusters are
synced as if the service had started with them. Wrong settings are refused with all
their problems in the log, and the old ones stay. Only another archive.path needs a
restart. Key files are read at each use anyway.

Where $NOTIFY_SOCKET is set, as systemd does for Type=notify, systemd hears when the
service is ready, reloading and stopping, and the schedule feeds its watchdog.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c.Context(), profiles) },
	}
	c.Flags().BoolVar(&profiles, "pprof", false, "serve profiles of the program at /debug/pprof/, to this machine only")
	return c
}

func (p *program) run(ctx context.Context, profiles bool) error {
	path := p.settingsPath()
	text, cfg, err := config.LoadText(path, p.LookupEnv)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if err := p.overlayLog(&cfg.Log); err != nil {
		return err
	}
	opts := service.Options{
		Path: path, Text: text, Config: cfg,
		Parse: func(text []byte) (*config.Config, error) {
			cfg, err := config.Parse(path, text, p.LookupEnv)
			if err != nil {
				return nil, err
			}
			return cfg, p.overlayLog(&cfg.Log)
		},
		Now: p.Now, Transport: p.Transport, Version: version(), Title: pageTitle(cfg.Archive.Path), Profiles: profiles,
		Log: func(log config.Log) zerolog.Logger { return p.logger(p.Stderr, log) },
	}
	if p.Hangups != nil {
		opts.Hangups = p.Hangups()
	}
	s, err := service.New(opts)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return s.Run(ctx)
}
