package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

// fileFormat is a format in which the server gives all rows of a report. Its name
// ends the file's address.
type fileFormat struct {
	report.Format
	kind string // the content type
	word string // of the link
	most int    // rows; 0: any number
}

// workbookRows is how many rows a workbook from the server may have. Unlike CSV it
// can't be sent before its last row is read, and it takes a file in the folder for
// temporary ones meanwhile.
const workbookRows = 200_000

// fileFormats returns the formats, those for spreadsheets.
func (s *site) fileFormats() []fileFormat {
	csv, _ := report.Formats().Named("csv")
	all := []fileFormat{{csv, "text/csv; charset=utf-8; header=present", "CSV", 0}}
	if s.Workbook.Name != "" {
		all = append(all, fileFormat{s.Workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel workbook", workbookRows})
	}
	return all
}

// fileOf returns the report and the format that a file's name means.
func (s *site) fileOf(name string) (q *queries.Query, f fileFormat, found bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || s.reports[name[:dot]] == nil {
		return nil, f, false
	}
	formats := s.fileFormats()
	i := slices.IndexFunc(formats, func(f fileFormat) bool { return f.Name == name[dot+1:] })
	if i < 0 {
		return nil, f, false
	}
	return s.reports[name[:dot]], formats[i], true
}

// fileLinks returns links to the files with all rows of a report, with the same
// parameters.
func (s *site) fileLinks(q *queries.Query, text map[string]string) (links []page.File) {
	given := url.Values{}
	for name, value := range text {
		given.Set(name, value)
	}
	for _, p := range q.Parameters {
		if p.Name == "limit" && text["limit"] == "" {
			given.Set("limit", "0")
		}
	}
	for _, f := range s.fileFormats() {
		address := page.AddressOf(q.Name) + "." + f.Name
		if len(given) > 0 {
			address += "?" + given.Encode()
		}
		links = append(links, page.File{Href: address, Word: f.word})
	}
	return links
}

// file sends the rows of a report as a file for a spreadsheet.
func (s *site) file(w http.ResponseWriter, r *http.Request, q *queries.Query, f fileFormat) {
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
	h.Set("Content-Type", f.kind)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, q.Name, f.Name))
	if r.Method == http.MethodHead {
		return
	}
	if err := s.stream(r, out, req, f); err != nil {
		s.cut(out, r, err)
	}
}

func (s *site) stream(r *http.Request, out *stream, req *page.Request, f fileFormat) error {
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.download)
	defer cancel()
	return s.read(ctx, s.files, func(p page.Site) error {
		t, err := report.Saved(ctx, p.Reader, *req.Query, maps.Clone(req.Values))
		if err != nil {
			return err
		}
		whole := packed(out, r, out)
		if f.most > 0 {
			t.Rows = atMost(t, f.most)
			whole.asked = false // a workbook is compressed already
		}
		if err := f.Write(whole, t, report.Options{Spreadsheet: true, Title: req.Query.Title, About: req.Query.About}); err != nil {
			return err
		}
		return whole.Close()
	})
}

// tooManyRows is the error of a file that would have more rows than its format may.
type tooManyRows int

func (e tooManyRows) Error() string {
	return fmt.Sprintf("A workbook from here has at most %s rows. Use more filters, or take the CSV file.", report.Grouped(int64(e)))
}

// atMost returns the rows of a table, and an error instead of one too many.
func atMost(t *report.Table, most int) func(yield func([]any, error) bool) {
	rows := t.Rows
	return func(yield func([]any, error) bool) {
		n := 0
		for row, err := range rows {
			if n++; n > most && err == nil {
				err = tooManyRows(most)
			}
			if !yield(row, err) || n > most {
				return
			}
		}
	}
}

// cut ends a file that is not whole. If nothing has been sent, it sends the page
// that explains the error. Else it cuts the connection, which clients notice.
func (s *site) cut(out *stream, r *http.Request, err error) {
	if !out.begun {
		out.Header().Del("Content-Disposition")
		out.Header().Del("Content-Encoding")
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
