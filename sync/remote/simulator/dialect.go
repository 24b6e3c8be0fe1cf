package simulator

import (
	"encoding/json"
	"net"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"importarchive/sync/remote/simulator/fate"
)

// Call is what a request asks for.
type Call string

const (
	List     Call = "list"     // a page
	Describe Call = "describe" // one job
)

// The calls that are served: by their last element, after these.
const (
	pathV1 = "GET /v1/vector/collections/import/"
	pathV2 = "POST /v2/vectordb/jobs/import/"
)

var calls = map[string]Call{
	pathV1 + "list":         List,
	pathV1 + "get":          Describe,
	pathV2 + "list":         List,
	pathV2 + "describe":     Describe,
	pathV2 + "getProgress":  Describe,
	pathV2 + "get_progress": Describe,
}

// dialect is how one kind of service spells its listing and its refusals.
// It is written from the services' evidence alone and shares nothing with the
// client's table: a mistake made in one of them shows.
type dialect struct {
	list        string
	success     int
	order       Order
	words       [fate.States]string // "" for a state that it was never seen with
	unpaged     bool                // page numbers and sizes are ignored, nothing is counted
	listFirst   bool                // where the list stands in data
	smallest    int                 // page size; the largest is 100
	details     bool                // records have progress and reason
	uuids       bool                // half of the ids are
	decimalIDs  bool
	cancelFails bool // a cancelled job ends as failed

	badKey, noCluster, emptyCluster, badSize, badPage, tooMany refusal

	noJob, noJob25 refusal // %s in them is the id
	away           refusal // what asks for one job while the coordinator is away
	denied         refusal // the right to import is missing
	ghost          string  // reason in a list of a job that left while it was made, without its id; "": none are listed
	spell          func(*cluster, *detail) any
}

// refusal is an error of a service. Those about the caller's business come
// with HTTP 200, those about its key with 401.
//
// Codes are the documented ones. The texts about keys were recorded;
// the others paraphrase texts that differ by language and revision anyway.
type refusal struct {
	status, code int
	message      string
}

var dialects = map[string]*dialect{
	"zilliz-v1": {
		list: "tasks", success: 200, order: NewestFirst, listFirst: true, smallest: 5, uuids: true,
		words:        [fate.States]string{"ImportPending", "ImportRunning", "", "", "ImportCompleted", "ImportFailed", "ImportCancel"},
		badKey:       refusal{http.StatusUnauthorized, 80001, "Invalid token: Your token is not valid. Please double-check your request parameters and ensure that you have provided a valid token."},
		noCluster:    refusal{http.StatusOK, 40021, "The cluster ID does not exist."},
		emptyCluster: refusal{http.StatusOK, 90104, "The clusterId parameter is empty in the request parameter."},
		badSize:      refusal{http.StatusOK, 80003, "The pageSize parameter must be from 5 to 100."},
		badPage:      refusal{http.StatusOK, 80004, "The currentPage parameter must be from 1 to 2147483647."},
		noJob:        refusal{http.StatusOK, 90144, "There is no such jobId under this cluster: %s"},
		away:         unseenAway,
		denied:       refusal{http.StatusOK, 40022, "No access to this cluster."},
		tooMany:      unseenTooMany,
		spell:        spellV1,
	},
	"zilliz-v2": {
		list: "records", success: 0, order: NewestFirst, smallest: 1, details: true,
		words:        [fate.States]string{"Pending", "Importing", "Uncommitted", "Committing", "Completed", "Failed", "Cancel"},
		badKey:       refusal{http.StatusUnauthorized, 21119, "The apikey is illegal"},
		noCluster:    refusal{http.StatusOK, 96018, "The cluster is not found."},
		emptyCluster: refusal{http.StatusOK, 96025, "The clusterId is empty."},
		badSize:      refusal{http.StatusOK, 96008, "The pageSize must be from 1 to 100."},
		badPage:      refusal{http.StatusOK, 96009, "The currentPage must be from 1 to 2147483647."},
		noJob:        refusal{http.StatusOK, 96026, "The import job is not found: %s"},
		away:         unseenAway,
		denied:       refusal{http.StatusOK, 96016, "No permission, or out of the scope of the API key."},
		tooMany:      unseenTooMany,
		spell:        spellV2,
	},
	"milvus-v2": {
		list: "records", success: 0, order: Shuffled, unpaged: true, details: true, decimalIDs: true, cancelFails: true,
		words:   [fate.States]string{"Pending", "Importing", "Uncommitted", "Committing", "Completed", "Failed", "Failed"},
		badKey:  refusal{http.StatusUnauthorized, 1800, "user hasn't authenticated"},
		noJob:   refusal{http.StatusOK, 2101, "import job does not exist, jobID=%s: importing data failed on server side"},
		noJob25: refusal{http.StatusOK, 2100, "importing data failed: import job does not exist, jobID=%s"},
		away:    refusal{http.StatusOK, 65535, "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing\""},
		denied:  refusal{http.StatusForbidden, 65535, "rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to reader in the `default` database"},
		ghost:   "import job does not exist, jobID=",
		tooMany: refusal{http.StatusOK, 1807, "request is rejected by limiter"},
		spell:   spellMilvus,
	},
}

