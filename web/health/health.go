// Package health answers /healthz and /readyz.
//
// /healthz is for whatever restarts a process: it says ok while the archive can
// be read. /readyz is for people and alerts: whether the archive can be read
// and takes writes, and which clusters are degraded. A degraded cluster harms
// only itself, so it does not make the service unready.
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

// Source is what the answers come from. Everything about clusters is read from
// the archive at each request, so that /readyz says what `importarchive status`
// says.
type Source struct {
	Archive *sql.DB // connections that only read
	Status  func(context.Context) (*status.Status, error)

	// Written says why the archive did not take the last write; nil when it did.
	Written func() error
}

// failing is the number of failures in a row from which a cluster is called
// failing. A single failure happens, and the next run makes up for it.
const failing = 2

// degraded says what is wrong with a cluster.
func degraded(cl *status.Cluster) []string {
	var why []string
	if !cl.InSettings {
		return nil // it is not synced any more
	}
	if cl.NotFresh() {
		why = append(why, *cl.Freshness)
	}
	if cl.Failures >= failing {
		why = append(why, "failing")
	}
	return why
}

const (
	aliveWithin = 2 * time.Second // health checks give up soon after
	readWithin  = 8 * time.Second
)

// Handlers gives the two handlers. Healthz is open to every client; it gives the
// reason of a failure only to requests that mayKnow accepts.
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

// alive reads next to nothing from the archive.
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

// readiness is what /readyz answers; its JSON is public.
type readiness struct {
	Ready              bool              `json:"ready"`
	Reason             *string           `json:"reason"` // why not
	ClockBehindSeconds *float64          `json:"clock_behind_seconds"`
	Clusters           int               `json:"clusters"` // of the settings
	Degraded           []degradedCluster `json:"degraded"`
}

type degradedCluster struct {
	Cluster        string   `json:"cluster"`
	Reasons        []string `json:"reasons"` // stale, never, failing
	LastCompleteAt *string  `json:"last_complete_at"`
	OpenGapSeconds float64  `json:"open_gap_seconds"`
	Failures       int64    `json:"failures"`
}

func (s *Source) readiness(ctx context.Context) *readiness {
	answer := &readiness{Degraded: []degradedCluster{}}
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
		if why := degraded(cl); why != nil {
			answer.Degraded = append(answer.Degraded, degradedCluster{cl.Name, why, cl.LastCompleteAt, cl.OpenGapSeconds, cl.Failures})
		}
	}
	return answer
}
