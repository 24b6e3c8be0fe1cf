package web

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"importarchive/queries"
)

// Source is what health and metrics are told from. How clusters, runs and jobs
// stand is read from the archive, when it is asked for, so that they say what
// `importarchive status` says.
type Source struct {
	Archive *sql.DB // connections that only read
	Path    string  // of the archive's file
	Version string  // of the program

	// Standing reads how the clusters stand, within the transaction in which
	// everything else is read.
	Standing func(ctx context.Context, tx *sql.Tx) (*Standing, error)

	// Written says why the archive did not take what was last written to it;
	// nil, as a function too, when nothing is known to be wrong.
	Written func() error

	// Free gives the bytes that can still be written beside the archive. It
	// may be nil.
	Free func() (uint64, error)

	Traffic *Traffic // nil: nobody counts
	Tasks   *Tasks   // nil: nobody counts
}

// Standing is how an archive stands at one moment.
type Standing struct {
	Clusters    []Cluster
	ClockBehind float64 // seconds by which the newest time in the archive is ahead of the clock; 0: it is not
}

// Cluster is how one cluster stands. What is judged by the settings (all from
// Freshness on) is zero for one that they no longer have.
type Cluster struct {
	Name         string
	InSettings   bool
	LastComplete time.Time // end of the newest complete listing; zero: there never was one
	Running      bool      // a run is not closed

	Freshness string  // fresh, stale or never
	Expected  float64 // seconds from one look to the next
	OpenGap   float64 // seconds; 0: no gap is open
	Failures  int64   // runs in a row that were not complete
}

// freshWord is the freshness of a cluster that needs no look.
const freshWord = "fresh"

// failing is from how many failures in a row on a cluster is called failing:
// one alone happens, and is made up for by the next run.
const failing = 2

// degraded says what is wrong with a cluster.
func (cl *Cluster) degraded() []string {
	var why []string
	if !cl.InSettings {
		return nil // nobody looks at it any more
	}
	if cl.Freshness != freshWord {
		why = append(why, cl.Freshness)
	}
	if cl.Failures >= failing {
		why = append(why, "failing")
	}
	return why
}

const (
	aliveWithin = 2 * time.Second // what asks for health gives up soon after
	readWithin  = 8 * time.Second // Prometheus gives a scrape ten, and is to hear that it can't be read
)

// Health gives what tells machines how the service does. Healthz, open to
// all, says ok while the archive can be read; it gives the reason why not
// only to whom the function says may know it. Readyz says whether the archive
// can be read and, as far as is known, written, and what is degraded: that
// harms only itself, so the service is ready all the same.
func Health(s *Source, mayKnow func(*http.Request) bool) (healthz, readyz http.Handler) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), aliveWithin)
			defer cancel()
			answer, status := "ok\n", http.StatusOK
			if err := s.alive(ctx); err != nil {
				answer, status = "not ok\n", http.StatusServiceUnavailable
				if mayKnow(r) {
					answer = "not ok: " + err.Error() + "\n"
				}
			}
			answerAs(w, "text/plain; charset=utf-8", status)
			_, _ = io.WriteString(w, answer) // who no longer listens is not told
		}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), readWithin)
			defer cancel()
			answer := s.readiness(ctx)
			status := http.StatusOK
			if !answer.Ready {
				status = http.StatusServiceUnavailable
			}
			answerAs(w, "application/json", status)
			lines := json.NewEncoder(w)
			lines.SetIndent("", "  ")
			lines.SetEscapeHTML(false)
			_ = lines.Encode(answer)
		})
}

func answerAs(w http.ResponseWriter, contentType string, status int) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
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
	if s.Written == nil {
		return nil
	}
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
	var now *Standing
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		now, err = s.Standing(ctx, tx)
		return err
	})
	if err = errors.Join(err, s.written()); err != nil {
		text := err.Error()
		answer.Reason = &text
	}
	answer.Ready = err == nil
	if now == nil {
		return answer
	}
	if now.ClockBehind > 0 {
		answer.ClockBehindSeconds = &now.ClockBehind
	}
	for i := range now.Clusters {
		cl := &now.Clusters[i]
		if cl.InSettings {
			answer.Clusters++
		}
		why := cl.degraded()
		if why == nil {
			continue
		}
		d := degradedCluster{Cluster: cl.Name, Reasons: why, OpenGapSeconds: cl.OpenGap, Failures: cl.Failures}
		if !cl.LastComplete.IsZero() {
			at := cl.LastComplete.UTC().Format(queries.TimeFormat)
			d.LastCompleteAt = &at
		}
		answer.Degraded = append(answer.Degraded, d)
	}
	return answer
}

// read has f read one state of the archive.
func (s *Source) read(ctx context.Context, f func(*sql.Tx) error) (err error) {
	tx, err := s.Archive.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	// There is nothing to roll back, only the connection to give back. After
	// the context's end that has happened.
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	return nil
}
