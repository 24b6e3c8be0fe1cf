package export

import (
	"errors"
	"fmt"
	"math"
	"time"

	"importarchive/queries"
	"importarchive/report"
)

// typedRows converts the values of rows to the types of their columns. Readers of
// a typed file rely on them, so a value of another type is an error and never
// rounded or respelled.
type typedRows struct {
	columns []queries.Column
	values  []any // of the current row
	row     int   // its number, from 1
}

// typed returns the typed rows of a table. Without a description of the table its
// columns have no type and take any value.
func typed(t *report.Table) *typedRows {
	columns := t.Described
	if columns == nil {
		for _, name := range t.Columns {
			columns = append(columns, queries.Column{Name: name, Nullable: true})
		}
	}
	return &typedRows{columns: columns, values: make([]any, len(columns))}
}

// next returns the values of the next row: nil, a string, an int64, a float64,
// or a time.Time for times and days. They are good until the next one.
func (r *typedRows) next(values []any) ([]any, error) {
	r.row++
	for i, v := range values {
		var err error
		if r.values[i], err = typedValue(r.columns[i], v); err != nil {
			return nil, r.wrong(i, err)
		}
	}
	return r.values, nil
}

// wrong adds the place in the table to an error.
func (r *typedRows) wrong(column int, err error) error {
	return fmt.Errorf("column %s of row %d: %w", r.columns[column].Name, r.row, err)
}

func typedValue(c queries.Column, v any) (any, error) {
	if n, ok := v.(int); ok {
		v = int64(n)
	}
	if v == nil {
		if !c.Nullable {
			return nil, errors.New("NULL, where a value is promised")
		}
		return nil, nil
	}
	switch c.Type {
	case "":
		return v, nil
	case queries.Text:
		if s, ok := v.(string); ok {
			return s, nil
		}
	case queries.Integer:
		if n, ok := v.(int64); ok {
			return n, nil
		}
	case queries.Real:
		switch n := v.(type) {
		case float64:
			return n, nil
		case int64: // SQLite computes with integers as long as it can
			if whole := float64(n); whole < math.MaxInt64 && int64(whole) == n {
				return whole, nil
			}
		}
	case queries.Time:
		if s, ok := v.(string); ok {
			return parseTime(queries.TimeFormat, s)
		}
	case queries.Day:
		if s, ok := v.(string); ok {
			return parseTime(time.DateOnly, s)
		}
	}
	return nil, fmt.Errorf("%s is no %s", quoted(v), c.Type)
}

// parseTime reads a time in UTC. time.Parse accepts several spellings of a time;
// the archive's is the one that Format gives back.
func parseTime(layout, s string) (time.Time, error) {
	t, err := time.Parse(layout, s)
	if err != nil || t.Format(layout) != s {
		return time.Time{}, fmt.Errorf("%s is not spelled like %s", quoted(s), layout)
	}
	return t, nil
}

// quoted returns a value for an error message, cut to a short length.
func quoted(v any) string {
	s, ok := v.(string)
	if !ok {
		return report.Spell(v)
	}
	return fmt.Sprintf("%.60q", s)
}
