package export

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"importarchive/queries"
	"importarchive/report"
)

// ManifestFile is the name of the manifest in the directory of an export.
const ManifestFile = "manifest.json"

// manifestVersion moves on when a member of the manifest gets another meaning.
// Members may be added without.
const manifestVersion = 1

// Manifest says what an export has written. It is written last: a file whose
// sha256 it has is whole, and of the same moment as the others.
type Manifest struct {
	FormatVersion int             `json:"format_version"`
	WrittenAt     string          `json:"written_at"` // times are spelled as in the archive, in UTC
	Version       string          `json:"version"`    // of the program
	Archive       ManifestArchive `json:"archive"`
	Format        string          `json:"format"`
	Files         []ManifestEntry `json:"files"`
	Next          Cursors         `json:"next"`

	// Earlier are the files of the export before that are still in the
	// directory, and not part of this one. Nothing is ever deleted there.
	Earlier []string `json:"-"`
}

// ManifestArchive is the archive that was read.
type ManifestArchive struct {
	SchemaVersion int64   `json:"schema_version"`
	NewestAt      *string `json:"newest_at"` // the newest time in it; null when it is empty
}

// ManifestEntry is one file.
type ManifestEntry struct {
	Name        string           `json:"name"` // the dataset's
	Kind        string           `json:"kind"` // view or report
	File        string           `json:"file"`
	Rows        *int64           `json:"rows"` // null for a page that is more than a table
	Bytes       int64            `json:"bytes"`
	SHA256      string           `json:"sha256"`
	Columns     []ManifestColumn `json:"columns"`
	TimeRange   *TimeRange       `json:"time_range"`  // null where no row has a time
	Incremental *Cursors         `json:"incremental"` // what this file begins after; null for all there is
}

// ManifestColumn is one column of a file.
type ManifestColumn struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // text, integer, real, time or day
	Nullable bool   `json:"nullable"`
	About    string `json:"about"`
}

// TimeRange is the least and the greatest value of a column, as written: of the
// one that says when a row changed, or else of the first that has times.
type TimeRange struct {
	Column string `json:"column"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// Cursors are what an incremental export begins after.
type Cursors struct {
	SinceID      *int64  `json:"since_id"`
	ChangedSince *string `json:"changed_since"`
}

// Write writes the manifest's one object.
func (m *Manifest) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(m)
}

// snapshot is the moment of the archive that an export shows.
type snapshot struct {
	schema         int64
	newest         sql.NullInt64 // milliseconds, as what follows
	openSince      sql.NullInt64 // when the earliest run that is still open began
	lastTransition int64
}

// readSnapshot settles which moment is shown: a transaction of SQLite begins
// with its first reading.
func readSnapshot(ctx context.Context, conn *sql.Conn) (s snapshot, err error) {
	err = conn.QueryRowContext(ctx, `SELECT
		(SELECT user_version FROM pragma_user_version),
		(SELECT max(newest_ms) FROM archive_clusters),
		(SELECT min(started_ms) FROM archive_runs WHERE finished_at IS NULL),
		(SELECT coalesce(max(id), 0) FROM archive_transitions)`).
		Scan(&s.schema, &s.newest, &s.openSince, &s.lastTransition)
	if err != nil {
		err = fmt.Errorf("looking up how far the archive is: %w", err)
	}
	return s, err
}

// lookBack is how far before the moment of an export the next one begins, at
// least. A run asks for jobs for up to a minute after it was closed.
const lookBack = 2 * time.Minute

// next gives the cursors of an export that is to miss nothing.
//
// Transitions are numbered inside the one writer's transactions, so who has
// number n has all before it. Rows have the time at which their page was
// received, and are committed some time later: by a run that is open in this
// snapshot, so their time is not before that run began, or by a later run,
// whose time is not before now, nor before the newest time of its cluster. Of
// the newest millisecond itself more may come, while a clock that was set back
// is held there: views give what changed at the cursor or later. What a service
// tells of one job, and how many were asked for, is stored after the run was
// closed, with the time at which it came: see lookBack. A row may so come twice,
// but none is left out.
func (s *snapshot) next(now time.Time) Cursors {
	c := Cursors{SinceID: &s.lastTransition}
	if !s.newest.Valid {
		return c
	}
	since := min(s.newest.Int64, now.Add(-lookBack).UnixMilli())
	if s.openSince.Valid {
		since = min(since, s.openSince.Int64)
	}
	c.ChangedSince = spelled(since)
	return c
}

func (s *snapshot) archive() ManifestArchive {
	a := ManifestArchive{SchemaVersion: s.schema}
	if s.newest.Valid {
		a.NewestAt = spelled(s.newest.Int64)
	}
	return a
}

func spelled(ms int64) *string {
	text := queries.SpellTime(time.UnixMilli(ms))
	return &text
}

// describe gives the columns of a table as the manifest has them.
func describe(t *report.Table) []ManifestColumn {
	columns := make([]ManifestColumn, len(t.Columns))
	for i, name := range t.Columns {
		columns[i] = ManifestColumn{Name: name, Nullable: true}
		if t.Described != nil {
			c := t.Described[i]
			columns[i] = ManifestColumn{c.Name, string(c.Type), c.Nullable, c.About}
		}
	}
	return columns
}

// widen takes one more value into the range. Times of the archive compare as
// text.
func (r *TimeRange) widen(v any) {
	text, ok := v.(string)
	switch {
	case !ok:
		return
	case r.From == "":
		r.From, r.To = text, text
	default:
		r.From, r.To = min(r.From, text), max(r.To, text)
	}
}
