package remote

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnErrorIsOneLineThatSaysItAll(t *testing.T) {
	for _, story := range []struct {
		err  Error
		want string
	}{
		{
			Error{Kind: Auth, Page: 3, Status: 401, Code: "80001", Message: "Invalid token.", RequestID: "abc", Tries: 1},
			"page 3: auth: HTTP 401, code 80001: Invalid token. (request id abc)",
		},
		{
			Error{Kind: RateLimited, Page: 1, Status: 429, Tries: 4, RetryAfter: time.Hour},
			"page 1: rate-limited: HTTP 429; the service asks to wait 1h0m0s; tried 4 times",
		},
		{
			Error{Kind: Unavailable, Page: 2, Tries: 2, Err: errors.New("broken\npipe\x1b[2J")},
			"page 2: unavailable: broken pipe[2J; tried 2 times",
		},
		{Error{Kind: Cancelled, Err: context.Canceled}, "cancelled: context canceled"},
		{Error{Kind: Protocol, Code: "7"}, "protocol: code 7"},
	} {
		if got := story.err.Error(); got != story.want {
			t.Errorf("\n got %q\nwant %q", got, story.want)
		}
	}
}

func TestForeignWordsAreMadeFitForALine(t *testing.T) {
	for _, story := range []struct{ words, want string }{
		{"  one\r\n\ttwo  three ", "one two three"},
		{"red \x1b[31malert\x07", "red [31malert"},
		{"right\u202eto left\u200b\ufeff", "rightto left"},
		{"任务不存在\u3000请检查", "任务不存在 请检查"},
		{"bad \xff byte", `bad \xff byte`},
		{"another program's \ufffd", "another program's \ufffd"},
		{"no\x00thing", "nothing"},
		{strings.Repeat("\xff", 301), strings.Repeat(`\xff`, 75) + "…"},
		{strings.Repeat("é", 300), strings.Repeat("é", 300)},
		{strings.Repeat("é", 301), strings.Repeat("é", 300) + "…"},
	} {
		if got := clean(story.words); got != story.want {
			t.Errorf("%q\n got %q\nwant %q", story.words, got, story.want)
		}
	}
}

func TestARetryAfterThatMakesNoSenseIsNone(t *testing.T) {
	for _, v := range []string{"", "0", "-1", "-1e300", "NaN", "-Inf", "soon", "Fri, 31 Dec 1999 23:59:59 GMT"} {
		got := RetryAfter(http.Header{"Retry-After": {v}}, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
		if got != 0 {
			t.Errorf("%q: %v", v, got)
		}
	}
}
