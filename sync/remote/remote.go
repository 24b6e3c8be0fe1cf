// Package remote hears the services: it asks a Zilliz Cloud or Milvus
// cluster for its listing of import jobs, page by page, or for the details of
// one job, and says what came back. It knows no database and decides nothing
// about jobs.
//
// A [Client] is bound to one [Target] and speaks its [Dialect]. What a
// service sends is taken tolerantly (ids as numbers, codes as strings, lists
// under either of two keys), but only an answer that is certainly a listing
// becomes a [Page], and one that is certainly about the job asked for becomes
// [Details]; everything else is an [*Error] with a [Kind]. All text that comes
// out is valid UTF-8 without NUL; what was not is kept in escaped form.
package remote

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// Job is one record of a listing, as the service sent it.
type Job struct {
	ID         string   // exactly as sent, never empty and never "0"
	Collection string   // "" when not sent
	RawState   string   // the service's own word; "" when not sent
	Progress   *float64 // 0 to 100; nil when not sent or out of range (then Extra has it)
	Reason     string   // "" when not sent
	Extra      string   // the record's other fields as a JSON object with sorted keys; "" when none
}

// Reject is a record of a listing that can't be archived, because nothing
// in it says which job it is.
type Reject struct {
	Reason string // why, for people
	Raw    string // the record as sent, but for what is no text
}

// Page is one answer of a listing.
type Page struct {
	Number   int // from 1
	Jobs     []Job
	Rejects  []Reject
	Count    int64     // the service's own `count`; -1 when not sent. May be of this page or of the listing.
	Asked    time.Time // when the request that was answered went out
	Received time.Time // when its body had been read whole
	Tries    int       // requests this page took, 1 when the first was answered
	Ahead    int       // how many of the pages before it had not come yet when it was asked for

	// Forgotten is how many jobs the service forgot while it made the list. It
	// lists them once more, and counts them; they are neither jobs nor rejects.
	Forgotten int
}

// Records is how many records the page has, whatever they are.
func (p *Page) Records() int { return len(p.Jobs) + len(p.Rejects) + p.Forgotten }

// MaxPrefetch is as many pages as may be on their way at the same time.
const MaxPrefetch = 32

// Target says where one cluster's listing is and how to ask for it.
type Target struct {
	Dialect   *Dialect
	BaseURL   string // scheme and host, without the path
	ClusterID string // as the service knows it; unused by milvus-v2
	Database  string // "" for the service's default; zilliz-v1 knows none, in milvus-v2 it filters nothing

	// Key gives the API key. It is called for each request, so that a key
	// in a file can be replaced while the program runs.
	Key func() (Secret, error)

	PageSize int
	Prefetch int           // pages on their way at the same time, at most; 0 is 1
	Timeout  time.Duration // of one request
	RetryFor time.Duration // of one page: all tries and waits together
	Rate     float64       // requests a second to this host with this key; 0 for no limit
}

// List names the list that is asked for: targets with one name read the same jobs,
// whatever else differs. It has no key in it.
func (t *Target) List() string {
	if t.Dialect.WantsClusterID {
		return t.ClusterID // of the vendor's making, and known to both of its APIs
	}
	base, err := parseBase(t.BaseURL)
	if err != nil {
		return ""
	}
	return base.Scheme + "://" + address(base) + strings.TrimRight(path.Clean("/"+base.EscapedPath()), "/")
}

// Secret is an API key that can't be printed by accident: every verb of
// package fmt, encoding/json and zerolog show "[hidden]".
type Secret struct{ value string }

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal gives the value, for the Authorization header and nothing else.
func (s Secret) Reveal() string { return s.value }

// Format hides the value from every verb, %d and %#v included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

const hidden = "[hidden]"
