package remote

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Clock compares the service's clock with ours, by the header Date of an answer. The
// zero Clock knows nothing: there was no answer, or no such header in it.
type Clock struct {
	Known bool

	// Offset is the service's clock minus ours, in milliseconds: negative where ours
	// is ahead. It is the smallest difference that explains the answer.
	Offset time.Duration
}

// clockOf compares the clocks by one answer. Date has whole seconds, and the service
// wrote it at some moment between the request and the answer's last byte. So the
// offset lies anywhere between Date - received and Date + 1 s - asked, and it is 0 if
// these two have different signs: a slow answer never looks like a wrong clock. A
// cache says with Age for how many seconds it has had the answer.
func clockOf(h http.Header, asked, received time.Time) Clock {
	date := serverDate(h)
	if date.IsZero() {
		return Clock{}
	}
	if age, err := strconv.ParseUint(strings.TrimSpace(h.Get("Age")), 10, 31); err == nil {
		date = date.Add(time.Duration(age) * time.Second)
	}
	asked, received = asked.Round(0), received.Round(0) // wall clocks, whatever jumped meanwhile
	least, most := date.Sub(received), date.Add(time.Second).Sub(asked)
	c := Clock{Known: true}
	switch {
	case least > 0:
		c.Offset = least
	case most < 0:
		c.Offset = most
	}
	c.Offset = c.Offset.Round(time.Millisecond)
	return c
}

// Nearer returns the one that says the smaller offset. Each answer of a run that
// disagrees may have lingered in a cache, and the clocks disagree if all of them do.
func (c Clock) Nearer(other Clock) Clock {
	if !c.Known || other.Known && other.Offset.Abs() < c.Offset.Abs() {
		return other
	}
	return c
}
