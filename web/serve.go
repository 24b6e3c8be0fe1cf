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

	"importarchive/report"
)

// grace is for requests under way when the server stops.
const grace = 3 * time.Second

// Serve answers the requests of the listener until the context ends or the listener
// fails. When it returns, no request is under way.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, log zerolog.Logger) (err error) {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var open sync.WaitGroup // connections
	places := newPlaces(l)
	server := &http.Server{
		Handler:           places.handler(handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,     // a file extends it
		IdleTimeout:       5 * time.Second, // an idle connection counts against the limit
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnContext:       withConn,
		ErrorLog:          stdlog.New(logWriter{log}, "", 0),

		ConnState: func(conn net.Conn, state http.ConnState) {
			places.changed(conn, state)
			switch state {
			case http.StateNew: // called before Serve accepts the next connection
				open.Add(1)
			case http.StateClosed: // called after the last request of the connection
				open.Done()
			}
		},
		DisableGeneralOptionsHandler: true, // it would answer OPTIONS before our handler
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(places) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		closing, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
		if server.Shutdown(closing) != nil {
			cancel() // stops the queries that are still running
		}
		done()
		<-failed
	}
	_ = server.Close()
	cancel()
	open.Wait()
	return err
}

// logWriter logs the errors of net/http: mostly broken connections.
type logWriter struct{ log zerolog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	w.log.Debug().Str("from", "net/http").Msg(report.Printable(strings.TrimSpace(string(b))))
	return len(b), nil
}
