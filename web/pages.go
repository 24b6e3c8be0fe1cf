package web

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"importarchive/page"
)

// plain serves a page whose address has no parameters.
func (s *site) plain(w http.ResponseWriter, r *http.Request, write func(page.Site, context.Context, io.Writer) error) {
	if _, ok := s.pageParameters(w, r); ok {
		s.page(w, r, http.StatusOK, write)
	}
}

func (s *site) collection(w http.ResponseWriter, r *http.Request) {
	given, ok := s.pageParameters(w, r, "cluster", "collection")
	switch {
	case !ok:
	case given["collection"] == "" || given["cluster"] == "":
		s.notice(w, http.StatusBadRequest, "Which collection?", "Its name and its cluster are needed: "+page.CollectionAddress+"?cluster=…&collection=…")
	default:
		s.page(w, r, http.StatusOK, func(p page.Site, ctx context.Context, b io.Writer) error {
			return p.Collection(ctx, b, given["cluster"], given["collection"])
		})
	}
}

func (s *site) job(w http.ResponseWriter, r *http.Request) {
	given, ok := s.pageParameters(w, r, "cluster", "job")
	switch {
	case !ok:
	case strings.TrimSpace(given["job"]) == "":
		s.notice(w, http.StatusBadRequest, "Which job?", "Its id is needed: "+page.JobAddress+"?job=…")
	default:
		s.page(w, r, http.StatusOK, func(p page.Site, ctx context.Context, b io.Writer) error {
			return p.Job(ctx, b, given["cluster"], given["job"])
		})
	}
}

// parameters reads the query of an address, which may have these parameters, each
// once. An empty value is an empty field of a form, and counts as none.
func (s *site) parameters(w http.ResponseWriter, r *http.Request, names ...string) (map[string]string, bool) {
	wrong := func(format string, args ...any) (map[string]string, bool) {
		s.notice(w, http.StatusBadRequest, badRequest, fmt.Sprintf(format, args...))
		return nil, false
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return wrong("The address has a query that can't be read.")
	}
	given := map[string]string{}
	for name, values := range query {
		switch {
		case !slices.Contains(names, name):
			return wrong("There is no parameter %q here.", name)
		case len(values) > 1:
			return wrong("There is more than one %s.", name)
		case values[0] != "":
			given[name] = values[0]
		}
	}
	return given, true
}

const refresh = "refresh" // the parameter by which a page refreshes itself

// pageParameters is parameters for a page, which may be asked to refresh itself
// after so many seconds. The header Refresh makes a browser do so without a
// script, also after a page that says that the server is busy.
func (s *site) pageParameters(w http.ResponseWriter, r *http.Request, names ...string) (map[string]string, bool) {
	given, ok := s.parameters(w, r, append(slices.Clone(names), refresh)...)
	if !ok || given[refresh] == "" {
		return given, ok
	}
	const least, most = 10, 24 * 60 * 60
	seconds, err := strconv.Atoi(given[refresh])
	if err != nil || seconds < least || seconds > most {
		s.notice(w, http.StatusBadRequest, badRequest, fmt.Sprintf("refresh is a number of seconds from %d to %d.", least, most))
		return nil, false
	}
	delete(given, refresh)
	w.Header().Set("Refresh", strconv.Itoa(seconds))
	return given, true
}

// self returns the address of a request without the wish to refresh itself.
func self(r *http.Request) string {
	address, query := r.URL.EscapedPath(), r.URL.Query()
	query.Del(refresh)
	for name, values := range query {
		if values[0] == "" {
			query.Del(name)
		}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// page makes a page from one state of the archive, and sends it once it is whole.
func (s *site) page(w http.ResponseWriter, r *http.Request, status int, write func(page.Site, context.Context, io.Writer) error) {
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.page)
	defer cancel()
	var b bytes.Buffer
	out := packed(w, r, &b)
	err := s.read(ctx, s.pages, func(p page.Site) error {
		p.Self, p.Refreshing = self(r), w.Header().Get("Refresh") != ""
		return errors.Join(write(p, ctx, out), out.Close())
	})
	if err != nil {
		w.Header().Del("Content-Encoding")
	}
	switch {
	case errors.Is(err, page.ErrNotFound):
		s.notice(w, http.StatusNotFound, "Not in the archive",
			"The archive has nothing of that name: it was never seen, or it was pruned. A search for a job also looks for ids and collections that begin with its text.")
	case err != nil:
		s.failed(w, r, err)
	default:
		send(w, status, b.Bytes())
	}
}

func send(w http.ResponseWriter, status int, html []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(html)))
	w.WriteHeader(status)
	_, _ = w.Write(html) // an error means that the client has left
}

// badRequest is the title of the page for an address with wrong parameters.
const badRequest = "This can't be shown"

// errBusy is the error of a request that waited too long for its turn.
var errBusy = errors.New("too many pages are being made")

// read passes one state of the archive to f. The semaphore limits how many do so at
// a time. A file, too, waits no longer than the limit of a page: the client gets
// nothing while it waits.
func (s *site) read(ctx context.Context, semaphore chan struct{}, f func(page.Site) error) (err error) {
	turn, cancel := context.WithTimeout(ctx, s.limits.page)
	defer cancel()
	select {
	case semaphore <- struct{}{}:
		defer func() { <-semaphore }()
	case <-turn.Done():
		return errors.Join(errBusy, turn.Err())
	}
	tx, err := s.Archive.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // fails if the context has ended, which rolls back too
	return f(page.Site{Reader: tx, Now: s.Now(), Title: s.Title, Off: s.Off, Synced: s.Synced})
}

// failed sends the page that explains an error.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	var many tooManyRows
	switch {
	case errors.As(err, &many):
		s.notice(w, http.StatusBadRequest, badRequest, many.Error())
	case r.Context().Err() != nil: // the client has left
		w.WriteHeader(http.StatusServiceUnavailable)
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "5")
		s.notice(w, http.StatusServiceUnavailable, "Too busy", "Too many pages are being made at the same time. Try again in some seconds.")
	case errors.Is(err, context.DeadlineExceeded) || interrupted(err):
		s.notice(w, http.StatusServiceUnavailable, "It took too long", "The query was stopped, so that it doesn't delay others. Use more filters, or the command line.")
	default:
		s.Log.Error().Err(err).Str("path", r.URL.Path).Msg("a page can't be made")
		s.notice(w, http.StatusInternalServerError, "It can't be shown", "The archive can't be read now; the log has more.")
	}
}

// interrupted recognizes the errors of a query that ran out of time: SQLite has its
// own code for that.
func interrupted(err error) bool {
	var coded interface{ Code() int }
	const sqliteInterrupt = 9
	return errors.As(err, &coded) && coded.Code()&0xff == sqliteInterrupt || errors.Is(err, sql.ErrTxDone)
}

// notice sends a page with a title and a text.
func (s *site) notice(w http.ResponseWriter, status int, title, text string) {
	var b bytes.Buffer
	if err := (page.Site{Now: s.Now()}).Notice(&b, title, text); err != nil {
		s.Log.Error().Err(err).Msg("a page can't be made")
		http.Error(w, title+": "+text, status)
		return
	}
	send(w, status, b.Bytes())
}
