package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Access says which clients may read the pages, and which names the server has.
// Without a token and a user, every client may.
type Access struct {
	Listen string   // the address that the server listens at, as in the settings
	Hosts  []string // further names of this server, in lower case

	// The credentials. They are read at each use, so that they can be replaced.
	Token    func() (string, error) // nil: no token
	User     string
	Password func() (string, error) // nil: no user
}

// Loopback reports whether only this machine can reach an address to listen at.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	return LoopbackHost(host)
}

// LoopbackHost reports whether a host is this machine as only itself sees it.
func LoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// refused answers a request that is not allowed, and reports whether it did.
func (s *site) refused(w http.ResponseWriter, r *http.Request) bool {
	access := &s.Access
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD: nothing can be changed here", http.StatusMethodNotAllowed)
	case !access.hasName(r.Host):
		http.Error(w, "this server does not have that name: add it to hosts in [serve] of the settings", http.StatusMisdirectedRequest)
	case r.URL.EscapedPath() == "/healthz":
		return false
	default:
		return s.unauthorized(w, r, access)
	}
	return true
}

// hasName reports whether the Host header names this server. This stops DNS
// rebinding: another site can make its name point to this machine, but the browser
// then sends that name. An address can't be redirected, so it is accepted.
func (a *Access) hasName(hostport string) bool {
	host := strings.ToLower(hostOf(hostport))
	if LoopbackHost(host) || slices.Contains(a.Hosts, host) {
		return true
	}
	if Loopback(a.Listen) {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && host == strings.ToLower(hostOf(a.Listen))
}

// hostOf removes the port and the brackets.
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	if inner, ok := strings.CutPrefix(hostport, "["); ok {
		hostport = strings.TrimSuffix(inner, "]")
	}
	return strings.TrimSuffix(hostport, ".")
}

// MayKnow reports whether a request has the credentials, if any are set. It is for
// pages that every client may read, with details for some.
func (a *Access) MayKnow(r *http.Request) bool {
	allowed, _ := a.allows(r)
	return allowed
}

// unauthorized answers a request without valid credentials, and reports whether it
// did.
func (s *site) unauthorized(w http.ResponseWriter, r *http.Request, a *Access) bool {
	allowed, err := a.allows(r)
	switch {
	case allowed:
		return false
	case err != nil:
		s.complain(err)
		http.Error(w, "the credentials can't be checked now; the log has more", http.StatusServiceUnavailable)
		return true
	}
	if a.Password != nil {
		w.Header().Add("WWW-Authenticate", `Basic realm="importarchive", charset="UTF-8"`)
	}
	if a.Token != nil {
		w.Header().Add("WWW-Authenticate", `Bearer realm="importarchive"`)
	}
	http.Error(w, "authentication is required", http.StatusUnauthorized)
	return true
}

// allows compares the credentials of a request with those of the settings, in
// constant time.
func (a *Access) allows(r *http.Request) (bool, error) {
	if a.Token == nil && a.Password == nil {
		return true, nil
	}
	if user, password, ok := r.BasicAuth(); ok && a.Password != nil {
		want, err := a.Password()
		return err == nil && same(user, a.User)&same(password, want) == 1, err
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if a.Token != nil && strings.EqualFold(scheme, "Bearer") {
		want, err := a.Token()
		return err == nil && same(strings.TrimSpace(token), want) == 1, err
	}
	return false, nil
}

// same compares hashes, because constant time needs texts of equal length.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// complain logs that the credentials can't be read, at most once a minute: clients
// decide how often requests come.
func (s *site) complain(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if since := now.Sub(s.complained); !s.complained.IsZero() && since >= 0 && since < time.Minute {
		return
	}
	s.complained = now
	s.Log.Error().Err(err).Msg("requests are refused: the credentials of [serve] can't be read")
}
