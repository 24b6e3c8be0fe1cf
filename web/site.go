package web

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

// Site has all that the server serves. Its fields do not change later.
type Site struct {
	Archive *sql.DB // read-only connections
	Now     func() time.Time
	Title   string   // of the archive
	Off     []string // clusters that are switched off in the settings
	Synced  []string // the clusters of the settings; nil: not known
	Access  Access
	Log     zerolog.Logger

	// Further pages; nil: there is no such page. Healthz needs no credentials,
	// so it may only say whether all is well. Names, times and reasons are for
	// clients with credentials: see [Access.MayKnow].
	Healthz, Readyz, Metrics http.Handler
	Profiles                 http.Handler // from the function Profiles

	Workbook report.Format // of the files for spreadsheets; without a name: there are none

	limits limits
}

// limits keep clients, and pages that are open in a hundred tabs, from using up what
// the syncs need. A zero value means the default; only tests set others.
type limits struct {
	page     time.Duration // for one page, including the wait for its turn
	download time.Duration // for one file of rows, whose transaction keeps the write-ahead log from shrinking
	stalled  time.Duration // in which the client must read something
	readers  int           // pages at the same time, and half as many files
}

func (l limits) orDefaults() limits {
	for into, or := range map[*time.Duration]time.Duration{
		&l.page: 10 * time.Second, &l.download: 15 * time.Minute, &l.stalled: 30 * time.Second,
	} {
		if *into == 0 {
			*into = or
		}
	}
	if l.readers == 0 {
		l.readers = 4
	}
	return l
}

// site is a Site that serves.
type site struct {
	Site
	reports map[string]*queries.Query
	pages   chan struct{} // a semaphore for pages
	files   chan struct{} // a semaphore for files: they take long, and pages must not wait for them

	mu         sync.Mutex
	complained time.Time // when it last logged that the credentials can't be read
}

// Handler returns the handler of all requests.
func (s Site) Handler() (http.Handler, error) {
	s.limits = s.limits.orDefaults()
	running := &site{
		Site: s, reports: map[string]*queries.Query{},
		pages: make(chan struct{}, s.limits.readers), files: make(chan struct{}, max(1, s.limits.readers/2)),
	}
	all := queries.Reports()
	for i := range all {
		running.reports[all[i].Name] = &all[i]
	}
	jobs := queries.Jobs()
	running.reports[jobs.Name] = &jobs
	return running, nil
}

// policy forbids a page everything that it doesn't need. The browser then sends no
// request to another host, and runs no script from the data, even if one got into
// the markup.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// ServeHTTP implements [http.Handler].
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	defer s.recovered(w, r)
	if s.refused(w, r) {
		return
	}
	s.route(w, r)
}

// recovered keeps a panic of one request from ending the service.
func (s *site) recovered(w http.ResponseWriter, r *http.Request) {
	p := recover()
	switch {
	case p == nil:
	case p == http.ErrAbortHandler:
		panic(p) // cuts the connection, so that the client notices that the file is not whole
	default:
		w.Header().Del("Content-Encoding")
		s.Log.Error().Str("path", r.URL.Path).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("a page panicked")
		http.Error(w, "something went wrong; the log has more", http.StatusInternalServerError)
	}
}

// route serves a path.
func (s *site) route(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	switch path {
	case "/healthz":
		w.Header().Set("Connection", "close") // a health check must not occupy a connection
		s.given(w, r, s.Healthz)
	case "/readyz":
		s.given(w, r, s.Readyz)
	case "/metrics":
		s.given(w, r, s.Metrics)
	case page.StyleAddress, page.ScriptAddress:
		s.asset(w, r, path)
	case page.OverviewAddress:
		s.plain(w, r, page.Site.Overview)
	case page.RunsAddress:
		s.answer(w, r, s.reports["runs"], path)
	case page.GapsAddress:
		s.answer(w, r, s.reports["gaps"], path)
	case page.ReportsAddress:
		s.plain(w, r, func(p page.Site, _ context.Context, b io.Writer) error { return p.Reports(b) })
	case page.JobsAddress:
		s.answer(w, r, s.reports["jobs"], path)
	case page.JobAddress:
		s.job(w, r)
	case page.CollectionAddress:
		s.collection(w, r)
	default:
		s.named(w, r, path)
	}
}

// named serves paths that end in a name.
func (s *site) named(w http.ResponseWriter, r *http.Request, path string) {
	if strings.HasPrefix(path, profilesAddress) {
		s.given(w, r, s.Profiles)
		return
	}
	if name, ok := after(path, page.ClusterAddress); ok {
		s.plain(w, r, func(p page.Site, ctx context.Context, b io.Writer) error { return p.Cluster(ctx, b, name) })
		return
	}
	if name, ok := after(path, page.ReportsAddress+"/"); ok {
		if q := s.reports[name]; q != nil {
			s.answer(w, r, q, page.AddressOf(name))
			return
		}
		if q, f, isFile := s.fileOf(name); isFile {
			s.file(w, r, q, f)
			return
		}
		s.notice(w, http.StatusNotFound, "No such report", "The list of reports has all of them.")
		return
	}
	s.notice(w, http.StatusNotFound, "No such page", "There is nothing at this address.")
}

// after returns the one name that follows a prefix, unescaped.
func after(path, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok || rest == "" || strings.Contains(rest, "/") {
		return "", false
	}
	name, err := url.PathUnescape(rest)
	return name, err == nil
}

func (s *site) given(w http.ResponseWriter, r *http.Request, h http.Handler) {
	if h == nil {
		s.notice(w, http.StatusNotFound, "No such page", "There is nothing at this address.")
		return
	}
	h.ServeHTTP(w, r)
}

func (s *site) asset(w http.ResponseWriter, r *http.Request, address string) {
	text, tag, kind := page.Asset(address)
	h := w.Header()
	h.Set("Cache-Control", "no-cache") // the browser may store it, and revalidates it by its tag
	h.Set("ETag", `W/"`+tag+`"`)       // weak, because it is the same for the compressed one
	h.Set("Content-Type", kind)
	if strings.Contains(r.Header.Get("If-None-Match"), `"`+tag+`"`) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	out := packed(w, r, w)
	_, _ = io.WriteString(out, text)
	_ = out.Close() // an error means that the client has left
}
