// Package notify posts notices to a webhook: jobs that failed or were lost,
// clusters that turned stale or recovered, a schedule that is too slow for what
// the service keeps. It also pings a dead man's switch after each complete
// round of listings.
//
// It reads only the archive, and no run waits for it. The service calls
// [Notifier.Step] every few seconds. A step reads the new transitions, stores their
// notices, posts the waiting ones, oldest first, and pings if a round is complete. It
// holds the writing connection for milliseconds, never during a request. It makes one
// request at a time, and cancels it after some seconds or when its context ends.
//
// Begin reading here; then jobs.go (which transitions get a notice), watch.go (which
// clusters get one), outbox.go (the tables and their SQL), webhook.go (posts, and what
// follows a failure), message.go (the text of a post) and heartbeat.go.
//
// # Each at least once, in order
//
// The transitions are a log. The transaction that stores their notices also advances a
// cursor into them. In the same way, one transaction stores the notice about a cluster
// and the cluster's state in notify_watched. So each event has exactly one notice,
// also after a crash, and all notices have one order.
//
// The table of notices is a log as well: the facts of an event never change, also
// after a prune. A post has the oldest waiting notices. The notifier counts an attempt
// before it makes it: after a crash it posts the same notices again with the same body
// and the same Idempotency-Key, so that a receiver recognises the repetition. No notice
// overtakes a failed post. The number of failed attempts in a row and the time of the
// next one are the state of the receiver: one row, which outlives a restart.
//
// # Secrets
//
// The addresses are secrets: the address of a Slack webhook is enough to post to
// it. No log line, no error and no row shows more of one than scheme and host.
package notify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/store"
)

// Notifier sends the notices of one archive. Its fields are set before the
// first call. One goroutine at a time uses it.
type Notifier struct {
	Archive  *store.Store
	Clusters []Cluster // those of the settings
	On       []Kind    // wanted

	// The receivers; nil is off. Each request reads its address anew, so that a
	// new address needs no restart.
	Webhook   func() (*url.URL, error)
	Token     func() (string, error) // for the webhook, as a bearer token
	Heartbeat func() (*url.URL, error)

	Transport http.RoundTripper
	Now       func() time.Time
	Log       zerolog.Logger

	begun     bool
	resting   time.Time // no step before this
	refused   int       // answers in a row that say that another attempt is useless
	pinging   pinging
	retention measured
	doubts    doubts
}

// Cluster is a cluster whose listings are watched.
type Cluster struct {
	Name    string
	Details bool // runs query its jobs one by one

	// StaleAfter is the age at which the newest conclusive run, which ended
	// at this time, makes the cluster stale.
	StaleAfter func(ended time.Time) time.Duration
}

func (c *Cluster) stale(ended, now time.Time) bool {
	age := now.Sub(ended)
	return age > c.StaleAfter(ended) || age < -db.ClockTolerance // by a clock that was wrong: it says nothing
}

// Every is how often Step is to be called: soon enough for people, and a step
// without news costs some reads of a page or two.
const Every = 5 * time.Second

const (
	pace       = time.Second // between posts: Slack's limit is one a second
	afterError = time.Minute // the rest after a step that failed
	keptFor    = 30 * 24 * time.Hour
)

// Begin prepares the archive: all transitions from now on are news. Call it before the
// first sync; if it fails, Step tries again.
func (n *Notifier) Begin(ctx context.Context) {
	if err := n.begin(ctx); err != nil && ctx.Err() == nil {
		n.Log.Error().Err(err).Msg("notify: the archive can't be prepared; trying again")
	}
}

func (n *Notifier) begin(ctx context.Context) error {
	if n.begun {
		return nil
	}
	var names []string
	for i := range n.Clusters {
		names = append(names, n.Clusters[i].Name)
	}
	err := outbox{n.Archive}.begin(ctx, n.Now(), n.Webhook != nil, n.Heartbeat != nil, names)
	n.begun = err == nil
	return err
}

// Step stores and posts notices, and returns when it can post no more now. After an
// error or a panic it logs it, and then rests.
func (n *Notifier) Step(ctx context.Context) {
	if waits(n.resting, n.Now(), afterError) {
		return
	}
	n.resting = n.Now().Add(afterError)
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = n.once(ctx); err != nil {
			if ctx.Err() == nil {
				n.Log.Error().Err(err).Msg("notify: failed")
			}
			return
		}
		if more {
			sleep(ctx, pace)
		}
	}
	n.resting = time.Time{}
}

// waits reports whether it is too early now. It ignores a time further off than the
// longest wait: that comes from a clock that was wrong.
func waits(until, now time.Time, longest time.Duration) bool {
	wait := until.Sub(now)
	return wait > 0 && wait <= longest
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// once stores notices, makes at most one post and at most one ping. It reports whether
// there may be more to do at once.
func (n *Notifier) once(ctx context.Context) (more bool, err error) {
	if err := n.begin(ctx); err != nil || n.Webhook == nil && n.Heartbeat == nil {
		return false, err
	}
	box := outbox{n.Archive}
	if err := n.doubts.read(ctx, n); err != nil {
		return false, err
	}
	listings, err := box.listings(ctx, n.Now())
	if err != nil {
		return false, fmt.Errorf("reading how fresh the clusters are: %w", err)
	}
	keep := oldFrom(n.Now(), listings, n.doubts.all)
	s, err := box.state(ctx, keep)
	if err != nil {
		return false, fmt.Errorf("reading the state of notices: %w", err)
	}
	if n.Webhook != nil {
		if err := n.news(ctx, box, &s); err != nil {
			return false, fmt.Errorf("looking for transitions: %w", err)
		}
		if err := n.watch(ctx, box, listings); err != nil {
			return false, fmt.Errorf("watching the clusters: %w", err)
		}
		if more, err = n.send(ctx, box, &s); err != nil {
			return false, fmt.Errorf("storing what was sent: %w", err)
		}
		if s.Old {
			if err := box.removeOld(ctx, keep); err != nil {
				return false, fmt.Errorf("removing old notices: %w", err)
			}
		}
	}
	if n.Heartbeat != nil {
		err = n.ping(ctx, box, s.Round, listings)
	}
	return more || s.Old, err
}

// wants reports whether the settings want notices of a kind.
func (n *Notifier) wants(k Kind) bool {
	if k == Found {
		k = Lost
	}
	return slices.Contains(n.On, k)
}
