package remote

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// jitter waits a random time between zero and twice an interval that doubles from half
// a second to 15 seconds: clusters that failed together must not retry together.
func jitter() backoff.BackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval:     500 * time.Millisecond,
		RandomizationFactor: 1,
		Multiplier:          2,
		MaxInterval:         15 * time.Second,
	}
}

// longestWait replaces a Retry-After that is too long. It must be small enough that
// sums of durations do not overflow.
const longestWait = 365 * 24 * time.Hour

// RetryAfter reads the header of that name, seconds or a date; 0 if there is no valid
// one. It compares a date with the service's own clock if the answer has it, because
// ours may be wrong.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		if seconds > longestWait.Seconds() {
			return longestWait
		}
		return max(0, time.Duration(seconds*float64(time.Second)))
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if date := serverDate(h); !date.IsZero() {
		now = date
	}
	return min(max(0, at.Sub(now)), longestWait)
}

// serverDate returns the service's clock, in whole seconds; zero if not sent.
func serverDate(h http.Header) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}
