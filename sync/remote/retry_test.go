package remote

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// then answers each request with the next function, the last one for ever.
func then(answers ...service) service {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		answers[min(n, len(answers)-1)](w, r)
		n++
	}
}

func status(code int, header ...string) service {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func body(text string) service {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	for name, trouble := range map[string]service{
		"too many requests":      status(429),
		"request timeout":        status(408),
		"server error":           status(500),
		"bad gateway with HTML":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502); body("<html>")(w, nil) },
		"too many, in the body":  body(`{"code":429,"message":"slow down"}`),
		"server away, in a body": body(`{"code":"503"}`),
		"known code":             body(`{"code":47039,"message":"too many imports"}`),
		"JSON that stops":        body(`{"code":200,"data":{"tasks":[`),
		"nothing":                body(``),
		"silence":                func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				pages, err := readAll(t.Context(), testClient(then(trouble, trouble, listed())))
				if diff := cmp.Diff([]string{"1: , count 0, tries 3"}, pages); diff != "" || err != nil {
					t.Errorf("%s%v", diff, err)
				}
			})
		})
	}
}

func TestALastingErrorIsNotRetried(t *testing.T) {
	for _, story := range []struct {
		service service
		want    string
	}{
		{status(400), "page 1: settings: HTTP 400"},
		{status(401), "page 1: auth: HTTP 401"},
		{status(403), "page 1: auth: HTTP 403"},
		{status(404), "page 1: not-found: HTTP 404"},
		{status(405), "page 1: not-found: HTTP 405"},
		{status(204), "page 1: protocol: HTTP 204"},
		{body(`{"code":401,"message":"who?"}`), "page 1: auth: HTTP 200, code 401: who?"},
		{body(`{"code":40003,"message":"SUSPENDED"}`), "page 1: suspended: HTTP 200, code 40003: not in its present state; set enabled = false for a cluster that stays suspended: SUSPENDED"},
		{body(`{"code":80000}`), "page 1: settings: HTTP 200, code 80000"},
		{body(`{"code":200,"data":{}}`), "page 1: protocol: HTTP 200, code 200: data has no list, neither records nor tasks"},
		{body(`<html>`), "page 1: protocol: HTTP 200: the answer is not JSON: <html>"},
		{
			status(401, "RequestId", "req-\x01 7", "Retry-After", "5"),
			"page 1: auth: HTTP 401 (request id req- 7)",
		},
	} {
		t.Run(story.want, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				_, err := readAll(t.Context(), testClient(story.service))
				if errText(err) != story.want || err.Tries != 1 {
					t.Errorf("%d tries\n got %q\nwant %q", err.Tries, errText(err), story.want)
				}
			})
		})
	}
}

func TestADenialIsNoOutage(t *testing.T) {
	const denial = `{"code":65535,"message":"rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to archiver"}`
	for _, status := range []int{200, 401, 403, 500} {
		inBubble(t, func(t *testing.T) {
			requests := 0
			c := testClient(service(func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.WriteHeader(status)
				_, _ = io.WriteString(w, denial)
			}), milvus)
			_, listed := c.Probe(t.Context())
			_, described := c.Describe(t.Context(), "463000000000000001")
			for _, err := range []error{listed, described} {
				if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Auth || errors.Is(err, ErrCantDescribe) {
					t.Errorf("HTTP %d: %v", status, err)
				}
			}
			if requests != 2 {
				t.Errorf("HTTP %d: %d requests", status, requests)
			}
		})
	}
}

func TestAConnectionThatBreaksIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := 0
		s := roundTrip(func(r *http.Request) (*http.Response, error) {
			switch n++; n {
			case 1:
				return nil, syscall.ECONNREFUSED
			case 2:
				return cutBody(r, 200, `{"code":200,"data":{"tasks":[]}}`), nil
			}
			return listed().RoundTrip(r)
		})
		pages, err := readAll(t.Context(), testClient(s))
		if diff := cmp.Diff([]string{"1: , count 0, tries 3"}, pages); diff != "" || err != nil {
			t.Errorf("%s%v", diff, err)
		}
	})
}

func TestTheCauseOfABrokenConnectionCanBeFound(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := roundTrip(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
		_, err := readAll(t.Context(), testClient(s, func(t *Target) { t.RetryFor = 0 }))
		if !errors.Is(err, syscall.ECONNREFUSED) || errText(err) != "page 1: unavailable: connection refused" {
			t.Error(err)
		}
	})
}

func TestACutErrorBodyIsStillThatError(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := roundTrip(func(r *http.Request) (*http.Response, error) { return cutBody(r, 401, `{"code":80001,"mess`), nil })
		if _, err := readAll(t.Context(), testClient(s)); err.Kind != Auth || err.Tries != 1 {
			t.Errorf("%+v", err)
		}
	})
}

