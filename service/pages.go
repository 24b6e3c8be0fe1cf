package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	gosync "sync"
	"sync/atomic"
	"syscall"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/report/export"
	"importarchive/web"
	"importarchive/web/health"
	"importarchive/web/metrics"
)

// pages is the HTTP server. It changes its handler at each reload, and its
// listener only when the address changes.
type pages struct {
	address string
	handler *atomic.Pointer[http.Handler]
	stop    context.CancelFunc // nil: nothing is served
	all     gosync.WaitGroup
}

// prepare listens at the address of the settings, unless the service already does.
// Nothing changes before open is called.
func (p *pages) prepare(ctx context.Context, set *config.Serve, log zerolog.Logger) (open func(http.Handler), err error) {
	if p.handler != nil && set.Listen == p.address {
		return func(h http.Handler) { p.handler.Store(&h) }, nil
	}
	l, err := Listen(ctx, set.Listen)
	if err != nil && set.Implied {
		// A default that the settings do not even mention must not keep jobs from
		// being archived.
		log.Warn().Err(err).Msg("pages are not served")
		l, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pages at %s: %w", set.Listen, err)
	}
	return func(h http.Handler) {
		if p.stop != nil {
			p.stop() // requests under way finish
		}
		p.address, p.handler, p.stop = set.Listen, new(atomic.Pointer[http.Handler]), nil
		p.handler.Store(&h)
		if l == nil {
			return
		}
		ctx, stop := context.WithCancel(ctx)
		current := p.handler
		p.stop = stop
		p.all.Go(func() {
			defer stop()
			Serve(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				(*current.Load()).ServeHTTP(w, r)
			}), log)
		})
	}, nil
}

// wait waits, after the context has ended, until nothing is served any more.
func (p *pages) wait() { p.all.Wait() }

// Listen listens at an address; the listener is nil for "".
func Listen(ctx context.Context, address string) (net.Listener, error) {
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

// Serve serves until the context ends. If the listener fails, there are no pages any
// more, and the rest of the service continues.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log zerolog.Logger) {
	log.Info().Str("address", "http://"+l.Addr().String()+"/").Msg("pages are served")
	if err := web.Serve(ctx, l, h, log); err != nil {
		log.Error().Err(err).Msg("pages are served no longer")
	}
}

// handler returns the handler of all requests, under these settings.
func (s *Service) handler(cfg *config.Config, log zerolog.Logger) (http.Handler, error) {
	access := accessOf(&cfg.Serve)
	healthSource, metricsSource := s.health(cfg)
	site := web.Site{
		Archive: s.st.Reader, Now: s.opts.Now, Title: s.opts.Title, Log: log, Metrics: metrics.Handler(metricsSource),
		Access: access, Workbook: export.XLSX(), Off: cfg.Off(), Synced: cfg.Names(),
	}
	site.Healthz, site.Readyz = health.Handlers(healthSource, access.MayKnow)
	if s.opts.Profiles {
		site.Profiles = web.Profiles()
	}
	return site.Handler()
}

// accessOf converts the settings of [serve] to the type of package web.
func accessOf(s *config.Serve) web.Access {
	return web.Access{Listen: s.Listen, Hosts: s.Hosts, User: s.User, Token: s.Token, Password: s.Password}
}

// mayServe refuses profiles that other machines could request, and profiles without
// a server.
func (s *Service) mayServe(set *config.Serve) error {
	switch {
	case !s.opts.Profiles:
		return nil
	case set.Listen == "":
		return errors.New(`--pprof: nothing is served, as listen in [serve] of the settings is ""`)
	case !web.Loopback(set.Listen):
		return fmt.Errorf(`--pprof is for this machine only, and others can reach %s: set listen in [serve] of the settings to "127.0.0.1:8321"`, set.Listen)
	}
	return nil
}
