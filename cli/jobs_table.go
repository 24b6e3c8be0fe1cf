package cli

import (
	"database/sql"
	"fmt"
	"slices"
	"time"

	"importarchive/report"
)

// jobsForPeople makes few columns of many.
func jobsForPeople(t *report.Table) *report.Table {
	at := func(name string) int { return slices.Index(t.Columns, name) }
	cluster, id, collection, state, outcome := at("cluster"), at("job_id"), at("collection"), at("state"), at("outcome")
	progress, seen, least, most := at("progress"), at("first_seen_at"), at("min_seconds"), at("max_seconds")
	imported, total := at("imported_rows"), at("total_rows")
	columns := []string{"cluster", "job_id", "collection", "state", "first_seen_at", "took", "rows"}
	return eachRow(t, columns, func(row []any) []any {
		return []any{
			row[cluster], row[id], row[collection], stateForPeople(row[state], row[outcome], row[progress]),
			toSecond(row[seen]), report.Bounds(float(row[least]), float(row[most])),
			rowsCell(row[imported], row[total]),
		}
	})
}

// jobsAsOfForPeople does so with jobs as they were. How long they took is not
// known of then; when they came to the state that they were in is.
func jobsAsOfForPeople(t *report.Table) *report.Table {
	at := func(name string) int { return slices.Index(t.Columns, name) }
	cluster, id, collection, state, outcome := at("cluster"), at("job_id"), at("collection"), at("state"), at("outcome")
	seen, since := at("first_seen_at"), at("last_state_at")
	columns := []string{"cluster", "job_id", "collection", "state", "first_seen_at", "last_state_at"}
	return eachRow(t, columns, func(row []any) []any {
		return []any{
			row[cluster], row[id], row[collection], stateForPeople(row[state], row[outcome], nil),
			toSecond(row[seen]), toSecond(row[since]),
		}
	})
}

func eachRow(t *report.Table, columns []string, make func([]any) []any) *report.Table {
	return &report.Table{Columns: columns, Rows: func(yield func([]any, error) bool) {
		for row, err := range t.Rows {
			if err == nil {
				row = make(row)
			}
			if !yield(row, err) {
				return
			}
		}
	}}
}

// stateForPeople is what has become of a job, in one cell.
func stateForPeople(state, outcome, progress any) any {
	switch {
	case outcome == "lost":
		return outcome
	case outcome == "open" && progress != nil:
		return fmt.Sprintf("%v %v%%", state, progress)
	}
	return state
}

// rowsCell is a number where there is nothing else to say.
func rowsCell(imported, total any) any {
	if imported == total || total == nil {
		return imported
	}
	whole := func(v any) (n sql.NullInt64) {
		n.Int64, n.Valid = v.(int64)
		return n
	}
	return rowsForPeople(whole(imported), whole(total))
}

// toSecond cuts a time of the archive. It still compares as it should.
func toSecond(v any) any {
	if s, ok := v.(string); ok && len(s) > len(time.DateTime) {
		return s[:len(time.DateTime)]
	}
	return v
}

func float(v any) *float64 {
	switch v := v.(type) {
	case float64:
		return &v
	case int64:
		f := float64(v)
		return &f
	}
	return nil
}
