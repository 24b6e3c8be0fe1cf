// Package network is how requests go out: which authorities vouch for a server, which
// certificate the program shows it, and through which proxy. Variables of the environment
// such as HTTPS_PROXY are ignored: a proxy that is set for other programs must not see API
// keys by accident.
//
// Begin with [Settings] and [New]. The files are
//
//	network.go  the settings, and the transport that follows them
//	files.go    certificates and keys from files
//	explain.go  errors of TLS and of proxies, with what to do about them
package network

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"importarchive/secret"
)

// Settings are comparable: requests with equal ones share connections. The zero value
// stands for the system's authorities, no certificate and no proxy.
type Settings struct {
	CA        File // the authorities, in place of the system's
	Cert, Key File // shown to a server that asks for it; both or neither
	Proxy     Proxy
}

// File is a file that the settings name.
type File struct {
	Path string
	Name string // in messages: key and spelling, such as `ca_file "/etc/ca.pem"`
}

// Proxy is the address of a proxy; the zero value is none.
type Proxy struct{ address secret.Secret }

// NewProxy returns the proxy at an address.
func NewProxy(u *url.URL) Proxy { return Proxy{secret.New(u.String())} }

func (p Proxy) url() *url.URL {
	u, err := url.Parse(p.address.Reveal())
	if err != nil || p == (Proxy{}) {
		return &url.URL{} // the error is unreachable: it was a URL
	}
	return u
}

// String returns the part of the address that is no secret.
func (p Proxy) String() string {
	u := p.url()
	return u.Scheme + "://" + u.Host
}

// Host returns the name or the address of the proxy's machine.
func (p Proxy) Host() string { return p.url().Hostname() }

// Secret reports whether the address has a password.
func (p Proxy) Secret() bool { _, has := p.url().User.Password(); return has }

// Credentials returns "user:password" of the address.
func (p Proxy) Credentials() secret.Secret {
	user := p.url().User
	password, _ := user.Password()
	return secret.New(user.Username() + ":" + password)
}

// Transport sends requests by its settings. It reads the files anew for each request, as
// the program does with keys, so that a renewed certificate needs no restart.
type Transport struct {
	settings Settings
	now      func() time.Time
	hide     secret.Hider

	mu      sync.Mutex
	files   files           // what current was made of
	current *http.Transport // nil: there was no request yet
}

// New returns a transport. now tells whether a certificate has expired.
func New(s Settings, now func() time.Time) *Transport {
	t := &Transport{settings: s, now: now}
	if s.Proxy.Secret() {
		c := s.Proxy.Credentials()
		t.hide = secret.Hiding(c).InErrors(c.Password())
	}
	return t
}

// RoundTrip implements [http.RoundTripper]. An error that another try would not mend is
// an [*Error].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	inner, err := t.ready(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := inner.RoundTrip(req)
	if err != nil {
		if cause := context.Cause(req.Context()); cause != nil && t.settings.Proxy != (Proxy{}) {
			return nil, fmt.Errorf("%w through the proxy %s", cause, t.settings.Proxy) // it may be the one that does not answer
		}
		return nil, t.hidden(t.explain(err))
	}
	// To a plain http:// address the proxy answers itself, in place of the server.
	if t.settings.Proxy != (Proxy{}) && resp.StatusCode == http.StatusProxyAuthRequired {
		_ = resp.Body.Close()
		return nil, t.refused(resp.StatusCode)
	}
	return resp, nil
}

// hidden removes the proxy's password from an error.
func (t *Transport) hidden(err error) error {
	if own := (*Error)(nil); errors.As(err, &own) {
		return &Error{own.Kind, t.hide.Error(own.Err)}
	}
	return t.hide.Error(err)
}

// CloseIdleConnections closes the connections that no request uses.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil {
		t.current.CloseIdleConnections()
	}
}

// settling is how long a certificate and its key may take to be replaced one after the
// other.
const settling = time.Second

// ready returns the transport for a request.
func (t *Transport) ready(ctx context.Context) (*http.Transport, error) {
	inner, before, err := t.load()
	if err == nil || !before {
		return inner, err
	}
	wait := time.NewTimer(settling)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-wait.C:
	}
	inner, _, err = t.load()
	return inner, err
}

// load reads the files, and makes a new transport if one has changed. before reports
// whether they were usable before.
func (t *Transport) load() (inner *http.Transport, before bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before = t.current != nil
	now, err := t.settings.read()
	if err != nil {
		return nil, before, err
	}
	if !before || now != t.files {
		made, err := t.make(now)
		if err != nil {
			return nil, before, err
		}
		if before {
			t.current.CloseIdleConnections()
		}
		t.current, t.files = made, now
	}
	return t.current, before, nil
}

// make makes a transport like the one of package http.
func (t *Transport) make(f files) (*http.Transport, error) {
	config, err := t.settings.tls(f, t.now())
	if err != nil {
		return nil, err
	}
	like, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("package http has another transport") // unreachable
	}
	made := like.Clone()
	made.TLSClientConfig = config
	// Many clusters share one host: with the default of two idle connections per host,
	// most would open a new connection for each page.
	made.MaxIdleConnsPerHost = made.MaxIdleConns
	made.Proxy = nil
	if t.settings.Proxy != (Proxy{}) {
		made.Proxy = http.ProxyURL(t.settings.Proxy.url())
		made.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode != http.StatusOK {
				return t.refused(resp.StatusCode)
			}
			return nil
		}
	}
	return made, nil
}

// Check reads the files as a request would.
func (s Settings) Check(now time.Time) error {
	f, err := s.read()
	if err == nil {
		_, err = s.tls(f, now)
	}
	return err
}

// Shared has one transport for each of several settings.
type Shared struct {
	Now func() time.Time
	all map[Settings]*Transport
}

// For returns the transport of these settings.
func (p *Shared) For(s Settings) *Transport {
	if p.all == nil {
		p.all = map[Settings]*Transport{}
	}
	if p.all[s] == nil {
		p.all[s] = New(s, p.Now)
	}
	return p.all[s]
}
