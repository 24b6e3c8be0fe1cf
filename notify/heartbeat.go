package notify

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"importarchive/db"
)

// pinging has the results of the pings of this process.
type pinging struct {
	round time.Time // accepted, whether or not that could be stored
	next  time.Time // after a failure, not before this; zero after a success
}

// pingAgain is the wait after a ping that failed. Dead men's switches have some
// minutes of grace.
const pingAgain = time.Minute

// ping pings after each complete round: every cluster has had a conclusive run
// since the last round with a ping, and none is stale. A cluster can be stale after a
// time without a service. The error is one of the archive.
func (n *Notifier) ping(ctx context.Context, box outbox, last time.Time, listings map[string]listing) error {
	p, now := &n.pinging, n.Now()
	// Without a cluster that is switched on there are no rounds.
	if len(n.Clusters) == 0 || waits(p.next, now, pingAgain) {
		return nil
	}
	if p.round.After(last) {
		last = p.round
	}
	if last.Sub(now) > db.ClockTolerance { // a round by a clock that was ahead
		last = time.Time{}
	}
	var round time.Time
	for i := range n.Clusters {
		cl := &n.Clusters[i]
		conclusive := listings[cl.Name].Conclusive
		if !conclusive.After(last) || cl.stale(conclusive, now) {
			return nil
		}
		if conclusive.After(round) {
			round = conclusive
		}
	}
	if failure := n.beat(ctx); failure != nil {
		if ctx.Err() == nil && p.next.IsZero() { // a line for each would be one a minute
			n.Log.Warn().Str("error", failure.text).Msg("notify: the heartbeat was not accepted; trying again every minute")
		}
		p.next = now.Add(pingAgain)
		return nil
	}
	*p = pinging{round: round}
	n.Log.Debug().Time("round", round).Msg("notify: heartbeat")
	ctx, cancel := toStore(ctx)
	defer cancel()
	if err := box.pinged(ctx, round); err != nil {
		return fmt.Errorf("storing that a round was pinged: %w", err)
	}
	return nil
}

func (n *Notifier) beat(ctx context.Context) *failure {
	u, err := n.Heartbeat()
	if err != nil {
		return &failure{text: err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return &failure{text: place(u) + ": is no address to ping"}
	}
	return n.do(req, secretsOf(u))
}
