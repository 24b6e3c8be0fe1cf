// Package remote is the client of the services. It reads the listing of import jobs
// of a Zilliz Cloud or Milvus cluster, page by page, or the details of one job. It
// knows no database and decides nothing about jobs.
//
// A [Client] is bound to one [Target] and speaks its [Dialect]. [Client.Pages]
// reads a listing, [Client.Describe] and [Client.Confirm] query one job,
// [Client.Probe] and [Client.Databases] serve the command check. Begin reading
// with Pages in client.go, then fetch.go, which makes one page out of as many tries
// as it takes.
//
//	client.go    the client; pages, one ahead of the caller
//	fetch.go     one page: turn, tries, waits       retry.go     how long to wait
//	clock.go     the service's clock, compared with ours
//	exchange.go  one request and its answer         request.go   its headers, redirects
//	describe.go  one job                            databases.go names of databases
//	pacer.go     requests a second, per host and key
//	judge.go     an answer becomes a listing, details, or an error with a kind
//	dialect.go   what the services' calls have in common; zilliz_v1.go,
//	             zilliz_v2.go and milvus_v2.go have a source for every code
//	secret.go    keeps the API key and the proxy's password out of everything
//	answer/      parses answers
//	simulator/   a simulated service for tests and the demo
//
// # What a caller can rely on
//
//   - The client reads answers tolerantly (ids as numbers, codes as strings, lists
//     under either of two keys). But only an answer that is certainly a listing
//     becomes a [Page], and only one that is certainly about the right job becomes
//     [Details]. Everything else is an [*Error] with a [Kind]. An error is never an
//     empty list.
//   - All text is valid UTF-8 without NUL. Other bytes are kept in escaped form.
//   - The API key is in no page, error or log line, also where a service sends it
//     back.
//   - The environment's proxies are ignored. A certificate that can't be trusted, and a
//     proxy that refuses, are errors at once.
//   - Other network errors, 408, 429, 5xx and their equivalents in the body are retried
//     with jitter and Retry-After, within Target.RetryFor. Every wait ends with the
//     context.
package remote

import (
	"path"
	"strings"
	"time"

	"importarchive/network"
	"importarchive/sync/remote/answer"
)

// Job and Reject are the records of a listing.
type (
	Job    = answer.Job
	Reject = answer.Reject
)

// Page is one answer of a listing, or a piece of a long one.
type Page struct {
	Number    int // from 1
	Piece     int // from 0; another piece has the same times, and no Tries
	Jobs      []Job
	Rejects   []Reject
	Count     int64     // as of [answer.Listing]
	Forgotten int       // likewise
	Asked     time.Time // when the request that got the answer went out
	Received  time.Time // when its whole body had arrived
	Tries     int       // requests for this page; 1: the first one had an answer
	Clock     Clock     // by the answers to these requests
	Further   int       // records that Probe has counted and left out
}

func (p *Page) set(l *answer.Listing) {
	p.Jobs, p.Rejects, p.Count, p.Forgotten = l.Jobs, l.Rejects, l.Count, l.Forgotten
}

// Records is how many records the page has, whatever they are.
func (p *Page) Records() int { return len(p.Jobs) + len(p.Rejects) + p.Forgotten }

// Target has the address of one cluster's listing and the parameters of its requests.
type Target struct {
	Dialect   *Dialect
	BaseURL   string // scheme and host, without the path
	ClusterID string // as the service knows it; unused by milvus-v2
	Database  string // "" for the service's default; zilliz-v1 knows none, in milvus-v2 it filters nothing

	// Key returns the API key. The client calls it for each request, so that a key
	// in a file can change while the program runs.
	Key func() (Secret, error)

	Network  network.Settings // how the requests go out
	PageSize int
	Timeout  time.Duration // of one request
	RetryFor time.Duration // of one page: all tries and waits together
	Rate     float64       // requests a second to this host with this key; 0 for no limit
}

// ListName names the list that the client reads: targets with one name read the same jobs,
// whatever else differs. It has no key in it.
func (t *Target) ListName() string {
	if t.Dialect.WantsClusterID {
		return t.ClusterID // the vendor makes it, and both of its APIs know it
	}
	base, err := parseBase(t.BaseURL)
	if err != nil {
		return ""
	}
	return base.Scheme + "://" + address(base) + strings.TrimRight(path.Clean("/"+base.EscapedPath()), "/")
}
