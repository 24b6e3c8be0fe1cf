package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

// fileSuffix makes of a report's address that of its rows as a file.
const fileSuffix = ".csv"

// fileAddress is where all rows of a report are that was asked for like this.
func fileAddress(q *queries.Query, text map[string]string) string {
	given := url.Values{}
	for name, value := range text {
		given.Set(name, value)
	}
	for _, p := range q.Parameters {
		if p.Name == "limit" && text["limit"] == "" {
			given.Set("limit", "0")
		}
	}
	address := page.AddressOf(q.Name) + fileSuffix
	if len(given) > 0 {
		address += "?" + given.Encode()
	}
	return address
}

// file streams the rows of a report as CSV: the same as the command gives.
func (s *site) file(w http.ResponseWriter, r *http.Request, q *queries.Query) {
	text, ok := s.parameters(w, r, names(q)...)
	if !ok {
		return
	}
	req := &page.Request{Query: q, Given: text}
	status, err := s.values(r.Context(), req)
	switch {
	case err != nil:
		s.failed(w, r, err)
		return
	case req.Wrong != nil:
		s.notice(w, status, "This can't be asked", req.Wrong.Error())
		return
	case req.Values == nil:
		s.notice(w, http.StatusBadRequest, "This can't be asked", "A parameter is needed; the report's page has the form.")
		return
	}
	out := &stream{ResponseWriter: w, control: http.NewResponseController(w), stalled: s.limits.stalled}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s%s"`, q.Name, fileSuffix))
	if r.Method == http.MethodHead {
		return
	}
	if err := s.stream(r.Context(), out, req); err != nil {
		s.cut(out, r, err)
	}
}

func (s *site) stream(ctx context.Context, out *stream, req *page.Request) error {
	ctx, cancel := context.WithTimeout(ctx, s.limits.download)
	defer cancel()
	csv, _ := report.Formats().Named("csv")
	return s.read(ctx, s.files, func(p page.Site) error {
		t, err := report.Saved(ctx, p.Reader, *req.Query, maps.Clone(req.Values))
		if err != nil {
			return err
		}
		return csv.Write(out, t, report.Options{})
	})
}

// cut ends a file that is not whole. Where nothing of it was sent it can still
// be said why; else the connection is broken off, which clients notice.
func (s *site) cut(out *stream, r *http.Request, err error) {
	if !out.begun {
		out.Header().Del("Content-Disposition")
		s.failed(out.ResponseWriter, r, err)
		return
	}
	if r.Context().Err() == nil && out.failed == nil {
		s.Log.Warn().Err(err).Str("path", r.URL.Path).Msg("a download was cut off")
	}
	panic(http.ErrAbortHandler)
}

// stream is an answer of any length. The client has to keep taking it.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
	stalled time.Duration
	begun   bool
	failed  error // what was wrong with the connection
}

func (o *stream) Write(b []byte) (int, error) {
	o.begun = true
	// A connection's deadline is of the machine's clock. Writers that are none
	// know no deadline.
	_ = o.control.SetWriteDeadline(time.Now().Add(o.stalled))
	n, err := o.ResponseWriter.Write(b)
	if err != nil {
		o.failed = err
	}
	return n, err
}
