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

	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

// plain serves a page whose address has no parameters.
func (s *site) plain(w http.ResponseWriter, r *http.Request, write func(page.Site, context.Context, io.Writer) error) {
	if _, ok := s.parameters(w, r); ok {
		s.page(w, r, http.StatusOK, write)
	}
}

func (s *site) job(w http.ResponseWriter, r *http.Request) {
	given, ok := s.parameters(w, r, "cluster", "job")
	switch {
	case !ok:
	case given["job"] == "":
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

// page makes a page from one state of the archive, and sends it once it is whole.
func (s *site) page(w http.ResponseWriter, r *http.Request, status int, write func(page.Site, context.Context, io.Writer) error) {
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.page)
	defer cancel()
	var b bytes.Buffer
	err := s.read(ctx, s.pages, func(p page.Site) error { return write(p, ctx, &b) })
	switch {
	case errors.Is(err, page.ErrNotFound):
		s.notice(w, http.StatusNotFound, "Not in the archive", "The archive has nothing of that name: it was never seen, or it was pruned.")
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
	return f(page.Site{Reader: tx, Now: s.Now(), Title: s.Title, Off: s.Off})
}

// failed sends the page that explains an error.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
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

// answer sends the page of a report.
func (s *site) answer(w http.ResponseWriter, r *http.Request, q *queries.Query, address string) {
	text, ok := s.parameters(w, r, names(q)...)
	if !ok {
		return
	}
	req := &page.Request{Query: q, Address: address, Given: text, CSV: fileAddress(q, text)}
	status, err := s.values(r.Context(), req)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.page(w, r, status, func(p page.Site, ctx context.Context, b io.Writer) error { return p.Result(ctx, b, req) })
}

func names(q *queries.Query) []string {
	var all []string
	for _, p := range q.Parameters {
		all = append(all, p.Name)
	}
	return all
}

// values sets req.Values, or req.Wrong if the parameters have wrong values, and
// returns the HTTP status. It sets neither if the form is empty and something is
// required.
func (s *site) values(ctx context.Context, req *page.Request) (status int, err error) {
	given := report.Given{Parameters: req.Query.Parameters, Text: req.Given, Spell: func(parameter string) string { return parameter }}
	if missing := given.Missing(); missing != nil {
		if len(req.Given) == 0 {
			return http.StatusOK, nil
		}
		req.Wrong = given.Wrong(missing[0], "is needed")
		return http.StatusBadRequest, nil
	}
	values, wrong := given.Values(s.Now())
	if wrong != nil {
		req.Wrong = wrong
		return http.StatusBadRequest, nil
	}
	for _, must := range []struct {
		parameter, exists string
		status            int
	}{
		{"cluster", `SELECT EXISTS (SELECT 1 FROM clusters WHERE name = :cluster)`, http.StatusBadRequest},
		{"job", `SELECT EXISTS (SELECT 1 FROM jobs WHERE job_id = :job AND (:cluster IS NULL OR cluster = :cluster))`, http.StatusNotFound},
	} {
		if values[must.parameter] == nil {
			continue
		}
		there, err := s.exists(ctx, must.exists, values)
		if err != nil {
			return 0, err
		}
		if !there {
			req.Wrong = given.Wrong(must.parameter, "%q is not in the archive", values[must.parameter])
			return must.status, nil
		}
	}
	req.Values = values
	return http.StatusOK, nil
}

func (s *site) exists(ctx context.Context, query string, values map[string]any) (there bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.limits.page)
	defer cancel()
	err = s.Archive.QueryRowContext(ctx, query, sql.Named("cluster", values["cluster"]), sql.Named("job", values["job"])).Scan(&there)
	return there, err
}
