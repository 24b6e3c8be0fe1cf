// Package rowset holds the result of a report in memory, with names for its columns.
package rowset

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"importarchive/queries"
	"importarchive/report"
)

// Set is the result of a report in memory. Its columns have names, so a
// report may gain columns or change their order.
type Set struct {
	queries.Query
	Names   []string
	Rows    [][]any
	Address string // of the report's own page; "" on a page that stands alone
	Room    int    // rows that a table shows; 0: as many as most tables do
}

// Read runs a saved query and keeps its first rows (most 0: all of them), without
// those to skip.
func Read(ctx context.Context, reader report.Reader, q queries.Query, values map[string]any, skip, most int) (Set, error) {
	t, err := report.Saved(ctx, reader, q, values)
	if err != nil {
		return Set{}, err
	}
	g := Set{Query: q, Names: t.Columns}
	for row, err := range t.Rows {
		if err != nil {
			return Set{}, fmt.Errorf("reading %s: %w", q.Name, err)
		}
		if skip > 0 {
			skip--
			continue
		}
		if g.Rows = append(g.Rows, slices.Clone(row)); len(g.Rows) == most {
			break
		}
	}
	return g, nil
}

// Needs returns an error if the report lacks one of these columns.
func (g *Set) Needs(names ...string) error {
	for _, name := range names {
		if !slices.Contains(g.Names, name) {
			return fmt.Errorf("%s gives no column %s", g.Name, name)
		}
	}
	return nil
}

// Value returns the value of a row in a column.
func (g *Set) Value(row []any, name string) any { return row[slices.Index(g.Names, name)] }

// Text is [Set.Value] as text.
func (g *Set) Text(row []any, name string) string { return report.Spell(g.Value(row, name)) }

// Number returns a number; false for NULL.
func (g *Set) Number(row []any, name string) (float64, bool) {
	switch v := g.Value(row, name).(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// Numbers returns all numbers in these columns of these rows.
func (g *Set) Numbers(rows [][]any, names ...string) (values []float64) {
	for _, row := range rows {
		for _, name := range names {
			if v, ok := g.Number(row, name); ok {
				values = append(values, v)
			}
		}
	}
	return values
}

// Bounds returns the range between two columns of seconds for people.
func (g *Set) Bounds(row []any, least, most string) string {
	known := func(name string) *float64 {
		n, ok := g.Number(row, name)
		if !ok {
			return nil
		}
		return &n
	}
	return cmp.Or(report.Bounds(known(least), known(most)), "unknown")
}

// Count is [Set.Number] of a column of whole numbers; 0 for NULL.
func (g *Set) Count(row []any, name string) int64 {
	n, _ := g.Number(row, name)
	return int64(n)
}

// Sum adds up a column.
func (g *Set) Sum(name string) (total int64) {
	for _, row := range g.Rows {
		total += g.Count(row, name)
	}
	return total
}

// Time returns a time; false for NULL and for a text that is no time.
func (g *Set) Time(row []any, name string) (time.Time, bool) {
	t, err := time.Parse(queries.TimeFormat, g.Text(row, name))
	return t, err == nil
}

// First returns the set with only its first rows.
func (g *Set) First(most int) Set {
	short := *g
	short.Rows = g.Rows[:min(most, len(g.Rows))]
	return short
}

// Pick returns the set with these of its columns, in this order.
func (g *Set) Pick(names ...string) Set {
	picked := *g
	picked.Names, picked.Rows, picked.Query.Columns = names, make([][]any, len(g.Rows)), nil
	for _, name := range names {
		i := slices.Index(g.Names, name)
		if len(g.Query.Columns) == len(g.Names) {
			picked.Query.Columns = append(picked.Query.Columns, g.Query.Columns[i])
		}
		for r, row := range g.Rows {
			picked.Rows[r] = append(picked.Rows[r], row[i])
		}
	}
	return picked
}

// Knows reports whether any row has a value in this column.
func (g *Set) Knows(name string) bool {
	return slices.ContainsFunc(g.Rows, func(row []any) bool { return g.Value(row, name) != nil })
}

// ByCluster returns the rows of a result that has one a cluster.
func (g *Set) ByCluster() map[string][]any {
	rows := map[string][]any{}
	for _, row := range g.Rows {
		rows[g.Text(row, "cluster")] = row
	}
	return rows
}
