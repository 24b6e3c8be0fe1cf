package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
	"importarchive/web"
	"importarchive/web/health"
	"importarchive/web/metrics"
)

// listener takes the address of the settings. A default that nobody wrote must
// not keep jobs from being archived: where it is taken, the service goes
// without pages, and says so.
func listener(ctx context.Context, set *config.Serve, log zerolog.Logger) (net.Listener, error) {
	l, err := listen(ctx, set.Listen)
	if err != nil && set.Implied {
		log.Warn().Err(err).Msg("pages are not served")
		return nil, nil
	}
	return l, err
}

// listen takes the address that pages are served at; nil for "". It is taken
// before anything is synced: a service that nobody can ask how it is would go
// unnoticed.
func listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program: set another address as listen in [serve] of the settings, or \"\" for none", address)
	case err != nil:
		return nil, fmt.Errorf("listening at %s, as [serve] of the settings says: %w", address, err)
	}
	return l, nil
}

// pages are the companion that serves. Its address is in its name, so that only
// another address makes another one; who may ask is looked up for each request.
func (s *service) pages(cfg *config.Config) companion {
	name := "pages at " + cfg.Serve.Listen
	return companion{name: name, reads: []string{"archive.path"}, open: func(ctx context.Context) (func(context.Context, <-chan struct{}), error) {
		l, err := listener(ctx, &cfg.Serve, s.log)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, replaced <-chan struct{}) {
			ctx, cancel := untilReplaced(ctx, replaced)
			defer cancel()
			if l != nil {
				serve(ctx, s.site(), l)
			}
		}, nil
	}}
}

// site builds what is served of the archive.
func (s *service) site() web.Site {
	access := func() web.Access { return accessOf(&s.present().Serve) }
	mayKnow := func(r *http.Request) bool {
		a := access()
		return a.MayKnow(r)
	}
	standing := s.statusReader(s.present, s.st.Reader())
	site := web.Site{Archive: s.st.Reader(), Now: s.Now, Title: pageTitle(s.present().Archive.Path), Access: access, Log: s.log, Metrics: metrics.Handler(s.metricsSource(standing, s.kept, s.traffic, s.counts))}
	site.Healthz, site.Readyz = health.Handlers(&health.Source{Archive: standing.Archive, Status: standing.Read, Written: s.kept.Trouble}, mayKnow)
	if s.profiles {
		site.Profiles = web.Profiles()
	}
	return site
}

// accessOf gives the settings of [serve] in the words of the pages.
func accessOf(s *config.Serve) web.Access {
	return web.Access{Listen: s.Listen, Hosts: s.Hosts, User: s.User, Token: s.Token, Password: s.Password}
}

// mayServe refuses profiles that other machines could ask for, or nobody.
func (s *service) mayServe(set *config.Serve) error {
	switch {
	case !s.profiles:
		return nil
	case set.Listen == "":
		return errors.New(`--pprof: nothing is served, as listen in [serve] of the settings is ""`)
	case !web.Loopback(set.Listen):
		return fmt.Errorf(`--pprof is for this machine only, and others can reach %s: set listen in [serve] of the settings to "127.0.0.1:8321"`, set.Listen)
	}
	return nil
}

// serve serves until the context ends. A listener that fails takes the pages
// away, and nothing else.
func serve(ctx context.Context, site web.Site, l net.Listener) {
	site.Log.Info().Str("address", "http://"+l.Addr().String()+"/").Msg("pages are served")
	if err := site.Serve(ctx, l); err != nil {
		site.Log.Error().Err(err).Msg("pages are served no longer")
	}
}

// demoListen is where the demo's pages are, or anywhere else where that is
// taken.
func demoListen(ctx context.Context) (net.Listener, error) {
	l, err := listen(ctx, config.Keys["serve"]["listen"].(string))
	if err != nil {
		return listen(ctx, "127.0.0.1:0")
	}
	return l, nil
}

// demoSite serves the demo's archive.
func (p *program) demoSite(st *db.SQLite, log zerolog.Logger) web.Site {
	return web.Site{
		Archive: st.Reader(), Now: p.Now, Title: pageTitle(demoPath), Log: log,
		Access: func() web.Access { return web.Access{Listen: "127.0.0.1:0"} },
	}
}
