package notify

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"importarchive/db"
)

// sending is how sending has gone lately.
type sending struct {
	waits   *backoff.ExponentialBackOff
	tried   int       // how many waits it has given since something was taken
	refused int       // how often in a row we were told that trying again is of no use
	paused  time.Time // nothing is sent before this, whatever is due
}

const (
	// patience is how long a notice is tried: a day, the longest that a
	// receiver may be away without anything being lost.
	patience = 24 * time.Hour

	// longestWait is what a Retry-After beyond reason is taken for.
	longestWait = time.Hour

	// refusals is how often a receiver may say that the request is wrong. More
	// than once, because the address or the token may just be being changed.
	refusals = 3
)

// deliver sends what has waited longest, if it is due, and says whether it
// was taken. The error is of the archive.
func (n *Notifier) deliver(ctx context.Context, box *db.Outbox) (sent bool, err error) {
	s, now := &n.sending, n.Now()
	if now.Before(s.paused) {
		return false, nil
	}
	p, err := box.Claim(ctx, now, longestWait)
	if err != nil || p == nil {
		return false, err
	}
	host, failure := n.post(ctx, p)
	if failure != nil && ctx.Err() != nil {
		return false, nil // cut short by us; it is due again at once
	}
	ctx, cancel := toStore(ctx)
	defer cancel()
	if failure == nil {
		n.sending = sending{}
		n.Log.Info().Str("to", host).Int("notices", len(p.Notices)).Int64("first", p.Notices[0].ID).Msg("notify: told")
		return true, box.Sent(ctx, p, n.Now())
	}
	return false, n.failed(ctx, box, p, failure)
}

// toStore is for storing what happened, although the service may just be
// stopping; it does not wait for it for long.
func toStore(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), timeout)
}

// failed decides what becomes of a parcel that was not taken.
func (n *Notifier) failed(ctx context.Context, box *db.Outbox, p *db.Parcel, failure *failure) error {
	s, now := &n.sending, n.Now()
	if failure.refused {
		s.refused++
	} else {
		s.refused = 0
	}
	wait := max(s.wait(p.Notices[0].Attempts), min(failure.after, longestWait))
	s.paused = now.Add(wait)
	newest := p.Notices[len(p.Notices)-1].At
	if s.refused < refusals && now.Sub(newest) < patience {
		n.Log.Warn().Str("error", failure.text).Int("notices", len(p.Notices)).Int("attempts", p.Notices[0].Attempts).
			Str("again_in", wait.Round(time.Second).String()).Msg("notify: the webhook did not take it")
		return box.Failed(ctx, p, failure.text, s.paused)
	}
	s.refused = 0
	n.Log.Error().Str("error", failure.text).Int("notices", len(p.Notices)).Int64("first", p.Notices[0].ID).
		Msg("notify: given up; the view notices has what was not told")
	return box.GiveUp(ctx, p, failure.text, now)
}

// wait gives how long to wait before the next attempt. A new process goes on
// where the one before it was.
func (s *sending) wait(attempts int) time.Duration {
	if s.waits == nil {
		s.waits = &backoff.ExponentialBackOff{
			InitialInterval: 5 * time.Second, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 10 * time.Minute,
		}
	}
	var wait time.Duration
	for goal := min(max(s.tried+1, attempts), 20); ; {
		wait = s.waits.NextBackOff()
		if s.tried++; s.tried >= goal {
			return wait
		}
	}
}

// post sends a parcel. It gives the host for the log.
func (n *Notifier) post(ctx context.Context, p *db.Parcel) (host string, failed *failure) {
	u, err := n.Webhook()
	if err != nil {
		return "", &failure{text: err.Error()}
	}
	body, err := message(p)
	if err != nil {
		return "", &failure{text: err.Error(), refused: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return "", &failure{text: place(u) + ": is no address to send to"}
	}
	secrets := secretsOf(u)
	if n.Token != nil {
		token, err := n.Token()
		if err != nil {
			return "", &failure{text: err.Error()}
		}
		req.Header.Set("Authorization", "Bearer "+token)
		secrets = append(secrets, token)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", idempotencyKey(p))
	return place(u), n.do(req, secrets)
}

// idempotencyKey is the same for a parcel however often it is sent. An archive
// that was restored from a backup gives ids again, so the time of the first
// notice is in it too.
func idempotencyKey(p *db.Parcel) string {
	first, last := &p.Notices[0], &p.Notices[len(p.Notices)-1]
	return fmt.Sprintf("%s-%d-%d-%d", p.Archive, first.ID, last.ID, first.At.UnixMilli())
}
