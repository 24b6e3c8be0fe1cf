package web

import (
	"net/http"
	"net/http/pprof"
)

const profilesAddress = "/debug/pprof/"

// Profiles serves profiles of the process's time and memory to `go tool pprof`. They
// are for clients on this machine only: they contain data from memory, and a profile
// costs time.
func Profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(profilesAddress, pprof.Index)
	mux.HandleFunc(profilesAddress+"profile", pprof.Profile)
	mux.HandleFunc(profilesAddress+"trace", pprof.Trace)
	return mux
}