func TestTheServiceSaysHowLongToWait(t *testing.T) {
	// The bubble's clock starts at midnight of 2000-01-01.
	for _, story := range []struct {
		name   string
		header []string
		least  time.Duration
		most   time.Duration
	}{
		{"in seconds", []string{"Retry-After", "3600"}, time.Hour, time.Hour},
		{"in parts of seconds", []string{"Retry-After", " 1.5 "}, 1500 * time.Millisecond, 1500 * time.Millisecond},
		{"as a date", []string{"Retry-After", "Sat, 01 Jan 2000 00:30:00 GMT"}, 30 * time.Minute, 30 * time.Minute},
		{
			"as a date on its own clock",
			[]string{"Retry-After", "Sat, 01 Jan 2011 10:00:09 GMT", "Date", "Sat, 01 Jan 2011 10:00:00 GMT"},
			9 * time.Second, 9 * time.Second,
		},
		{"as a date gone by", []string{"Retry-After", "Fri, 31 Dec 1999 23:00:00 GMT"}, 0, time.Second},
		{"not at all", nil, 0, time.Second},
		{"nothing", []string{"Retry-After", "0"}, 0, time.Second},
		{"less than nothing", []string{"Retry-After", "-5"}, 0, time.Second},
		{"no number", []string{"Retry-After", "NaN"}, 0, time.Second},
		{"in words", []string{"Retry-After", "a while"}, 0, time.Second},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				start := time.Now()
				s := then(status(429, story.header...), listed())
				_, err := readAll(t.Context(), testClient(s, func(t *Target) { t.RetryFor = 2 * time.Hour }))
				if took := time.Since(start); err != nil || took < story.least || took > story.most {
					t.Errorf("waited %v, want %v to %v: %v", took, story.least, story.most, err)
				}
			})
		})
	}
}

func TestAWaitBeyondTheLimitEndsItAtOnce(t *testing.T) {
	for wait, says := range map[string]string{
		"3600":                          "1h0m0s",
		"1e300":                         "8760h0m0s",
		"Sat, 01 Jan 2000 01:00:00 GMT": "1h0m0s",
		"Fri, 31 Dec 9999 23:59:59 GMT": "8760h0m0s",
	} {
		inBubble(t, func(t *testing.T) {
			start := time.Now()
			_, err := readAll(t.Context(), testClient(status(429, "Retry-After", wait)))
			want := "page 1: rate-limited: HTTP 429; the service asks to wait " + says
			if errText(err) != want || time.Since(start) != 0 {
				t.Errorf("Retry-After %s: after %v\n got %q\nwant %q", wait, time.Since(start), errText(err), want)
			}
		})
	}
}

func TestRetryingEndsWithTheLastRealError(t *testing.T) {
	silence := service(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for _, story := range []struct {
		name    string
		service service
		change  func(*Target)
		most    time.Duration
		want    string
	}{
		{
			"a service that stays away", status(503), func(*Target) {}, 2 * time.Minute,
			"page 1: unavailable: HTTP 503; tried",
		},
		{
			"one that falls silent is remembered for what it said",
			then(status(503), silence),
			func(t *Target) { t.Timeout = time.Hour }, 2 * time.Minute,
			"page 1: unavailable: HTTP 503; tried 2 times",
		},
		{
			"silence", silence, func(*Target) {}, 2 * time.Minute,
			"page 1: unavailable: no answer within 30s; tried",
		},
		{
			"silence longer than the limit", silence,
			func(t *Target) { t.Timeout = time.Hour }, 2 * time.Minute,
			"page 1: unavailable: no answer within 2m0s",
		},
		{
			"no retries wanted", status(503),
			func(t *Target) { t.RetryFor = 0 }, 0,
			"page 1: unavailable: HTTP 503",
		},
		{
			"a pace too slow for another try", status(503),
			func(t *Target) { t.Rate = 0.001 }, 2 * time.Second,
			"page 1: unavailable: HTTP 503",
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				start := time.Now()
				_, err := readAll(t.Context(), testClient(story.service, story.change))
				if !strings.HasPrefix(errText(err), story.want) || err.Kind != Unavailable {
					t.Errorf("\n got %q\nwant %q", errText(err), story.want)
				}
				if took := time.Since(start); took > story.most {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestEachPageHasItsOwnLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		tries := map[int]int{}
		s := service(func(w http.ResponseWriter, r *http.Request) {
			n := pageOf(r)
			if tries[n]++; tries[n] == 1 {
				status(503, "Retry-After", "100")(w, r)
				return
			}
			listed([]string{"a"}, []string{"b"})(w, r)
		})
		pages, err := readAll(t.Context(), testClient(s))
		want := []string{"1: a, count 1, tries 2", "2: b, count 1, tries 2", "3: , count 0, tries 2"}
		if diff := cmp.Diff(want, pages); diff != "" || err != nil {
			t.Errorf("%s%v", diff, err)
		}
	})
}

func TestAnAnswerLargerThanTheLimitIsAnError(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		endless := roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(spaces{})}, nil
		})
		_, err := readAll(t.Context(), testClient(endless))
		if errText(err) != "page 1: protocol: HTTP 200: the answer is too large: more than 16777216 bytes" {
			t.Error(err)
		}
		c := testClient(listed([]string{"a"}))
		c.maxBody = 50
		_, err = readAll(t.Context(), c)
		if errText(err) != "page 1: protocol: HTTP 200: the answer is too large: more than 50 bytes" {
			t.Error(err)
		}
		c = testClient(status(503))
		c.maxBody, c.target.RetryFor = 1, 0
		if _, err := readAll(t.Context(), c); err.Kind != Unavailable {
			t.Error(err)
		}
	})
}

// spaces is a body without an end.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
