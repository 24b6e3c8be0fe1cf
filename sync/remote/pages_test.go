package remote

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func milvus(t *Target) { t.Dialect, _ = DialectNamed("milvus-v2") }

func TestAListingEnds(t *testing.T) {
	pastEnd := func(last int, status int, code string) service {
		return func(w http.ResponseWriter, r *http.Request) {
			if n := pageOf(r); n <= last {
				respond(w, fmt.Sprint("job-", n))
				return
			}
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"code":%s,"message":"currentPage is out of range"}`, code)
		}
	}
	nullPast := func(last int) service {
		return func(w http.ResponseWriter, r *http.Request) {
			list := "null"
			if n := pageOf(r); n <= last {
				list = fmt.Sprintf(`[{"jobId":"job-%d"}]`, n)
			}
			fmt.Fprintf(w, `{"code":200,"data":{"count":2,"tasks":%s}}`, list)
		}
	}
	for _, story := range []struct {
		name    string
		service service
		change  func(*Target)
		want    []string
		err     string
	}{
		{
			"after an empty page",
			listed([]string{"a", "b"}, []string{"c"}), nil,
			[]string{"1: a b, count 2, tries 1", "2: c, count 1, tries 1", "3: , count 0, tries 1"},
			"",
		},
		{
			"at once, where there is nothing",
			listed(), nil,
			[]string{"1: , count 0, tries 1"},
			"",
		},
		{
			"after a page whose list is null",
			nullPast(2), nil,
			[]string{"1: job-1, count 2, tries 1", "2: job-2, count 2, tries 1", "3: , count 2, tries 1"},
			"",
		},
		{
			"at once, where the list is null and nothing is counted",
			func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"code":200,"data":{"count":0,"tasks":null}}`)
			}, nil,
			[]string{"1: , count 0, tries 1"},
			"",
		},
		{
			"with an error when the first list is null although jobs are counted",
			nullPast(0), nil,
			nil,
			"page 1: protocol: HTTP 200, code 200: the list is null, and count is 2",
		},
		{
			"not after a short page",
			listed([]string{"a"}, []string{"b", "c"}), nil,
			[]string{"1: a, count 1, tries 1", "2: b c, count 2, tries 1", "3: , count 0, tries 1"},
			"",
		},
		{
			"not after a page of nothing but rejects",
			listed([]string{"0"}, []string{"b"}), nil,
			[]string{"1: reject, count 1, tries 1", "2: b, count 1, tries 1", "3: , count 0, tries 1"},
			"",
		},
		{
			"not after a page of nothing but jobs that were forgotten meanwhile",
			func(w http.ResponseWriter, r *http.Request) {
				if pageOf(r) == 1 {
					fmt.Fprint(w, `{"code":200,"data":{"count":2,"tasks":[{"jobId":"7","state":"Failed","reason":"import job does not exist, jobID=7"}]}}`)
					return
				}
				listed(nil, []string{"b"})(w, r)
			}, nil,
			[]string{"1: 1 forgotten, count 2, tries 1", "2: b, count 1, tries 1", "3: , count 0, tries 1"},
			"",
		},
		{
			"when v1 calls the page out of range",
			pastEnd(2, 200, "80004"), nil,
			[]string{"1: job-1, count 1, tries 1", "2: job-2, count 1, tries 1", "3: , count -1, tries 1"},
			"",
		},
		{
			"when v2 does, also as text and with HTTP 400",
			pastEnd(1, 400, `"96009"`), nil,
			[]string{"1: job-1, count 1, tries 1", "2: , count -1, tries 1"},
			"",
		},
		{
			"with an error when the first page is out of range",
			pastEnd(0, 200, "80004"), nil,
			nil,
			"page 1: settings: HTTP 200, code 80004: currentPage is out of range",
		},
		{
			"with an error when a later page has another one",
			pastEnd(1, 200, "80003"), nil,
			[]string{"1: job-1, count 1, tries 1"},
			"page 2: settings: HTTP 200, code 80003: currentPage is out of range",
		},
		{
			"after the first answer of a server without pages",
			func(w http.ResponseWriter, _ *http.Request) { respond(w, "a", "b", "c") }, milvus,
			[]string{"1: a b c, count 3, tries 1"},
			"",
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := testClient(story.service)
				if story.change != nil {
					c = testClient(story.service, story.change)
				}
				pages, err := readAll(t.Context(), c)
				if diff := cmp.Diff(story.want, pages); diff != "" {
					t.Errorf("pages (-want +got):\n%s", diff)
				}
				if got := errText(err); got != story.err {
					t.Errorf("error\n got %q\nwant %q", got, story.err)
				}
			})
		})
	}
}

func errText(err *Error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAnEndlessListingIsAnError(t *testing.T) {
	endless := service(func(w http.ResponseWriter, r *http.Request) { respond(w, fmt.Sprint("job-", pageOf(r))) })
	inBubble(t, func(t *testing.T) {
		c := testClient(endless)
		c.maxPages = 7
		pages, err := readAll(t.Context(), c)
		if len(pages) != 7 || errText(err) != "page 8: protocol: the listing has more than 7 pages" {
			t.Errorf("%d pages, then %v", len(pages), err)
		}
	})
}

func TestAPageHasTheTimesOfRequestAndReceipt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		start := time.Now()
		first := true
		s := service(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(2 * time.Second)
			if first {
				first = false
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(503)
				return
			}
			respond(w)
		})
		for p, err := range testClient(s).Pages(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			if asked, received := p.Asked.Sub(start), p.Received.Sub(start); asked != 9*time.Second || received != 11*time.Second || p.Tries != 2 {
				t.Errorf("asked after %v, received after %v, %d tries", asked, received, p.Tries)
			}
		}
	})
}

func TestProbeReadsOnePageAndTheServicesClock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		status, requests := 200, 0
		s := service(func(w http.ResponseWriter, _ *http.Request) {
			requests++
			w.Header().Set("Date", "Sat, 01 Jan 2000 00:00:05 GMT")
			w.WriteHeader(status)
			respond(w, "a")
		})
		want := Clock{Known: true, Offset: 5 * time.Second} // the bubble begins at 00:00:00
		p, err := testClient(s).Probe(t.Context())
		if err != nil || show(p) != "1: a, count 1, tries 1" || p.Clock != want {
			t.Errorf("%v, %v, %v", show(p), p.Clock, err)
		}
		status = 401
		if p, err = testClient(s).Probe(t.Context()); p.Clock != want || err == nil {
			t.Errorf("with an error: %v, %v", p.Clock, err)
		}
		if requests != 2 {
			t.Errorf("%d requests", requests)
		}
	})
}

func TestMaxPagesIsWhatTheDocumentationSays(t *testing.T) {
	if c := testClient(listed()); c.maxPages != 50_000 || c.bounds().Bytes != 16<<20 {
		t.Error(c.maxPages, c.bounds())
	}
	if names := DialectNames(); !slices.Equal(names, strings.Fields("zilliz-v1 zilliz-v2 milvus-v2")) {
		t.Error(names)
	}
}

func TestAListingCanBeReadTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		pages := testClient(listed([]string{"a"})).Pages(t.Context(), nil)
		for range 2 {
			n := 0
			for _, err := range pages {
				if err != nil {
					t.Error(err)
				}
				n++
			}
			if n != 2 {
				t.Errorf("%d pages", n)
			}
		}
	})
}
