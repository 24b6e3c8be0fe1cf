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

// fileSuffix turns a report's address into that of its file.
const fileSuffix = ".csv"

// fileAddress is the address of the file with all rows of a report, with the same
// parameters.
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

// file streams the rows of a report as CSV, as the command report prints it.
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
		s.notice(w, status, badRequest, req.Wrong.Error())
		return
	case req.Values == nil:
		s.notice(w, http.StatusBadRequest, badRequest, "A parameter is needed; the report's page has the form.")
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

// cut ends a file that is not whole. If nothing has been sent, it sends the page
// that explains the error. Else it cuts the connection, which clients notice.
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

// stream is a response of any length. It fails when the client stops reading.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
	stalled time.Duration
	begun   bool
	failed  error // of the connection
}

func (o *stream) Write(b []byte) (int, error) {
	o.begun = true
	// A connection's deadline is by the machine's clock. It fails for a writer that
	// is no connection, as in tests.
	_ = o.control.SetWriteDeadline(time.Now().Add(o.stalled))
	n, err := o.ResponseWriter.Write(b)
	if err != nil {
		o.failed = err
	}
	return n, err
}
