package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// service lists jobs as the first API of Zilliz Cloud does, newest first, 112
// bytes each. No page is kept: one is written in the time that copying it from
// memory would take.
type service struct {
	mu      sync.RWMutex
	jobs    int // of each cluster
	open    int // the newest so many have not ended
	changed int // how often one job in a thousand has changed
	latency time.Duration

	requests atomic.Int64
	first    atomic.Int64 // when the first one came since the world was made, in nanoseconds
}

// world is the state of a service: PUT /world sets it, and GET returns it.
type world struct {
	Jobs, Open, Changed int
	Latency             time.Duration
	Requests, First     int64
}

func serve([]string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	s := &service{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/vector/collections/import/list", s.list)
	mux.HandleFunc("/world", s.world)
	return http.Serve(l, mux) //nolint:gosec // a bench has no other clients
}

func (s *service) world(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPut {
		var now world
		if err := json.NewDecoder(r.Body).Decode(&now); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.jobs, s.open, s.changed, s.latency = now.Jobs, now.Open, now.Changed, now.Latency
		s.first.Store(0)
	}
	_ = json.NewEncoder(w).Encode(world{s.jobs, s.open, s.changed, s.latency, s.requests.Load(), s.first.Load()})
}

func (s *service) list(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.first.CompareAndSwap(0, time.Now().UnixNano())
	s.mu.RLock()
	jobs, open, changed, latency := s.jobs, s.open, s.changed, s.latency
	s.mu.RUnlock()
	if latency > 0 {
		time.Sleep(latency)
	}
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("currentPage"))
	size, _ := strconv.Atoi(q.Get("pageSize"))
	first := (page - 1) * size
	b := make([]byte, 0, 64+size*128)
	b = fmt.Appendf(b, `{"code":200,"data":{"count":%d,"currentPage":%d,"pageSize":%d,"tasks":[`, jobs, page, size)
	for i := first; i < min(first+size, jobs); i++ {
		if i > first {
			b = append(b, ',')
		}
		b = appendJob(b, q.Get("clusterId"), jobs-i, i < open, changed)
	}
	b = append(b, "]}}"...)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

// appendJob writes the nth job that was ever made. One in a thousand moves each
// time that the world changes, each thousandth another time.
func appendJob(b []byte, cluster string, n int, open bool, changed int) []byte {
	state := "ImportCompleted"
	switch {
	case open:
		state = "ImportRunning"
	case n%1000 < changed:
		state = "ImportFailed"
	}
	b = append(b, `{"collectionName":"collection_number_`...)
	b = strconv.AppendInt(b, int64(n%10), 10)
	b = append(b, `","jobId":"job-`...)
	tail := cluster[max(0, len(cluster)-4):]
	id := strconv.Itoa(n)
	b = append(b, tail...)
	b = append(b, "00000000000000000"[:17-len(id)]...)
	b = append(b, id...)
	b = append(b, `","state":"`...)
	b = append(b, state...)
	return append(b, `"}`...)
}

// remote is the service as the first process sees it.
type remote struct {
	cmd  *exec.Cmd
	base string
}

func startService(ctx context.Context, self string) (*remote, error) {
	cmd := exec.CommandContext(ctx, self, "serve")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting the service: %w", err)
	}
	return &remote{cmd: cmd, base: "http://" + strings.TrimSpace(address)}, nil
}

func (s *remote) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// becomes makes the world so.
func (s *remote) becomes(w world) error {
	body, err := json.Marshal(w)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPut, s.base+"/world", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// is says what the world is like now.
func (s *remote) is() (w world, err error) {
	resp, err := http.Get(s.base + "/world")
	if err != nil {
		return w, err
	}
	defer resp.Body.Close()
	return w, json.NewDecoder(resp.Body).Decode(&w)
}

// requests is how many pages the clients have requested so far.
func (s *remote) requests() (int64, error) {
	w, err := s.is()
	return w.Requests, err
}

// first is when it was first asked for one since the world is as it is.
func (s *remote) first() (time.Time, error) {
	w, err := s.is()
	return time.Unix(0, w.First), err
}
