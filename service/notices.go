package service

import (
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/network"
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
	if n.Transport == nil {
		n.Transport = network.New(set.Network, s.opts.Now)
	}
	for _, cl := range cfg.On() {
		n.Clusters = append(n.Clusters, notify.Cluster{
			Name: cl.Name, Details: cl.Details,
			StaleAfter: func(ended time.Time) time.Duration { return timetable.StaleAfter(cl.Schedule, ended) },
		})
	}
	return n
}

// notices returns the task that sends notices. It also runs without a receiver,
// because the archive records since when there is none.
//
// A step that waits for a webhook may last several ticks. The step logs that, so the
// timetable logs only a panic.
func notices(n *notify.Notifier) timetable.Task {
	log := n.Log.With().Str("task", "notify").Logger().Level(max(n.Log.GetLevel(), zerolog.ErrorLevel))
	return timetable.Task{Name: "notify", Schedule: cron.Every(notify.Every), Log: log, Do: n.Step, Start: n.Step}
}
