package web

import (
	"context"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/netutil"

	"importarchive/report"
)

const (
	grace       = 3 * time.Second // for pages that are being made when the server stops
	connections = 128             // at the same time: the syncs need file descriptors too
)

// Serve answers what comes to the listener, until the context ends or the
// listener fails. When it returns, no request is being answered any more.
func (s Site) Serve(ctx context.Context, l net.Listener) error {
	handler, err := s.Handler()
	if err != nil {
		return err
	}
	return Serve(ctx, l, handler, s.Log)
}

// Serve is [Site.Serve] for a handler that a site gave, or several one after
// the other.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, log zerolog.Logger) (err error) {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var open sync.WaitGroup // connections
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,     // a file moves it on
		IdleTimeout:       5 * time.Second, // who keeps a connection open keeps a place
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          stdlog.New(logWriter{log}, "", 0),

		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // told before Serve takes the next one
				open.Add(1)
			case http.StateClosed: // told when its last request has been answered
				open.Done()
			}
		},
		DisableGeneralOptionsHandler: true, // it would answer another method than GET
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(netutil.LimitListener(l, connections)) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		patience, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
		if server.Shutdown(patience) != nil {
			cancel() // what is still being made is given up
		}
		done()
		<-failed
	}
	_ = server.Close()
	cancel()
	open.Wait()
	return err
}

// logWriter takes what net/http complains of: broken connections, mostly.
type logWriter struct{ log zerolog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	w.log.Debug().Str("from", "net/http").Msg(report.Printable(strings.TrimSpace(string(b))))
	return len(b), nil
}
