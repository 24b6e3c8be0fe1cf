package web

import (
	"net/http"
	"net/http/pprof"
)

const profilesAddress = "/debug/pprof/"

// Profiles answer where the process spends its time and memory, as `go tool
// pprof` asks for it. They are for this machine alone: names of what is in
// memory are in them, and taking one costs time.
func Profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(profilesAddress, pprof.Index)
	mux.HandleFunc(profilesAddress+"profile", pprof.Profile)
	mux.HandleFunc(profilesAddress+"trace", pprof.Trace)
	return mux
}
