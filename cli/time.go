package cli

import (
	"time"

	"importarchive/queries"
)

// nullableTime returns a time for JSON: nil, which becomes null, for the zero time.
func nullableTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return nullable(queries.SpellTime(t))
}

// toSecond drops the milliseconds from a time of the archive. Other values stay
// as they are.
func toSecond(v any) any {
	if s, ok := v.(string); ok {
		return queries.ToSecond(s)
	}
	return v
}
