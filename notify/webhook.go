package notify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"importarchive/secret"
)

const (
	// triedFor is how long a post is tried: a day, the longest that a receiver
	// may be away without a loss. At least so many attempts are made, because a
	// clock that jumps ahead makes every post a day old.
	triedFor   = 24 * time.Hour
	triedOften = 24

	// The wait after the first failed attempt doubles with each further one, up
	// to a limit.
	firstWait = 5 * time.Second
	mostWait  = 10 * time.Minute

	// longestWait bounds a Retry-After beyond reason.
	longestWait = time.Hour

	// refusals is how often in a row a receiver may say that the request is wrong.
	// More than once, because its address or the token may just be changing.
	refusals = 3
)

// wait returns the wait after this many failed attempts in a row. spread, from 0
// to 1, moves it by up to half either way, so that many services do not come
// back together.
func wait(failures int, spread float64) time.Duration {
	return time.Duration(float64(min(firstWait<<min(failures-1, 10), mostWait)) * (0.5 + spread))
}

// send posts the notices that have waited longest, if an attempt is due, and
// reports whether the webhook accepted them. The error is one of the archive.
func (n *Notifier) send(ctx context.Context, box outbox, s *state) (sent bool, err error) {
	if waits(s.Next, n.Now(), longestWait) {
		return false, nil
	}
	post, err := box.waiting(ctx)
	if err != nil || len(post) == 0 {
		return false, err
	}
	if err := box.attempt(ctx, post); err != nil {
		return false, err
	}
	host, failure := n.post(ctx, s.Archive, post)
	if failure != nil && ctx.Err() != nil {
		return false, nil // the service stops; the next one tries at once
	}
	ctx, cancel := toStore(ctx)
	defer cancel()
	if failure == nil {
		n.refused = 0
		n.Log.Info().Str("to", host).Int("notices", len(post)).Int64("first", post[0].ID).Msg("notify: sent")
		return true, box.sent(ctx, post, n.Now())
	}
	return false, n.failed(ctx, box, post, failure, s.Failures+1)
}

// toStore returns a context to store what happened, also while the service stops.
func toStore(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), timeout)
}

// failed stores a failed attempt, and gives the post up after too many refusals
// or a day.
func (n *Notifier) failed(ctx context.Context, box outbox, post []notice, f *failure, failures int) error {
	n.refused++
	if !f.refused {
		n.refused = 0
	}
	now := n.Now()
	rest := max(wait(failures, rand.Float64()), min(f.after, longestWait))
	if n.refused < refusals && (now.Sub(post[len(post)-1].At) < triedFor || failures < triedOften) {
		n.Log.Warn().Str("error", f.text).Int("notices", len(post)).Int("attempts", post[0].Attempts+1).
			Str("again_in", rest.Round(time.Second).String()).Msg("notify: the webhook did not accept a post")
		return box.failed(ctx, post, f.text, now.Add(rest), time.Time{})
	}
	n.refused = 0
	n.Log.Error().Str("error", f.text).Int("notices", len(post)).Int64("first", post[0].ID).
		Msg("notify: given up; the view notices has what was not sent")
	return box.failed(ctx, post, f.text, now.Add(rest), now)
}

// post makes the request. It returns the host for the log.
func (n *Notifier) post(ctx context.Context, archive string, all []notice) (host string, failed *failure) {
	u, err := n.Webhook()
	if err != nil {
		return "", &failure{text: err.Error()}
	}
	body, err := message(archive, all)
	if err != nil {
		return "", &failure{text: err.Error(), refused: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(body))
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
		secrets = append(secrets, secret.New(token))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", idempotencyKey(archive, all))
	return place(u), n.do(req, secrets)
}

// idempotencyKey is the same for every attempt of a post. It has the time of
// the first notice, because an archive that was restored from a backup gives
// ids a second time.
func idempotencyKey(archive string, all []notice) string {
	first, last := &all[0], &all[len(all)-1]
	return fmt.Sprintf("%s-%d-%d-%d", archive, first.ID, last.ID, first.At.UnixMilli())
}
