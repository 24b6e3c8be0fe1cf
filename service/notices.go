package service

import (
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/notify"
	"importarchive/timetable"
)

// notifier sends notices to the receivers of the settings.
func (s *Service) notifier(cfg *config.Config, log zerolog.Logger) *notify.Notifier {
	set := &cfg.Notify
	n := &notify.Notifier{
		Archive: s.st.Store, On: set.On, Webhook: set.Webhook, Token: set.Token, Heartbeat: set.Heartbeat,
		Transport: s.opts.Transport, Now: s.opts.Now, Log: log,
	}
	for i := range cfg.Clusters {
		cl := &cfg.Clusters[i]
		n.Clusters = append(n.Clusters, notify.Cluster{
			Name: cl.Name, Details: cl.Details,
			StaleAfter: func(ended time.Time) time.Duration { return timetable.StaleAfter(cl.Schedule, ended) },
		})
	}
	return n
}

// notices is the task that sends them. Without a receiver it does next to
// nothing, but the archive must know since when there is none.
func notices(n *notify.Notifier) timetable.Task {
	return timetable.Task{Name: "notify", Schedule: cron.Every(notify.Every), Log: n.Log, Do: n.Step, Start: n.Step}
}
