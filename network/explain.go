package network

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Error is why a request can't go out, and what to do. Another try would not mend it.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Kind says where the mistake is.
type Kind int

// The kinds of an [Error].
const (
	BadFile Kind = iota // a file of the settings can't be used
	TLS                 // the two sides do not accept each other's certificates, or one speaks no TLS
	Refused             // the proxy refuses, or is none
)

// explain turns the errors of package http that no other try would mend into an
// [*Error], and names the proxy in all others.
func (t *Transport) explain(err error) error {
	if own := (*Error)(nil); errors.As(err, &own) {
		return own
	}
	op := (*net.OpError)(nil)
	_ = errors.As(err, &op)
	proxy := t.settings.Proxy
	switch {
	case proxy == (Proxy{}):
		return t.explainTLS(err, "the server", "base_url")
	case op != nil && op.Op == "proxyconnect": // before any byte of the request
		if explained := t.explainTLS(err, "the proxy "+proxy.String(), "proxy"); explained != err {
			return explained
		}
		return fmt.Errorf("the proxy %s can't be reached: %w", proxy, op.Err)
	case op != nil && strings.HasPrefix(op.Op, "socks"):
		return t.explainSocks(op)
	case strings.Contains(err.Error(), "malformed HTTP "): // package http has no type for it
		return t.noProxy("HTTP")
	}
	if explained := t.explainTLS(err, "the server", "base_url"); explained != err {
		return explained
	}
	if away := (*awayError)(nil); errors.As(err, &away) { // it names the proxy
		return away
	}
	return fmt.Errorf("through the proxy %s: %w", proxy, err)
}

// awayError is a proxy's answer that it can't connect now.
type awayError struct{ text string }

func (e *awayError) Error() string { return e.text }

// explainTLS explains errors of TLS with one side, whose address a key of the settings
// has. It returns other errors as they are.
func (t *Transport) explainTLS(err error, side, key string) error {
	var (
		verify    *tls.CertificateVerificationError
		unknown   x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		otherName x509.HostnameError
		noTLS     tls.RecordHeaderError
		op        *net.OpError
	)
	text := func(format string, args ...any) error { return &Error{TLS, fmt.Errorf(format, args...)} }
	switch {
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		return text("%s speaks no TLS on this port: correct %s, perhaps it is http:// there", side, key)
	case errors.As(err, &unknown):
		if t.settings.CA.Path != "" {
			return text("%s has a certificate that no authority in %s vouches for (%w)", side, t.settings.CA.Name, unknown)
		}
		return text("%s has a certificate of an authority that this machine does not know: set ca_file to a PEM file with the authority's certificate (%w)", side, unknown)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return text("%s has a certificate out of its time: it needs a new one, or this machine's clock is wrong (%w)", side, invalid)
	case errors.As(err, &otherName):
		return text("%s has a certificate for another name: correct %s (%w)", side, key, otherName)
	case errors.As(err, &verify):
		return text("%s has a certificate that can't be trusted: compare it with ca_file (%w)", side, verify.Err)
	case strings.Contains(err.Error(), "protocol version not supported"), // the server's alert
		strings.Contains(err.Error(), "unsupported protocol version"): // or it chose an old one
		return text("%s speaks only an old TLS, and the program TLS 1.2 or later: allow that there (%w)", side, err)
	case errors.As(err, &op) && op.Op == "remote error" && isAboutUs(op.Err.Error()):
		if t.settings.Cert.Path != "" {
			return text("%s refuses the certificate in %s (%w)", side, t.settings.Cert.Name, op.Err)
		}
		return text("%s refuses the connection: it may want a certificate of this program, in cert_file and key_file (%w)", side, op.Err)
	}
	return err
}

// isAboutUs reports whether a server's alert refuses this program's side of TLS for good.
// Package tls has no type for alerts. A server that misses a certificate says
// "certificate required" in TLS 1.3, and "bad certificate" or "handshake failure" before.
func isAboutUs(alert string) bool {
	for _, words := range []string{"certificate", "handshake failure", "access denied", "unrecognized name", "insufficient security"} {
		if strings.Contains(alert, words) {
			return true
		}
	}
	return false
}

// explainSocks explains errors of package http's SOCKS client, which has no types for them.
func (t *Transport) explainSocks(op *net.OpError) error {
	text := op.Err.Error()
	switch {
	case strings.Contains(text, "unexpected protocol version"):
		return t.noProxy("SOCKS 5")
	case strings.Contains(text, "authentication"), strings.Contains(text, "username"):
		return t.refused(http.StatusProxyAuthRequired)
	case strings.Contains(text, "not allowed"):
		return &Error{Refused, fmt.Errorf("the proxy %s refuses connections to %v: allow them there, or set another proxy", t.settings.Proxy, op.Addr)}
	}
	return fmt.Errorf("the proxy %s can't connect to %v: %w", t.settings.Proxy, op.Addr, op.Err)
}

func (t *Transport) noProxy(protocol string) error {
	return &Error{Refused, fmt.Errorf("what is at %s does not speak %s: correct proxy, http://, https:// or socks5://", t.settings.Proxy, protocol)}
}

// opened judges a proxy's answer to CONNECT. A gateway that wants a login first, as in a
// guest network, answers with a page of its own, which is no connection.
func (t *Transport) opened(resp *http.Response) error {
	switch {
	case resp.StatusCode != http.StatusOK:
		return t.refused(resp.StatusCode)
	case resp.ContentLength > 0, strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"):
		return &Error{Refused, fmt.Errorf("the proxy %s answers with a page of its own in place of a connection: perhaps it wants a login in a browser, or is no proxy", t.settings.Proxy)}
	}
	return nil
}

// refused is what a proxy's status other than 200 means.
func (t *Transport) refused(status int) error {
	proxy := t.settings.Proxy
	switch {
	case status == http.StatusProxyAuthRequired && proxy.Secret():
		return &Error{Refused, fmt.Errorf("the proxy %s refuses the user or the password: correct them in proxy", proxy)}
	case status == http.StatusProxyAuthRequired:
		return &Error{Refused, fmt.Errorf(`the proxy %s wants a user and a password: write proxy = "%s://user:${PROXY_PASSWORD}@%s"`, proxy, proxy.url().Scheme, proxy.url().Host)}
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return &awayError{fmt.Sprintf("the proxy %s can't connect to the server: it answers %d %s", proxy, status, http.StatusText(status))}
	}
	return &Error{Refused, fmt.Errorf("the proxy %s refuses the connection with %d %s: allow the server's address there, or set another proxy", proxy, status, http.StatusText(status))}
}
