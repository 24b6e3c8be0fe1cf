package cli

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"

	"importarchive/db"
)

func (p *program) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Sync on schedule and serve pages until stopped: the background service",
		Args:  noArguments,
		RunE:  func(c *cobra.Command, _ []string) error { return p.run(c.Context()) },
	}
}

func (p *program) run(ctx context.Context) (err error) {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	log := p.logger(p.Stderr, cfg.Log)
	st, err := db.Open(ctx, cfg.Archive.Path, db.Options{Now: p.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	release, err := db.HoldService(cfg.Archive.Path, p.Now())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()

	pages, err := listener(ctx, &cfg.Serve, log)
	if err != nil {
		return err
	}
	log.Info().Str("archive", cfg.Archive.Path).Int("clusters", len(cfg.Clusters)).Str("version", version()).Msg("started")
	told := p.notifier(cfg, st, log)
	told.Begin(ctx) // before the first sync, so that what it finds is news
	var beside sync.WaitGroup
	beside.Go(func() { told.Run(ctx) })
	if pages != nil {
		site := p.site(cfg, st, log)
		beside.Go(func() { serve(ctx, site, pages) })
	}
	for _, t := range p.tasks(cfg, st, log) {
		beside.Go(func() { t.run(ctx) })
	}
	p.engine(cfg, st, log).Run(ctx, cfg.Sync.OnStart)
	beside.Wait()
	log.Info().Msg("stopped")
	return nil
}
