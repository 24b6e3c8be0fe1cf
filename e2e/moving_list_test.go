package e2e_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	gosync "sync"
	"time"

	"importarchive/secret"
	"importarchive/sync/remote"
)

// movingList is a service whose list moves at any time, also while an answer is on
// its way.
type movingList struct {
	mu       gosync.Mutex
	random   *rand.Rand
	latency  time.Duration // at most
	fails    float64       // share of the requests
	pageCap  int
	list     []*listedJob
	all      []*listedJob
	requests int
	slowest  map[int]time.Duration // of a page, added to its latency once
	shown    map[string]bool       // jobs, by answers that arrived
}

// listedJob is a job with its true life.
type listedJob struct {
	id                string
	born, ended, gone time.Time
}

func (s *movingList) put(at int) {
	b := &listedJob{id: fmt.Sprintf("job-%d", len(s.all)), born: time.Now()}
	s.all = append(s.all, b)
	s.list = slices.Insert(s.list, at, b)
}

func (s *movingList) take(at int) {
	s.list[at].gone = time.Now()
	s.list = slices.Delete(s.list, at, at+1)
}

// RoundTrip answers somewhere within its latency with how the list is then.
func (s *movingList) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/get") {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(s.tell(r.URL.Query().Get("jobId"))))}, nil
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("currentPage"))
	size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
	if s.pageCap > 0 {
		size = min(size, s.pageCap)
	}
	s.mu.Lock()
	s.requests++
	there, back := s.part(), s.part()
	if s.random.IntN(2) == 0 {
		there += s.slowest[page]
	} else {
		back += s.slowest[page]
	}
	delete(s.slowest, page)
	failed, wait := s.random.Float64() < s.fails, s.random.IntN(4)
	s.mu.Unlock()
	if err := rest(r, there); err != nil {
		return nil, err
	}
	body, ids := s.page(page, size)
	if err := rest(r, back); err != nil {
		return nil, err
	}
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(body))}
	if failed {
		resp.StatusCode = 503
		if wait > 0 {
			resp.Header.Set("Retry-After", strconv.Itoa(wait))
		}
		return resp, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.shown[id] = true
	}
	return resp, nil
}

// tell answers about one job.
func (s *movingList) tell(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.list, func(b *listedJob) bool { return b.id == id }) {
		return fmt.Sprintf(`{"code":200,"data":{"jobId":%q,"readyPercentage":0.5}}`, id)
	}
	return `{"code":90144,"message":"no such job"}`
}

func (s *movingList) part() time.Duration {
	if s.latency == 0 {
		return 0
	}
	return time.Duration(s.random.Int64N(int64(s.latency)))
}

func rest(r *http.Request, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

func (s *movingList) page(n, size int) (body string, ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := min((n-1)*size, len(s.list))
	var tasks []string
	for _, b := range s.list[from:min(from+size, len(s.list))] {
		state := "ImportRunning"
		if !b.ended.After(time.Now()) {
			state = "ImportCompleted"
		}
		ids = append(ids, b.id)
		tasks = append(tasks, fmt.Sprintf(`{"jobId":%q,"collectionName":"books","state":%q}`, b.id, state))
	}
	return fmt.Sprintf(`{"code":200,"data":{"count":%d,"tasks":[%s]}}`, len(s.list), strings.Join(tasks, ",")), ids
}

func (s *movingList) client(size int) *remote.Client {
	d, _ := remote.DialectNamed("zilliz-v1")
	return remote.NewClient(remote.Target{
		Dialect: d, BaseURL: "https://shelf.example", ClusterID: "in01-shelf", PageSize: size,
		Timeout: 30 * time.Second, RetryFor: time.Minute,
		Key: func() (remote.Secret, error) { return secret.New("key-of-the-list"), nil },
	}, s, remote.NewPacer(), time.Now)
}
