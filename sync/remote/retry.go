package remote

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// jitter waits anything from nothing to twice an interval that doubles from
// half a second to 15 seconds: clusters that failed together must not come
// back together.
func jitter() backoff.BackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval:     500 * time.Millisecond,
		RandomizationFactor: 1,
		Multiplier:          2,
		MaxInterval:         15 * time.Second,
	}
}

// longestWait is what a Retry-After beyond all reason is taken for. It must
// stay far from where adding durations overflows.
const longestWait = 365 * 24 * time.Hour

// RetryAfter reads the header of that name, seconds or a date; 0 when there
// is none that makes sense. A date is compared with the service's own clock
// where it shows it, because ours may be wrong.
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

// serverDate is the service's clock, in whole seconds; zero when not sent.
func serverDate(h http.Header) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}
