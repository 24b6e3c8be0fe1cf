package page

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"importarchive/queries"
	"importarchive/report"
)

// rowSet is the result of a report in memory. Its columns have names, so a
// report may gain columns or change their order.
type rowSet struct {
	queries.Query
	columns []string
	rows    [][]any
	address string // of the report's own page; "" on a page that stands alone
	room    int    // rows that a table shows; 0: pageRows
}

// read runs a saved query and keeps its first rows (most 0: all of them).
func read(ctx context.Context, reader report.Reader, q queries.Query, values map[string]any, most int) (rowSet, error) {
	t, err := report.Saved(ctx, reader, q, values)
	if err != nil {
		return rowSet{}, err
	}
	g := rowSet{Query: q, columns: t.Columns}
	for row, err := range t.Rows {
		if err != nil {
			return rowSet{}, fmt.Errorf("reading %s: %w", q.Name, err)
		}
		if g.rows = append(g.rows, slices.Clone(row)); len(g.rows) == most {
			break
		}
	}
	return g, nil
}

// needs returns an error if the report lacks one of these columns.
func (g *rowSet) needs(names ...string) error {
	for _, name := range names {
		if !slices.Contains(g.columns, name) {
			return fmt.Errorf("%s gives no column %s", g.Name, name)
		}
	}
	return nil
}

func (g *rowSet) value(row []any, name string) any { return row[slices.Index(g.columns, name)] }

func (g *rowSet) text(row []any, name string) string { return report.Spell(g.value(row, name)) }

// number returns a number; false for NULL.
func (g *rowSet) number(row []any, name string) (float64, bool) {
	switch v := g.value(row, name).(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// numbers returns all numbers in these columns of these rows.
func (g *rowSet) numbers(rows [][]any, names ...string) (values []float64) {
	for _, row := range rows {
		for _, name := range names {
			if v, ok := g.number(row, name); ok {
				values = append(values, v)
			}
		}
	}
	return values
}

// bounds returns the range between two columns of seconds for people.
func (g *rowSet) bounds(row []any, least, most string) string {
	known := func(name string) *float64 {
		n, ok := g.number(row, name)
		if !ok {
			return nil
		}
		return &n
	}
	return cmp.Or(report.Bounds(known(least), known(most)), "unknown")
}

func (g *rowSet) count(row []any, name string) int64 {
	n, _ := g.number(row, name)
	return int64(n)
}

func (g *rowSet) sum(name string) (total int64) {
	for _, row := range g.rows {
		total += g.count(row, name)
	}
	return total
}

// time returns a time; false for NULL and for a text that is no time.
func (g *rowSet) time(row []any, name string) (time.Time, bool) {
	t, err := time.Parse(queries.TimeFormat, g.text(row, name))
	return t, err == nil
}

// first returns the set with only its first rows.
func (g *rowSet) first(most int) rowSet {
	short := *g
	short.rows = g.rows[:min(most, len(g.rows))]
	return short
}

// pick returns the set with these of its columns, in this order.
func (g *rowSet) pick(names ...string) rowSet {
	picked := *g
	picked.columns, picked.rows, picked.Query.Columns = names, make([][]any, len(g.rows)), nil
	for _, name := range names {
		i := slices.Index(g.columns, name)
		if len(g.Query.Columns) == len(g.columns) {
			picked.Query.Columns = append(picked.Query.Columns, g.Query.Columns[i])
		}
		for r, row := range g.rows {
			picked.rows[r] = append(picked.rows[r], row[i])
		}
	}
	return picked
}
