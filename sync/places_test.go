package sync

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestAPlaceIsNeverLost lets those who wait give up in all orders, also at
// the moment at which their turn comes.
func TestAPlaceIsNeverLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p places
		p.resize(1)
		for range 200 {
			if err := p.take(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancelCause(t.Context())
			given := make(chan error, 3)
			for range cap(given) {
				go func() {
					err := p.take(ctx)
					if err == nil {
						p.leave()
					}
					given <- err
				}()
			}
			synctest.Wait()
			enough := errors.New("enough")
			go stop(enough)
			go p.leave()
			for range cap(given) {
				if err := <-given; err != nil && !errors.Is(err, enough) {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			if p.taken != 0 || len(p.waiting) != 0 {
				t.Fatalf("%d places are taken and %d wait", p.taken, len(p.waiting))
			}
		}
	})
}
