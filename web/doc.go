// Package web serves the archive over HTTP: read-only pages for people, made by
// package page from the saved queries, and the handlers for health and metrics
// that its caller passes in.
//
// A request passes through these steps. Every response has headers that forbid the
// page everything that it doesn't need. Then the server refuses any method but GET
// and HEAD, an unknown Host header (another site's name may point to this machine),
// and a client without the credentials of the settings. Only then does it read the
// path. A path never names a file: pages come from queries, and two assets from the
// binary.
//
// A page is one consistent state of the archive, read in one transaction that
// blocks no writer. It is sent whole, or not at all. A file of rows is streamed, and
// the connection is cut if an error occurs on the way. Every query has a time
// limit, and ends when its client leaves.
//
// Begin with [Site] in site.go, which also has the routes. The other files are
//
//	access.go    who may read, and under which names of the server
//	serve.go     the HTTP server and its limits
//	pages.go     pages
//	report.go    the page of a report, and the values of its parameters
//	file.go      reports as files for spreadsheets
//	gzip.go      what is compressed for clients that ask for it
//	profiles.go  profiles for `go tool pprof`
//
// The package knows neither clusters nor the settings file. It doesn't serve HTTPS:
// that is the task of a reverse proxy.
package web
