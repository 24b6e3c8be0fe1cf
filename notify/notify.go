// Package notify posts notices to a webhook: jobs that failed or were lost,
// clusters that turned stale or recovered, a schedule that is too slow for what
// the service keeps. It also pings a dead man's switch after each complete
// round of listings.
//
// It knows nothing of how rows come to be, and no run waits for it. The service
// calls [Notifier.Step] every few seconds. A step reads what is new in the
// archive, stores notices of it, posts those that wait, oldest first, and pings
// if a round is complete. It has the writing connection for milliseconds, never
// during a request. It makes one request at a time, and gives it up after some
// seconds or when its context ends.
//
// Begin reading here; then jobs.go (which transitions are worth a notice),
// watch.go (which clusters are), outbox.go (what the archive keeps, and its
// SQL), webhook.go (posting, and what follows a failure), message.go (what a
// post says) and heartbeat.go.
//
// # Each at least once, in order
//
// The transitions are a log, and a cursor into them moves on in the transaction
// that stores their notices. What was last said of a cluster moves on with its
// notice in the same way. So each event has exactly one notice, whatever
// crashes, and all notices have one order.
//
// The table of notices is a log as well: what it holds of an event never
// changes, also when history is pruned. A post takes the oldest that wait. Its
// attempt is counted before it is made: after a crash the same notices are
// posted again with the same body and the same Idempotency-Key, so that a
// receiver can tell. Nothing passes a post that fails. How many attempts failed
// in a row and when the next one may be made is the state of the receiver: one
// row, which a restart keeps.
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

	"importarchive/db/store"
)

// Notifier sends the notices of one archive. Its fields are set before the
// first call. One goroutine at a time uses it.
type Notifier struct {
	Archive  *store.Store
	Clusters []Cluster // those of the settings
	On       []Kind    // wanted

	// The receivers; nil is off. Each request asks for its address, so that a
	// new one needs no restart.
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
}

// Cluster is one whose listings are watched.
type Cluster struct {
	Name    string
	Details bool // runs query its jobs one by one

	// StaleAfter is the age at which the newest conclusive listing, which ended
	// at this time, makes the cluster stale.
	StaleAfter func(ended time.Time) time.Duration
}

func (c *Cluster) stale(ended, now time.Time) bool {
	return now.Sub(ended) > c.StaleAfter(ended)
}

// Every is how often Step is to be called: soon enough for people, and a step
// without news costs some reads of a page or two.
const Every = 5 * time.Second

const (
	pace       = time.Second // between posts: Slack's limit is one a second
	afterError = time.Minute // the rest after a step that failed
	keptFor    = 30 * 24 * time.Hour
)

// Begin prepares the archive: what enters it from now on is news. Call it
// before the first sync; if it fails, Step tries again.
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

// Step does what there is to do, and returns when nothing more can be posted
// now. It logs what goes wrong, and then rests; so it does after a panic.
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

// waits reports whether it is too early now. A time that lies further off than the
// longest wait comes from a clock that was wrong, and holds up nothing.
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

// once stores notices, makes at most one post and at most one ping. It reports
// whether there may be more to do at once.
func (n *Notifier) once(ctx context.Context) (more bool, err error) {
	if err := n.begin(ctx); err != nil || n.Webhook == nil && n.Heartbeat == nil {
		return false, err
	}
	box, keep := outbox{n.Archive}, n.Now().Add(-keptFor)
	s, err := box.state(ctx, keep)
	if err != nil {
		return false, fmt.Errorf("reading the state of notices: %w", err)
	}
	listings, err := box.listings(ctx)
	if err != nil {
		return false, fmt.Errorf("reading how fresh the clusters are: %w", err)
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
