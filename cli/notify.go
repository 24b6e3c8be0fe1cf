package cli

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
	"importarchive/notify"
	"importarchive/sync"
)

// teller is the companion that sends notices. What enters the archive from its
// first opening on is news. A later one, after a reload, goes on where the one
// before it ends; that one may still run when it is opened.
func (s *service) teller(cfg *config.Config) companion {
	return companion{name: "notify", reads: []string{"notify", "clusters", "sync"}, open: func(ctx context.Context) (func(context.Context, <-chan struct{}), error) {
		n := s.notifier(cfg, s.st, s.log)
		if !s.telling {
			n.Begin(ctx)
			s.telling = true
		}
		return func(ctx context.Context, replaced <-chan struct{}) {
			ctx, cancel := untilReplaced(ctx, replaced)
			defer cancel()
			n.Run(ctx)
		}, nil
	}}
}

// notifier makes the notifier of these settings.
func (p *program) notifier(cfg *config.Config, st *db.SQLite, log zerolog.Logger) *notify.Notifier {
	set := &cfg.Notify
	n := &notify.Notifier{
		Archive: st, On: set.On, Webhook: set.Webhook, Token: set.Token, Heartbeat: set.Heartbeat,
		Transport: p.Transport, Now: p.Now, Log: log,
	}
	for i := range cfg.Clusters {
		cl := &cfg.Clusters[i]
		n.Clusters = append(n.Clusters, notify.Cluster{
			Name: cl.Name, Details: cl.Details,
			StaleAfter: func(complete time.Time) time.Duration { return sync.StaleAfter(cl.Schedule, complete) },
		})
	}
	return n
}
