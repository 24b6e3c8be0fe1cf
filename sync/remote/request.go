package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"importarchive/network"
	"importarchive/sync/remote/answer"
)

// request builds the request for a call.
func (c *Client) request(ctx context.Context, key Secret, call call) (*http.Request, error) {
	u := c.base.JoinPath(call.path)
	u.RawQuery = call.query
	req, err := http.NewRequestWithContext(ctx, call.method, u.String(), bytes.NewReader(call.body))
	if err != nil {
		return nil, err
	}
	// The vendor's sample sends a Content-Type with its bodiless GET too.
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "importarchive")
	if call.database != "" {
		req.Header.Set("DB-Name", call.database)
	}
	if key.Reveal() != "" {
		req.Header.Set("Authorization", "Bearer "+key.Reveal())
	}
	return req, nil
}

// refusedRedirect is a redirect that the client does not follow.
type refusedRedirect struct{ why string }

func (e *refusedRedirect) Error() string { return e.why }

// checkRedirect follows redirects within one host and scheme only, because the
// receiver of a request gets the key. (net/http would take the key along to
// subdomains and from https to http of the same host.)
func checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := via[0].URL, req.URL
	switch {
	case to.Scheme != from.Scheme || address(to) != address(from):
		return &refusedRedirect{fmt.Sprintf("redirect to %s://%s refused: it leads to another address, which would get the key", to.Scheme, to.Host)}
	case len(via) > 3:
		return &refusedRedirect{"more than 3 redirects"}
	}
	return nil
}

// address returns host and port, also if the URL has no port.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) + ":" + port
}

// broken returns why there is no whole answer. ctx is that of the request.
func broken(ctx context.Context, err error, hide hider) *Error {
	var (
		redirect *refusedRedirect
		slow     tooSlow
		inURL    *url.Error
		refused  *network.Error
	)
	switch cause := context.Cause(ctx); {
	case errors.Is(err, answer.ErrTooMuch):
		return &Error{Kind: Protocol, Err: err}
	case errors.As(err, &redirect):
		return &Error{Kind: Protocol, Err: hide.Error(redirect)}
	case errors.As(cause, &slow):
		if errors.Is(err, slow) && errors.As(err, &inURL) { // package network names the proxy
			return &Error{Kind: Unavailable, Err: hide.Error(inURL.Err)}
		}
		return &Error{Kind: Unavailable, Err: slow}
	case cause != nil:
		return cancelled(ctx)
	case errors.As(err, &refused):
		kind := map[network.Kind]Kind{network.BadFile: Settings, network.TLS: TLS, network.Refused: Proxy}[refused.Kind]
		return &Error{Kind: kind, Err: hide.Error(refused)}
	}
	// The settings already have all that the URL says.
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	return &Error{Kind: Unavailable, Err: hide.Error(err)}
}
