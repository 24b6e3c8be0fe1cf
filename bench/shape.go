package bench

import (
	"fmt"
	"time"
)

// Shape says what an archive is like: ten clusters of ten collections that
// were listed for a year.
type Shape struct {
	Jobs  int           // exactly, of all clusters
	Every time.Duration // from one run of a cluster to its next; an hour where it is 0
	Now   time.Time     // its history ends within Every before
	Seed  uint64
}

const (
	clusters    = 10
	collections = 10
	year        = 365 * 24 * time.Hour
)

// Names to filter by. Rare has some hundred-thousandth of all jobs, the others
// of a cluster share the rest, the first the most.
const (
	Cluster    = "cluster-03"
	Collection = "collection-02"
	Rare       = "collection-10"
)

func clusterName(n int) string    { return fmt.Sprintf("cluster-%02d", n) }
func collectionName(n int) string { return fmt.Sprintf("collection-%02d", n) }

// quiet is the one cluster without a successful run at the end, so that
// something is stale and a gap is open.
const quiet = 7

// kept says how long each cluster keeps finished jobs listed: with a run an
// hour, the first is hardly read often enough.
var kept = [clusters]time.Duration{
	2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 6 * time.Hour, 8 * time.Hour,
	12 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour, 48 * time.Hour,
}

// A state is the place of its word here.
const (
	pending = iota
	running
	completed
	failed
	cancelled
	unknown
)

// Words are boxed once: rows have tens of millions of them.
var (
	states    = [...]any{"pending", "running", "completed", "failed", "cancelled", "unknown"}
	rawStates = [...]string{"ImportPending", "ImportRunning", "ImportCompleted", "ImportFailed", "ImportCancelled", "ImportDreaming"}
	reasons   = [...]string{
		"the file has no field vector", "the schema has changed", "row 7 has no primary key", "the file could not be read: access denied",
		"the dimension of row 1042 is 767, not 768", "the collection was dropped", "out of quota",
	}
)

// rawText is the number of the text by which a service calls a state.
func rawText(state uint8) int64 { return collections + 1 + int64(state) }

func terminal(state uint8) bool { return state == completed || state == failed || state == cancelled }
