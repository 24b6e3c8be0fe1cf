package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"importarchive/secret"
	"importarchive/sync/remote"
)

// failure is why a request failed. Its text shows of the address only scheme and
// host.
type failure struct {
	text    string
	refused bool          // another attempt gets the same answer, unless a setting changes
	after   time.Duration // the receiver wants a wait as long as this
}

// timeout is how long one request may take.
const timeout = 10 * time.Second

// errTooSlow is the cause of a context that ended after the timeout.
var errTooSlow = fmt.Errorf("no answer within %v", timeout)

// do makes a request; nil says that the receiver accepted it. It follows no
// redirect: one to another host would get the secrets, and most turn a POST into
// a GET without a body.
func (n *Notifier) do(req *http.Request, secrets []secret.Secret) *failure {
	ctx, cancel := context.WithTimeoutCause(req.Context(), timeout, errTooSlow)
	defer cancel()
	req.Header.Set("User-Agent", "importarchive")
	client := &http.Client{
		Transport:     n.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) { // package network names the proxy
			err = cause
		}
		if inURL := (*url.Error)(nil); errors.As(err, &inURL) {
			err = inURL.Err
		}
		return &failure{text: place(req.URL) + ": " + secret.Hiding(secrets...).Text(err.Error())}
	}
	// The body is read so that the connection can be used again, and dropped because
	// it may echo a secret.
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
		f.after = remote.RetryAfter(resp.Header, now)
	default:
		f.refused = true
	}
	return f
}

// place returns the part of an address that is no secret.
func place(u *url.URL) string { return u.Scheme + "://" + u.Host }

// secretsOf returns the secret parts of an address, in the spellings that an error
// may contain.
func secretsOf(u *url.URL) (all []secret.Secret) {
	password, _ := u.User.Password()
	for _, part := range []string{
		u.String(), u.RequestURI(), u.EscapedPath(), u.Path, u.RawQuery, password, u.User.Username() + ":" + password,
	} {
		all = append(all, secret.New(part))
	}
	return all
}
