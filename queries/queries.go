// Package queries has all saved queries, one SQL file each: the reports, the public
// views in view/ as they are exported, and the archive's invariants in check/. It only
// embeds and parses the files; package report runs reports and views, and package
// sqlite runs the invariants.
//
// Every file runs unchanged in the sqlite3 shell, where an unset parameter is NULL:
//
//	sqlite3 -readonly archive.db < queries/overview.sql
//
// Reports read the public views, but for durations and throughput, which also read
// the private sums that they are made of. A report begins with a header
// of comments, from which its flags, help, column types and documentation are made:
//
//	-- Title
//	-- What it is for, in one line.
//	--
//	-- :days       7         how many days, today included
//	-- :cluster              only this cluster
//	-- :job        required  the job's id
//	--
//	-- cluster     text      the cluster
//	-- gone_at     time?     when its absence was confirmed
//
// The first line is the title, the second says what the report is for. A line that
// begins with a colon has the name of a parameter, its default (nothing for none,
// "required" if the report can't run without it) and its meaning. The other lines
// have the columns in the order of the SELECT: name, type, with a question mark if
// NULL is possible, and meaning. At least two spaces separate them.
//
// To add a report, write such a file, add its query plan to plans_test.go, and compare
// it with a computation from all rows, as truth_test.go does.
package queries

import (
	"embed"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"
)

//go:embed *.sql view/*.sql check/*.sql page/*.sql
var files embed.FS

// Query is one saved query.
type Query struct {
	Name       string // the file's, without .sql
	Title      string
	About      string
	Parameters []Parameter
	Columns    []Column
	SQL        string
}

// Parameter is a named value that a query takes; unbound it is NULL.
type Parameter struct {
	Name, Default, About string
	Required             bool
}

// Column is what a header says of a column.
type Column struct {
	Name     string
	Type     Type
	Nullable bool
	About    string
}

// Type is the type of a column. It says more than SQLite's own types.
type Type string

// The types of columns.
const (
	Text    Type = "text"
	Integer Type = "integer"
	Real    Type = "real"
	Time    Type = "time" // text as [TimeFormat] spells it, in UTC
	Day     Type = "day"  // text, YYYY-MM-DD
)

// TimeFormat is how every public view spells a time, in UTC. SQLite's date
// functions spell it the same, and the order of texts is the order of times.
const TimeFormat = "2006-01-02 15:04:05.000"

// SpellTime spells a time as the views do.
func SpellTime(t time.Time) string { return t.UTC().Format(TimeFormat) }

// ToSecond drops the milliseconds from a time that a view spells.
func ToSecond(at string) string { return at[:min(len(at), len(time.DateTime))] }

// Reports returns all saved reports, by name.
func Reports() []Query { return all("*.sql") }

// Views returns all public views as they are exported: with all rows, in a stable
// order, and with descriptions of their columns.
func Views() []Query { return all("view/*.sql") }

// Checks returns all invariants. Each is a query that returns no rows from a sound
// archive.
func Checks() []Query { return all("check/*.sql") }

// Jobs returns the query of the page of all jobs. It is no report, because the
// command jobs has more filters.
func Jobs() Query { return load("page/jobs.sql") }

// Report returns one saved report. The program knows its names: it panics for
// another one.
func Report(name string) Query { return load(name + ".sql") }

// View is the same for a public view.
func View(name string) Query { return load("view/" + name + ".sql") }

func all(pattern string) (all []Query) {
	names, _ := fs.Glob(files, pattern) // fails for a wrong pattern only
	for _, name := range names {
		all = append(all, load(name))
	}
	return all
}

func load(name string) Query {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return parse(strings.TrimSuffix(path.Base(name), ".sql"), string(text))
}

var (
	parameterLine = regexp.MustCompile(`^:(\w+) {2,}(?:(\S+) {2,})?(.+)$`)
	columnLine    = regexp.MustCompile(`^(\w+) {2,}(text|integer|real|time|day)(\??) {2,}(.+)$`)
)

func parse(name, text string) Query {
	q := Query{Name: name, SQL: text}
	for i, line := range strings.Split(text, "\n") {
		comment, ok := strings.CutPrefix(line, "--")
		if !ok {
			break
		}
		comment = strings.TrimSpace(comment)
		switch i {
		case 0:
			q.Title = comment
		case 1:
			q.About = comment
		default:
			q.describe(comment)
		}
	}
	return q
}

// describe parses a line of the header after the first two.
func (q *Query) describe(comment string) {
	if m := parameterLine.FindStringSubmatch(comment); m != nil {
		p := Parameter{Name: m[1], Default: m[2], About: m[3]}
		if p.Default == "required" {
			p.Default, p.Required = "", true
		}
		q.Parameters = append(q.Parameters, p)
	}
	if m := columnLine.FindStringSubmatch(comment); m != nil {
		q.Columns = append(q.Columns, Column{m[1], Type(m[2]), m[3] != "", m[4]})
	}
}
