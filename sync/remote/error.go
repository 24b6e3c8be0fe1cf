package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind says what sort of failure an [Error] is, and with it what can be done.
type Kind string

// The kinds of failure. Only rate-limited and unavailable ones are retried.
const (
	Auth        Kind = "auth"         // the key is wrong, or may not see this
	NotFound    Kind = "not-found"    // no such cluster, database, path or call
	RateLimited Kind = "rate-limited" // too many requests
	Unavailable Kind = "unavailable"  // no answer, half an answer, or "not now"
	Protocol    Kind = "protocol"     // an answer that is neither a result nor a known error
	Cancelled   Kind = "cancelled"    // the caller's context ended
	Settings    Kind = "settings"     // the request itself is wrong, or could not be made
	TLS         Kind = "tls"          // the service and the client don't accept each other's certificates
	Proxy       Kind = "proxy"        // the proxy refuses, or is none
	Suspended   Kind = "suspended"    // the cluster is switched off at the service
)

// Error is why a page, or the details of a job, could not be had. Nothing in it
// shows the API key.
type Error struct {
	Kind      Kind
	Page      int    // from 1; 0 for the details of a job
	Status    int    // of HTTP; 0 when there was no answer
	Code      string // in the body; "" when there was none
	Message   string // the service's words on one line, cut when long
	RequestID string // of the answer, for the vendor's support; "" when there was none
	Tries     int    // requests made for this page or job
	Clock     Clock  // by the answers to the requests for this page

	// RetryAfter is how long the service asked to wait; 0 when it didn't.
	RetryAfter time.Duration

	Err error // what we think is wrong; nil when the service's words say it
}

// Error is one line: which page, what kind, what the service said.
func (e *Error) Error() string {
	var parts []string
	if e.Page > 0 {
		parts = append(parts, fmt.Sprintf("page %d", e.Page))
	}
	parts = append(parts, string(e.Kind))
	var answer []string
	if e.Status != 0 {
		answer = append(answer, fmt.Sprintf("HTTP %d", e.Status))
	}
	if e.Code != "" {
		answer = append(answer, "code "+e.Code)
	}
	if answer != nil {
		parts = append(parts, strings.Join(answer, ", "))
	}
	if e.Err != nil {
		parts = append(parts, clean(e.Err.Error()))
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	text := strings.Join(parts, ": ")
	if e.RequestID != "" {
		text += fmt.Sprintf(" (request id %s)", e.RequestID)
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf("; the service asks to wait %v", e.RetryAfter)
	}
	if e.Tries > 1 {
		text += fmt.Sprintf("; tried %d times", e.Tries)
	}
	return text
}

// Unwrap returns the cause. For a cancelled one errors.Is finds both
// ctx.Err() and context.Cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of a service's error; "" for another error, and for none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// contain turns a panic into an error that does not show the key. It is deferred.
func (c *Client) contain(key *Secret, failure **Error) {
	if p := recover(); p != nil {
		*failure = &Error{Kind: Protocol, Err: newHider(*key, c.target.Network.Proxy).Error(fmt.Errorf("panic: %v", p))}
	}
}

func (e *Error) retryable() bool {
	return e.Kind == RateLimited || e.Kind == Unavailable
}

// cancelled makes the error of a context that has ended.
func cancelled(ctx context.Context) *Error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if !errors.Is(cause, err) {
		err = fmt.Errorf("%w: %w", err, cause)
	} else {
		err = cause
	}
	return &Error{Kind: Cancelled, Err: err}
}

// statusKind is what an HTTP status means. It is also what a code from 400
// to 599 in a body means: gateways put their status there.
func statusKind(status int) Kind {
	switch status {
	case http.StatusBadRequest:
		return Settings
	case http.StatusUnauthorized, http.StatusForbidden:
		return Auth
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return NotFound
	case http.StatusTooManyRequests:
		return RateLimited
	case http.StatusRequestTimeout:
		return Unavailable
	}
	if status >= 500 && status <= 599 {
		return Unavailable
	}
	return Protocol
}

// maxMessage keeps an HTML page that a proxy sends out of the logs.
const maxMessage = 300

// clean makes foreign words fit for a line of a log or a terminal: one line,
// nothing that a terminal would obey (control and format characters, so also
// those that turn the direction of writing), cut when long. Bytes that are not
// UTF-8 stay visible.
func clean(s string) string {
	var b strings.Builder
	runes, space := 0, false
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		shown := s[:n]
		s = s[n:]
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case r == utf8.RuneError && n == 1:
			shown = fmt.Sprintf(`\x%02x`, shown[0])
		case !unicode.IsPrint(r):
			continue
		}
		if runes >= maxMessage {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			runes++
			space = false
		}
		b.WriteString(shown)
		runes += utf8.RuneCountInString(shown)
	}
	return b.String()
}
