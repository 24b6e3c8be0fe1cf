// Package health serves /healthz and /readyz.
//
// /healthz is for supervisors that restart the process: it responds ok while the archive
// is readable. /readyz is for people and alerts. It says whether the archive can be
// read and written, and which clusters are degraded: stale, without any conclusive run,
// failing, or with a clock in doubt. A degraded cluster doesn't make the service unready, because the other
// clusters are not affected.
//
// The state of clusters comes from package status at each request. Package web
// checks access before it calls these handlers. Begin with [Handlers]; the JSON of
// /readyz is the type readiness, and public.
package health

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"importarchive/status"
)

// Source is what the handlers read. They read the state of clusters at each request,
// so that /readyz agrees with `importarchive status`.
type Source struct {
	Archive *sql.DB // read-only connections
	Status  func(context.Context) (*status.Status, error)

	// Written returns the error of the last write to the archive; nil for none.
	Written func() error
}

// failing is the number of failures in a row that make a cluster degraded. After a
// single failure, the next run usually succeeds.
const failing = 2

// degraded returns why a cluster is degraded; nil if it isn't.
func degraded(cl *status.Cluster) []string {
	var why []string
	if !cl.InSettings || cl.Off() {
		return nil // nothing syncs it any more
	}
	if cl.NotFresh() {
		why = append(why, *cl.Freshness)
	}
	if cl.Failures >= failing {
		why = append(why, "failing")
	}
	if cl.ClockWrong {
		why = append(why, "clock")
	}
	return why
}

const (
	aliveWithin = 2 * time.Second // usual health checks wait a little longer
	readWithin  = 8 * time.Second
)

// Handlers returns the two handlers. Every client may read healthz; it has the
// reason of a failure only for requests that mayKnow accepts.
func Handlers(s *Source, mayKnow func(*http.Request) bool) (healthz, readyz http.Handler) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), aliveWithin)
			defer cancel()
			answer, code := "ok\n", http.StatusOK
			if err := s.alive(ctx); err != nil {
				answer, code = "not ok\n", http.StatusServiceUnavailable
				if mayKnow(r) {
					answer = "not ok: " + err.Error() + "\n"
				}
			}
			answerAs(w, "text/plain; charset=utf-8", code)
			_, _ = io.WriteString(w, answer)
		}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), readWithin)
			defer cancel()
			answer := s.readiness(ctx)
			code := http.StatusOK
			if !answer.Ready {
				code = http.StatusServiceUnavailable
			}
			answerAs(w, "application/json", code)
			lines := json.NewEncoder(w)
			lines.SetIndent("", "  ")
			lines.SetEscapeHTML(false)
			_ = lines.Encode(answer)
		})
}

func answerAs(w http.ResponseWriter, contentType string, code int) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
}

// alive reads a minimum from the archive.
func (s *Source) alive(ctx context.Context) error {
	var any bool
	if err := s.Archive.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM clusters)`).Scan(&any); err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	return nil
}

func (s *Source) written() error {
	if err := s.Written(); err != nil {
		return fmt.Errorf("writing to the archive: %w", err)
	}
	return nil
}

// readiness is the response of /readyz. Its JSON is public.
type readiness struct {
	Ready              bool              `json:"ready"`
	Reason             *string           `json:"reason"` // why not
	ClockBehindSeconds *float64          `json:"clock_behind_seconds"`
	Clusters           int               `json:"clusters"` // of the settings
	Off                []string          `json:"off"`      // those that the settings switch off
	Degraded           []degradedCluster `json:"degraded"`
}

type degradedCluster struct {
	Cluster          string   `json:"cluster"`
	Reasons          []string `json:"reasons"`            // stale, never, failing, clock
	LastConclusiveAt *string  `json:"last_conclusive_at"` // complete or quick: what freshness counts from
	LastCompleteAt   *string  `json:"last_complete_at"`
	OpenGapSeconds   float64  `json:"open_gap_seconds"`
	Failures         int64    `json:"failures"`
	ClockDoubt       *string  `json:"clock_doubt"` // why its ages can't be judged
}

func (s *Source) readiness(ctx context.Context) *readiness {
	answer := &readiness{Off: []string{}, Degraded: []degradedCluster{}}
	now, err := s.Status(ctx)
	if err != nil {
		err = fmt.Errorf("reading the archive: %w", err)
	}
	if err = errors.Join(err, s.written()); err != nil {
		text := err.Error()
		answer.Reason = &text
	}
	answer.Ready = err == nil
	if now == nil {
		return answer
	}
	answer.ClockBehindSeconds = now.ClockBehindSeconds
	for i := range now.Clusters {
		cl := &now.Clusters[i]
		if cl.InSettings {
			answer.Clusters++
		}
		if cl.Off() {
			answer.Off = append(answer.Off, cl.Name)
		}
		if why := degraded(cl); why != nil {
			answer.Degraded = append(answer.Degraded, degradedCluster{cl.Name, why, cl.LastConclusiveAt, cl.LastCompleteAt, cl.OpenGapSeconds, cl.Failures, cl.ClockDoubt})
		}
	}
	return answer
}
