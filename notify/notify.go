// Package notify tells people what the archive shows: jobs that failed or were
// lost, clusters that turned stale or recovered, a schedule that is too slow
// for what the service keeps. It does so by a webhook, and it pings a dead
// man's switch after each complete round.
//
// It knows nothing of how rows come to be. Every few seconds it looks into the
// archive, makes notices of what is new there (see [db.Outbox], which has the
// cursor), sends the oldest that are due, and pings if a round is complete.
// Nothing waits for it: it has the writing connection for milliseconds, never
// while a request is under way, and one request at a time that is given up
// after some seconds, or when the service stops.
//
// # Once, at least
//
// A notice is made once for each turn: its row and what says that it was made
// are one transaction. It is sent at least once: the attempt is counted before
// it is made, and what is cut short by a crash is sent again, as the same
// parcel with the same Idempotency-Key and the same ids, so that a receiver can
// tell. Parcels go in order; while one is not taken, nothing passes it.
//
// # What is secret
//
// The addresses are: whoever has a webhook of Slack's may post to it. No log
// line, no error and no row of the archive has more of one than scheme and host.
package notify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
)

// Notifier tells of one archive. Its fields are set once, before the first
// call.
type Notifier struct {
	Archive  *db.SQLite
	Clusters []Cluster       // those of the settings
	On       []db.NoticeKind // what is to be told

	// Where to. They are asked for each request, so that a new one needs no
	// restart; a nil one is off.
	Webhook   func() (*url.URL, error)
	Token     func() (string, error) // sent to the webhook as a bearer token
	Heartbeat func() (*url.URL, error)

	Transport http.RoundTripper
	Now       func() time.Time
	Log       zerolog.Logger

	begun     bool
	resting   time.Time
	sending   sending
	pinging   pinging
	retention measured
}

// Cluster is one that is watched.
type Cluster struct {
	Name    string
	Details bool // its jobs are asked for one by one

	// StaleAfter is how old the newest complete listing, which ended at this
	// time, may become before the cluster is stale.
	StaleAfter func(complete time.Time) time.Duration
}

func (c *Cluster) stale(complete, now time.Time) bool {
	return now.Sub(complete) > c.StaleAfter(complete)
}

const (
	// lookEvery is how often the archive is looked into: quick for people,
	// and some reads of a page or two.
	lookEvery = 5 * time.Second

	// pace is what chat services take: Slack's limit is one message a second.
	pace = time.Second

	// keptFor is how long the archive shows what was told.
	keptFor = 30 * 24 * time.Hour
)

// Begin makes the archive ready: what comes into it from now on is news. It is
// called before the first sync; if it fails, Run tries again.
func (n *Notifier) Begin(ctx context.Context) {
	if err := n.begin(ctx); err != nil && ctx.Err() == nil {
		n.Log.Error().Err(err).Msg("notify: the archive can't be made ready; trying again")
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
	err := n.Archive.Outbox().Begin(ctx, n.Now(), n.Webhook != nil, n.Heartbeat != nil, names)
	n.begun = err == nil
	return err
}

// Run tells until the context ends. What is wrong is logged; nothing of it
// stops what else the service does.
func (n *Notifier) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := n.contained(ctx)
		if err != nil && ctx.Err() == nil {
			n.Log.Error().Err(err).Msg("notify: failed")
			wait = time.Minute
		}
		if n.begun && n.Webhook == nil && n.Heartbeat == nil {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (n *Notifier) contained(ctx context.Context) (wait time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return n.turn(ctx)
}

// turn does once what there is to do, and says how long to wait for the next.
func (n *Notifier) turn(ctx context.Context) (wait time.Duration, err error) {
	if err := n.begin(ctx); err != nil || n.Webhook == nil && n.Heartbeat == nil {
		return lookEvery, err
	}
	box := n.Archive.Outbox()
	listings, err := box.Listings(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading how fresh the clusters are: %w", err)
	}
	wait = lookEvery
	if n.Webhook != nil {
		if err := n.notice(ctx, box, listings); err != nil {
			return 0, err
		}
		sent, err := n.deliver(ctx, box)
		if err != nil {
			return 0, fmt.Errorf("keeping what was told: %w", err)
		}
		more, err := box.Sweep(ctx, n.Now().Add(-keptFor))
		if err != nil {
			return 0, fmt.Errorf("removing old notices: %w", err)
		}
		if sent || more {
			wait = pace
		}
	}
	if n.Heartbeat != nil {
		err = n.ping(ctx, box, listings)
	}
	return wait, err
}

// notice makes notices of what is new.
func (n *Notifier) notice(ctx context.Context, box *db.Outbox, listings map[string]db.Listing) error {
	var asking []string
	for i := range n.Clusters {
		if n.Clusters[i].Details {
			asking = append(asking, n.Clusters[i].Name)
		}
	}
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = box.Transitions(ctx, n.Now(), n.On, asking); err != nil {
			return fmt.Errorf("looking for transitions: %w", err)
		}
	}
	if err := n.watch(ctx, box, listings); err != nil {
		return fmt.Errorf("watching the clusters: %w", err)
	}
	return nil
}

func (n *Notifier) tells(k db.NoticeKind) bool { return slices.Contains(n.On, k) }