// unseenTooMany is a guess: the vendor documents the limit of 20 requests a
// second, but not the answer to one more.
var unseenTooMany = refusal{http.StatusTooManyRequests, 429, "Too many requests."}

// unseenAway is a guess too: a gateway finds nothing behind it.
var unseenAway = refusal{http.StatusServiceUnavailable, 503, "Service Unavailable"}

// question is one request, read.
type question struct {
	call          Call   // "" for none that is served
	name          string // of the call
	second        bool   // by the second API
	host, uri     string
	authorization string
	clusterID     string
	size, page    string // as sent; "" when not
	jobID         string
	number        int // among the cluster's requests for the same
}

// ask reads a request. A body that is no JSON object asks for nothing, which
// is refused later as an empty cluster id.
func ask(r *http.Request, body []byte) *question {
	asked := r.Method + " " + r.URL.Path
	q := &question{
		call: calls[asked], name: path.Base(asked), second: strings.HasPrefix(asked, pathV2),
		host: r.Host, uri: r.URL.RequestURI(), authorization: r.Header.Get("Authorization"),
	}
	if q.host == "" {
		q.host = r.URL.Host
	}
	if host, _, err := net.SplitHostPort(q.host); err == nil {
		q.host = host
	}
	if r.Method == http.MethodGet {
		values := r.URL.Query()
		q.clusterID, q.size, q.page = values.Get("clusterId"), values.Get("pageSize"), values.Get("currentPage")
		q.jobID = values.Get("jobId")
		return q
	}
	var sent struct {
		ClusterID             string
		PageSize, CurrentPage json.RawMessage
		JobID                 json.RawMessage
	}
	if json.Unmarshal(body, &sent) == nil {
		q.clusterID, q.size, q.page = sent.ClusterID, string(sent.PageSize), string(sent.CurrentPage)
		q.jobID = strings.Trim(string(sent.JobID), `"`) // none has anything in it that JSON would escape
	}
	return q
}

// pageNumber is 1 for what is no number: faults need one before the service checks it.
func (q *question) pageNumber() int {
	n, err := strconv.Atoi(q.page)
	if err != nil {
		return 1
	}
	return n
}

// route finds the cluster a request is for, or the answer when there is none.
// Milvus and the second Zilliz API share a path; a Milvus is known by its
// host, or by being the only one when no cluster is named.
func (w *World) route(q *question) (*cluster, *answer) {
	if q.call == "" {
		return nil, noSuchPath()
	}
	name := "zilliz-v1"
	if q.second {
		name = "zilliz-v2"
		if c := w.milvus(q); c != nil {
			return c, nil
		}
	}
	known := false
	for _, c := range w.clusters {
		if c.Dialect != name {
			continue
		}
		if c.ID == q.clusterID {
			return c, nil
		}
		known = known || c.admits(q)
	}
	d := dialects[name]
	switch {
	case !known:
		return nil, d.badKey.answer()
	case q.clusterID == "":
		return nil, d.emptyCluster.answer()
	}
	return nil, d.noCluster.answer()
}

// noSuchPath is Milvus's; how Zilliz Cloud answers a call that it doesn't know is
// not documented.
func noSuchPath() *answer { return plain(http.StatusNotFound, "404 page not found") }

func (w *World) milvus(q *question) *cluster {
	var only *cluster
	several := false
	for _, c := range w.clusters {
		if c.Dialect != "milvus-v2" {
			continue
		}
		if c.ID == q.host {
			return c
		}
		several = several || only != nil
		only = c
	}
	if several || q.clusterID != "" {
		return nil
	}
	return only
}

func (c *cluster) admits(q *question) bool {
	key, bearer := strings.CutPrefix(q.authorization, "Bearer ")
	return c.Key == "" || bearer && key == c.Key
}

// words are what the list and describe say of a job's state.
func (c *cluster) words(l *fate.Life, t int64) (list, described string) {
	if l.Disagreed && t >= l.Ended {
		return c.ListWord, c.DescribeWord
	}
	word := c.dialect.words[l.State(t)]
	return word, word
}

var stateNames = [fate.States]string{"pending", "running", "running", "running", "completed", "failed", "cancelled"}

// stateNamed is the state that a word means in whatever dialect, "unknown" if in none.
func stateNamed(word string) string {
	for _, d := range dialects {
		if s := slices.Index(d.words[:], word); s >= 0 && word != "" {
			return stateNames[s]
		}
	}
	return "unknown"
}
