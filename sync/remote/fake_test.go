package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "importarchive/longtest"
	"importarchive/secret"
)

// inBubble runs a story on a clock of its own: waits cost nothing, and every
// goroutine must have ended when the story has.
func inBubble(t *testing.T, story func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, story)
}

// service is a RoundTripper that calls a handler, without sockets (which
// would not wait on a bubble's clock).
type service func(w http.ResponseWriter, r *http.Request)

func (s service) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	s(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

const testKey = "k3y-<7>/\"secret\"+tail"

func testTarget() Target {
	d, _ := DialectNamed("zilliz-v1")
	return Target{
		Dialect:   d,
		BaseURL:   "https://controller.example.test",
		ClusterID: "in01-0123456789abcde",
		Key:       func() (Secret, error) { return secret.New(testKey), nil },
		Timeout:   30 * time.Second,
		RetryFor:  2 * time.Minute,
	}
}

func testClient(s http.RoundTripper, change ...func(*Target)) *Client {
	target := testTarget()
	for _, f := range change {
		f(&target)
	}
	return NewClient(target, s, NewPacer(), time.Now)
}

// pageOf returns the currentPage of a v1 request.
func pageOf(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("currentPage"))
	return n
}

// respond writes a v1 listing of the given ids.
func respond(w io.Writer, ids ...string) {
	var tasks []string
	for _, id := range ids {
		tasks = append(tasks, fmt.Sprintf(`{"jobId":%q,"collectionName":"recipes","state":"ImportRunning"}`, id))
	}
	fmt.Fprintf(w, `{"code":200,"data":{"count":%d,"tasks":[%s]}}`, len(ids), strings.Join(tasks, ","))
}

// listed is a service with these pages; pages after them are empty.
func listed(pages ...[]string) service {
	return func(w http.ResponseWriter, r *http.Request) {
		if n := pageOf(r); n <= len(pages) {
			respond(w, pages[n-1]...)
			return
		}
		respond(w)
	}
}

// readAll collects a listing in a line a page, the error last.
func readAll(ctx context.Context, c *Client) (pages []string, err *Error) {
	for p, e := range c.Pages(ctx, nil) {
		if e != nil {
			if !errors.As(e, &err) {
				err = &Error{Kind: "not an *Error", Err: e}
			}
			break
		}
		pages = append(pages, show(p))
	}
	return pages, err
}

func show(p Page) string {
	var ids []string
	for _, j := range p.Jobs {
		ids = append(ids, j.ID)
	}
	for range p.Rejects {
		ids = append(ids, "reject")
	}
	if p.Forgotten > 0 {
		ids = append(ids, fmt.Sprint(p.Forgotten, " forgotten"))
	}
	return fmt.Sprintf("%d: %s, count %d, tries %d", p.Number, strings.Join(ids, " "), p.Count, p.Tries)
}

// cutBody is an answer whose connection breaks in the middle.
func cutBody(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(io.MultiReader(bytes.NewBufferString(body), broke{})),
	}
}

type broke struct{}

func (broke) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// roundTrip is a RoundTripper made of a function.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
