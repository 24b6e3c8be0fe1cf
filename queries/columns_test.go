package queries_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"importarchive/queries"
	"importarchive/report"
)

// fits says how a value differs from what its header promises; "" if it doesn't.
func fits(c queries.Column, v any) string {
	shape := map[queries.Type]string{queries.Time: `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$`, queries.Day: `^\d{4}-\d\d-\d\d$`, queries.Text: `(?s).`}
	ok := false
	switch v := v.(type) {
	case nil:
		ok = c.Nullable
	case int64:
		ok = c.Type == queries.Integer || c.Type == queries.Real
	case float64:
		ok = c.Type == queries.Real
	case string:
		ok = shape[c.Type] != "" && regexp.MustCompile(shape[c.Type]).MatchString(v)
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("%s is %#v, not %s", c.Name, v, c.Type)
}

func TestValuesAreWhatTheHeadersPromise(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	for _, q := range everyQuery(t) {
		for _, given := range combinations(t, q) {
			table, err := report.Saved(t.Context(), reader, q, given)
			if err != nil {
				t.Fatalf("%s with %v: %v", q.Name, given, err)
			}
			for row, err := range table.Rows {
				if err != nil {
					t.Fatalf("%s with %v: %v", q.Name, given, err)
				}
				for i, v := range row {
					if wrong := fits(q.Columns[i], v); wrong != "" {
						t.Errorf("%s with %v: %s", q.Name, given, wrong)
					}
				}
			}
		}
	}
}

// A migration may add a column to a view. The export has to have it too.
func TestExportsOfViewsHaveAllTheirColumns(t *testing.T) {
	t.Parallel()
	reader := openReader(t, longAgo(t))
	views := queries.Views()
	var names []string
	for _, q := range views {
		names = append(names, q.Name)
		table, err := report.Query(t.Context(), reader, "SELECT * FROM "+q.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		described := []string{}
		for _, c := range q.Columns {
			described = append(described, c.Name)
		}
		if !slices.Equal(table.Columns, described) {
			t.Errorf("the view %s has %v, its export %v", q.Name, table.Columns, described)
		}
		for range table.Rows { //nolint:revive // reading all rows returns the connection
		}
	}
	var all int
	if err := reader.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE 'archive_%'`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	if all != len(views) {
		t.Errorf("the archive has %d views, exports give %v", all, names)
	}
}
