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

// Access says who may ask, and by which names. Where there is neither a token
// nor a user, everybody may.
type Access struct {
	Listen string   // the address that is listened at, as the settings have it
	Hosts  []string // further names that this server may be asked by, in small letters

	// What is asked for, read at each use, so that it can be replaced.
	Token    func() (string, error) // nil: no token
	User     string
	Password func() (string, error) // nil: no user
}

// Loopback says whether only this machine can reach an address to listen at.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	return isLoopback(strings.ToLower(host))
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func (s *site) present() *Access {
	a := s.Access()
	return &a
}

// refused answers a request that nobody may make, and says so.
func (s *site) refused(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD: nothing can be changed here", http.StatusMethodNotAllowed)
	case !s.present().knows(r.Host):
		http.Error(w, "this server is not known by that name: put it into hosts in [serve] of the settings", http.StatusMisdirectedRequest)
	case r.URL.EscapedPath() == "/healthz":
		return false
	default:
		return s.unknown(w, r)
	}
	return true
}

// knows says whether the server may be asked by what stands in the Host
// header. A browser is led here by a name that somebody else owns when that
// name is made to point to this machine; then the name gives it away. An
// address can't be made to point anywhere.
func (a *Access) knows(hostport string) bool {
	host := strings.ToLower(hostOf(hostport))
	if isLoopback(host) || slices.Contains(a.Hosts, host) {
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

// hostOf takes the port and the brackets off.
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	if inner, ok := strings.CutPrefix(hostport, "["); ok {
		hostport = strings.TrimSuffix(inner, "]")
	}
	return strings.TrimSuffix(hostport, ".")
}

// MayKnow says whether a request brings what is asked for, if anything is. It
// is for what everybody is answered, and few are told the reason of.
func (a *Access) MayKnow(r *http.Request) bool {
	allowed, _ := a.allows(r)
	return allowed
}

// unknown answers a request by somebody who doesn't say who he is.
func (s *site) unknown(w http.ResponseWriter, r *http.Request) bool {
	a := s.present()
	allowed, err := a.allows(r)
	switch {
	case allowed:
		return false
	case err != nil:
		s.complain(err)
		http.Error(w, "who may ask can't be found out now; the log has more", http.StatusServiceUnavailable)
		return true
	}
	if a.Password != nil {
		w.Header().Add("WWW-Authenticate", `Basic realm="importarchive", charset="UTF-8"`)
	}
	if a.Token != nil {
		w.Header().Add("WWW-Authenticate", `Bearer realm="importarchive"`)
	}
	http.Error(w, "say who you are", http.StatusUnauthorized)
	return true
}

// allows compares what a request brings with what is asked for. How long that
// takes tells nothing about where they differ.
func (a *Access) allows(r *http.Request) (bool, error) {
	if a.Token == nil && a.Password == nil {
		return true, nil
	}
	if user, password, ok := r.BasicAuth(); ok && a.Password != nil {
		want, err := a.Password()
		return err == nil && same(user, a.User)&same(password, want) == 1, err
	}
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if a.Token != nil && strings.EqualFold(kind, "Bearer") {
		want, err := a.Token()
		return err == nil && same(strings.TrimSpace(token), want) == 1, err
	}
	return false, nil
}

// same compares sums, which are of one length.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// complain says that the access can't be read, once a minute: strangers decide
// how often it is needed.
func (s *site) complain(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if since := now.Sub(s.complained); !s.complained.IsZero() && since >= 0 && since < time.Minute {
		return
	}
	s.complained = now
	s.Log.Error().Err(err).Msg("nobody is let in: what [serve] asks for can't be read")
}
