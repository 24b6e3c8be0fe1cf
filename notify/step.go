package notify

import (
	"context"
	"time"
)

// Every is how often Step is to be called.
const Every = lookEvery

const afterError = time.Minute // the rest after a step that failed

// Step does what there is to do, and returns when nothing more can be sent now.
// It logs what goes wrong, and then rests.
func (n *Notifier) Step(ctx context.Context) {
	if wait := n.resting.Sub(n.Now()); wait > 0 && wait <= afterError {
		return
	}
	n.resting = time.Time{}
	for {
		wait, err := n.turn(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			n.resting = n.Now().Add(afterError)
			n.Log.Error().Err(err).Msg("notify: failed")
			return
		case wait != pace:
			return
		}
		timer := time.NewTimer(pace)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}
