package web

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"importarchive/page"
	"importarchive/queries"
	"importarchive/report"
)

// answer sends the page of a report.
func (s *site) answer(w http.ResponseWriter, r *http.Request, q *queries.Query, address string) {
	text, ok := s.pageParameters(w, r, append(names(q), skip)...)
	if !ok {
		return
	}
	rows := 0
	if typed := text[skip]; typed != "" {
		var err error
		if rows, err = strconv.Atoi(typed); err != nil || rows < 0 || rows > page.MostSkipped {
			s.notice(w, http.StatusBadRequest, badRequest, fmt.Sprintf("skip is a number of rows up to %d: filters, or a file of all rows, lead further.", page.MostSkipped))
			return
		}
		delete(text, skip)
	}
	req := &page.Request{Query: q, Address: address, Given: text, Skip: rows, At: addressAt(address, text), Files: s.fileLinks(q, text)}
	status, err := s.values(r.Context(), req)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.page(w, r, status, func(p page.Site, ctx context.Context, b io.Writer) error { return p.Result(ctx, b, req) })
}

const skip = "skip" // the parameter by which a page leaves out the first rows of a report

// addressAt returns the address of a report's page with other rows.
func addressAt(address string, text map[string]string) func(rows int) string {
	return func(rows int) string {
		given := url.Values{}
		for name, value := range text {
			given.Set(name, value)
		}
		if rows > 0 {
			given.Set(skip, strconv.Itoa(rows))
		}
		if len(given) == 0 {
			return address
		}
		return address + "?" + given.Encode()
	}
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
