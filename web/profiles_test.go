package web

import (
	"net/http"
	"testing"
)

func TestProfilesAreServedOnlyIfSwitchedOn(t *testing.T) {
	t.Parallel()
	a := tell(t)
	s := serveArchive(t, a, func(s *Site) { s.Profiles = Profiles() })
	s.shows(t, "/debug/pprof/", http.StatusOK, "goroutine", "heap")
	s.shows(t, "/debug/pprof/goroutine?debug=1", http.StatusOK, "goroutine profile:")
	s.shows(t, "/debug/pprof/nothing", http.StatusNotFound)
	s.shows(t, "/debug/pprof/cmdline", http.StatusNotFound)
	if w := s.get(t, "/debug/pprof/profile?seconds=1"); w.Code != http.StatusOK || w.Body.Len() == 0 {
		t.Errorf("a profile: %d, %d bytes", w.Code, w.Body.Len())
	}
	without := serveArchive(t, a, nil)
	without.shows(t, "/debug/pprof/", http.StatusNotFound, "There is nothing at this address")
	locked := serveArchive(t, a, func(s *Site) {
		s.Profiles, s.Access = Profiles(), Access{Token: secret("t0ken")}
	})
	locked.shows(t, "/debug/pprof/heap", http.StatusUnauthorized)
}
