// Package queries holds the saved reports, one SQL file each, and below check/
// the archive's invariants. Every file runs unchanged in the plain sqlite3
// shell, where a parameter that nobody bound is NULL:
//
//	sqlite3 archive.db < queries/overview.sql
//
// A report begins with a header of comments:
//
//	-- Title
//	-- What it is for, in one line.
//	--
//	-- :days    7     how far back to look
//	-- :cluster       only this cluster
//
// Its first line is the title, its second says what for; a line that begins
// with a colon names a parameter, its default ("" for none) and its meaning,
// with two or more spaces in between.
package queries

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

//go:embed *.sql check/*.sql
var files embed.FS

// Query is one saved query.
type Query struct {
	Name       string // the file's, without .sql
	Title      string
	About      string
	Parameters []Parameter
	SQL        string
}

// Parameter is a named value that a query takes; unbound it is NULL.
type Parameter struct{ Name, Default, About string }

// Reports gives every saved report, by name.
func Reports() ([]Query, error) { return read(".") }

// Checks gives every invariant. Each is a query that finds no rows in an
// archive that is as it should be.
func Checks() ([]Query, error) { return read("check") }

// Report gives one saved report.
func Report(name string) (Query, error) {
	text, err := files.ReadFile(name + ".sql")
	if err != nil {
		return Query{}, fmt.Errorf("there is no report %q", name)
	}
	return parse(name, string(text)), nil
}

func read(dir string) ([]Query, error) {
	names, err := fs.Glob(files, path.Join(dir, "*.sql"))
	if err != nil {
		return nil, err
	}
	var all []Query
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, parse(strings.TrimSuffix(path.Base(name), ".sql"), string(text)))
	}
	return all, nil
}

var parameterLine = regexp.MustCompile(`^:(\w+) {2,}(?:(\S+) {2,})?(.+)$`)

func parse(name, text string) Query {
	q := Query{Name: name, SQL: text}
	for i, line := range strings.Split(text, "\n") {
		comment, ok := strings.CutPrefix(line, "--")
		if !ok {
			break
		}
		comment = strings.TrimSpace(comment)
		switch m := parameterLine.FindStringSubmatch(comment); {
		case i == 0:
			q.Title = comment
		case i == 1:
			q.About = comment
		case m != nil:
			q.Parameters = append(q.Parameters, Parameter{m[1], m[2], m[3]})
		}
	}
	return q
}
