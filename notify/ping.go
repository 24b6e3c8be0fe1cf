package notify

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"importarchive/db"
)

// pinging is how pinging has gone lately.
type pinging struct {
	round time.Time // pinged, whether or not that could be stored
	tried time.Time // in vain
}

// pingAgain is how long to wait after a ping that was not taken. Dead men's
// switches have some minutes of grace.
const pingAgain = time.Minute

// ping pings after each complete round: when every cluster has had a complete
// listing since the round that was pinged last, and none is stale, which
// matters after a time in which nobody looked. The error is of the archive.
func (n *Notifier) ping(ctx context.Context, box *db.Outbox, listings map[string]db.Listing) error {
	s, now := &n.pinging, n.Now()
	if now.Sub(s.tried) < pingAgain {
		return nil
	}
	last, err := box.Round(ctx)
	if err != nil {
		return fmt.Errorf("reading the last round: %w", err)
	}
	if s.round.After(last) {
		last = s.round
	}
	var round time.Time
	for i := range n.Clusters {
		cl := &n.Clusters[i]
		looked := listings[cl.Name].Looked
		if !looked.After(last) || cl.stale(looked, now) {
			return nil
		}
		if looked.After(round) {
			round = looked
		}
	}
	if failure := n.beat(ctx); failure != nil {
		if ctx.Err() == nil && s.tried.IsZero() { // a line for each would be one a minute
			n.Log.Warn().Str("error", failure.text).Msg("notify: the heartbeat was not taken; trying again every minute")
		}
		s.tried = now
		return nil
	}
	s.round, s.tried = round, time.Time{}
	n.Log.Debug().Time("round", round).Msg("notify: heartbeat")
	ctx, cancel := toStore(ctx)
	defer cancel()
	if err := box.Pinged(ctx, round); err != nil {
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
