package sqlite_test

import "testing"

// Readers by JDBC and ODBC take the type of a column from its declaration. Without
// one they guess it from the first row, or take all for text.
func TestEveryColumnOfAViewHasAType(t *testing.T) {
	untyped := show(t, open(t).Reader, `SELECT v.name || '.' || c.name, c.type
		FROM sqlite_schema AS v, pragma_table_info(v.name) AS c
		WHERE v.type = 'view' AND v.name NOT LIKE 'archive_%' AND c.type NOT IN ('TEXT', 'INTEGER', 'INT', 'REAL')`)
	if untyped != "" {
		t.Errorf("without a type:\n%s", untyped)
	}
}
