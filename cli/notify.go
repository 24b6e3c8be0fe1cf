package cli

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/notify"
	"importarchive/sync"
)

// notifier builds what tells of an archive.
func (p *program) notifier(cfg *Config, st *db.SQLite, log zerolog.Logger) *notify.Notifier {
	set := &cfg.Notify
	n := &notify.Notifier{
		Archive: st, On: set.On, Webhook: set.Webhook, Token: set.Token, Heartbeat: set.Heartbeat,
		Transport: p.Transport, Now: p.Now, Log: log,
	}
	for i := range cfg.Clusters {
		cl := &cfg.Clusters[i]
		n.Clusters = append(n.Clusters, notify.Cluster{
			Name:     cl.Name,
			Expected: func(now time.Time) time.Duration { return sync.Expected(cl.Schedule, now) },
		})
	}
	return n
}

// checkNotify looks at what can be looked at without sending anything.
func checkNotify(cfg *Config) []checked {
	var all []checked
	for _, one := range []struct {
		name string
		get  func() (*url.URL, error)
	}{{"webhook", cfg.Notify.Webhook}, {"heartbeat", cfg.Notify.Heartbeat}} {
		if one.get == nil {
			continue
		}
		u, err := one.get()
		if err != nil {
			all = append(all, problem("notify", "put the address there, readable for this user", "%v", err))
			continue
		}
		found := fmt.Sprintf("%s at %s://%s, nothing was sent", one.name, u.Scheme, u.Host)
		if one.name == "webhook" {
			var kinds []string
			for _, k := range cfg.Notify.On {
				kinds = append(kinds, string(k))
			}
			found += "; it is told of " + strings.Join(kinds, ", ")
		}
		all = append(all, fine("notify", "%s", found))
	}
	if cfg.Notify.Token != nil {
		if _, err := cfg.Notify.Token(); err != nil {
			all = append(all, problem("notify", "put the token there, readable for this user", "%v", err))
		}
	}
	return all
}
