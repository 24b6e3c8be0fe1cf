package cli

import (
	"sync"
	"time"
)

// demoClock is the time in the demo. It is set from round to round, and goes
// on a little whenever somebody looks, so that requests take their time.
type demoClock struct {
	mu   sync.Mutex
	now  time.Time
	real func() time.Time // once the demo has caught up
}

func (c *demoClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real != nil {
		return c.real()
	}
	c.now = c.now.Add(11 * time.Millisecond)
	return c.now
}

func (c *demoClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *demoClock) becomeReal(real func() time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.real = real
}
