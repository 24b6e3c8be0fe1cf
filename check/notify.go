package check

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// notices checks the settings of [notify]. It sends nothing.
func notices(_ context.Context, env *Env) []Finding {
	cfg := env.Config
	var all []Finding
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
			found += "; it receives " + strings.Join(kinds, ", ")
		}
		all = append(all, ok("notify", "%s", found))
	}
	if err := cfg.Notify.Network.Check(env.Now()); err != nil {
		all = append(all, problem("notify", "put a right file there, readable for this user, or correct the settings", "%v", err))
	}
	if cfg.Notify.Token != nil {
		if _, err := cfg.Notify.Token(); err != nil {
			all = append(all, problem("notify", "put the token there, readable for this user", "%v", err))
		}
	}
	return all
}
