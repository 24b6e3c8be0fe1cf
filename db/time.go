package db

import (
	"database/sql"
	"time"

	"importarchive/queries"
)

// TimeFormat is how the archive spells a time.
const TimeFormat = queries.TimeFormat

// Later returns the later of two times.
func Later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// Millis converts a time to its stored form. time.Time itself never reaches the
// driver, which would store Go's String form, a text that no SQL function reads.
func Millis(t time.Time) int64 { return t.UnixMilli() }

// NullMillis stores the zero time as NULL: unknown.
func NullMillis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// FromMillis reads what Millis stored.
func FromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// IntoTime scans a column of milliseconds into a time, NULL as the zero time.
type IntoTime struct{ *time.Time }

// Scan implements [sql.Scanner].
func (t IntoTime) Scan(column any) error {
	var ms sql.NullInt64
	err := ms.Scan(column)
	if *t.Time = (time.Time{}); ms.Valid {
		*t.Time = FromMillis(ms.Int64)
	}
	return err
}

// NullText stores "" as NULL: the service did not send it.
func NullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
