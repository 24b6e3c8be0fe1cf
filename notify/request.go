package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// failure is why a request was not taken. Its text has nothing of the address
// but scheme and host.
type failure struct {
	text    string
	refused bool          // trying again won't help, unless somebody changes something
	after   time.Duration // the receiver asked us to wait so long
}

// timeout is how long one request may take.
const timeout = 10 * time.Second

// errTooSlow is the cause of a context that ended for that.
var errTooSlow = fmt.Errorf("no answer within %v", timeout)

// do makes a request; nil says that it was taken. No redirect is followed:
// one to another host would hand it what is secret, and most turn a POST into
// a GET without a body.
func (n *Notifier) do(req *http.Request, secrets []string) *failure {
	ctx, cancel := context.WithTimeoutCause(req.Context(), timeout, errTooSlow)
	defer cancel()
	req.Header.Set("User-Agent", "importarchive")
	client := &http.Client{
		Transport:     n.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		if inURL := (*url.Error)(nil); errors.As(err, &inURL) {
			err = inURL.Err
		}
		return &failure{text: place(req.URL) + ": " + hide(err.Error(), secrets)}
	}
	// Read, so that the connection can be used again; a body says nothing that
	// is needed, and may echo what is secret.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
	return judge(req.URL, resp, n.Now())
}

func judge(u *url.URL, resp *http.Response, now time.Time) *failure {
	code := resp.StatusCode
	f := &failure{text: fmt.Sprintf("%s: answered %d %s", place(u), code, http.StatusText(code))}
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		f.text += ": redirects are not followed, put the final address into the settings"
		f.refused = true
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		f.after = retryAfter(resp.Header, now)
	default:
		f.refused = true
	}
	return f
}

// retryAfter reads the header of that name, seconds or a date; 0 when there is
// none that makes sense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(0, seconds), int(longestWait.Seconds()))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

// place is what may be shown of an address.
func place(u *url.URL) string { return u.Scheme + "://" + u.Host }

// secretsOf gives what may not be shown of an address, in the spellings that
// an error may have it in.
func secretsOf(u *url.URL) []string {
	password, _ := u.User.Password()
	return []string{u.String(), u.RequestURI(), u.EscapedPath(), u.Path, u.RawQuery, password}
}

// hide takes what is secret out of a text. What is very short is in words that
// have nothing to do with it, and is no secret.
func hide(text string, secrets []string) string {
	for _, s := range secrets {
		if len(s) > 3 {
			text = strings.ReplaceAll(text, s, "[hidden]")
		}
	}
	return text
}
