package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"importarchive/db/details"
	"importarchive/db/store"
	"importarchive/queries"
	"importarchive/report"
)

// ManifestFile is the file name of the manifest.
const ManifestFile = "manifest.json"

// manifestVersion increases when a member of the manifest changes its meaning. A
// new member needs no new version.
const manifestVersion = 1

// Manifest describes the files of an export. It appears last: a file that has the
// checksum of the manifest is whole, and of the same moment as the others.
type Manifest struct {
	FormatVersion int             `json:"format_version"`
	WrittenAt     string          `json:"written_at"` // this and all times are spelled as in the archive, in UTC
	Version       string          `json:"version"`    // of the program
	Archive       ManifestArchive `json:"archive"`
	Format        string          `json:"format"`
	Files         []ManifestEntry `json:"files"`
	Next          Cursors         `json:"next"`

	// ForSpreadsheets: CSV with a byte order mark, and an apostrophe before texts
	// that a spreadsheet would alter. Other programs see both.
	ForSpreadsheets bool `json:"for_spreadsheets"`

	// Earlier are files of the previous export that still exist and are not part
	// of this one.
	Earlier []string `json:"-"`
}

// ManifestArchive describes the archive.
type ManifestArchive struct {
	SchemaVersion int64   `json:"schema_version"`
	NewestAt      *string `json:"newest_at"` // the newest time in it; null if it is empty
}

// ManifestEntry describes one file.
type ManifestEntry struct {
	Name        string           `json:"name"` // the dataset's
	Kind        string           `json:"kind"` // view or report
	File        string           `json:"file"`
	Rows        *int64           `json:"rows"` // null for a page that is more than a table
	Bytes       int64            `json:"bytes"`
	SHA256      string           `json:"sha256"`
	Columns     []ManifestColumn `json:"columns"`
	TimeRange   *TimeRange       `json:"time_range"`  // null if no row has a time
	Incremental *Cursors         `json:"incremental"` // where this file begins; null: it is whole
	Cut         Cuts             `json:"cut"`         // texts that are longer than the format can hold
}

// Cuts count the texts that a file has cut.
type Cuts []CutColumn

// CutColumn counts those of a column.
type CutColumn struct {
	Column string `json:"column"`
	Texts  int64  `json:"texts"`
}

// Add counts a text that was cut, as Cut of [report.Options].
func (c *Cuts) Add(column string) {
	i := slices.IndexFunc(*c, func(c CutColumn) bool { return c.Column == column })
	if i < 0 {
		i, *c = len(*c), append(*c, CutColumn{Column: column})
	}
	(*c)[i].Texts++
}

// Remarks say what was cut, a line for each column.
func (c Cuts) Remarks() (lines []string) {
	for _, of := range c {
		lines = append(lines, fmt.Sprintf("%s of column %s cut to the %s characters that a cell of Excel holds; %s have all",
			report.Counted(of.Texts, "text"), of.Column, report.Grouped(excelText), report.Unlimited))
	}
	return lines
}

// Remarks say what a person must know of the files beside what they hold.
func (m *Manifest) Remarks() (lines []string) {
	for i := range m.Files {
		for _, line := range m.Files[i].Cut.Remarks() {
			lines = append(lines, m.Files[i].File+": "+line)
		}
	}
	return lines
}

// ManifestColumn describes one column of a file.
type ManifestColumn struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // text, integer, real, time or day
	Nullable bool   `json:"nullable"`
	About    string `json:"about"`
}

// TimeRange has the least and the greatest value of a column: of the time at which
// rows changed, or else of the first column that has times.
type TimeRange struct {
	Column string `json:"column"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// Cursors say where an incremental export begins.
type Cursors struct {
	SinceID      *int64  `json:"since_id"`
	ChangedSince *string `json:"changed_since"`
}

// Write writes the manifest as a JSON object.
func (m *Manifest) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(m)
}

// lookBack is how far before the moment of an export the next one begins, at
// least, because a run stores answers about single jobs after it is closed.
const lookBack = 2 * details.AskFor

// next returns the cursors from which the next export misses nothing. The next export may
// have a row again.
//
// For transitions the cursor is an id: the only writer numbers them inside its
// transactions, so an export with number n has all before it. For other rows it
// is a time. A row has the time at which its page was received, and is committed
// later. There are three cases:
//
//   - A run that is open in this snapshot commits it: its time is not before the
//     start of that run.
//   - A later run commits it: its time is neither before now nor before the
//     newest time of its cluster. A clock that was set back stays at the newest
//     millisecond, so views include rows of the cursor's own time.
//   - It is an answer about a single job, stored after the run is closed, with
//     the time at which the answer came: lookBack covers it.
func next(s *store.Snapshot, now time.Time) Cursors {
	c := Cursors{SinceID: &s.LastTransition}
	if !s.Newest.Valid {
		return c
	}
	since := min(s.Newest.Int64, now.Add(-lookBack).UnixMilli())
	if s.OpenSince.Valid {
		since = min(since, s.OpenSince.Int64)
	}
	c.ChangedSince = spelled(since)
	return c
}

func archiveOf(s *store.Snapshot) ManifestArchive {
	a := ManifestArchive{SchemaVersion: s.Schema}
	if s.Newest.Valid {
		a.NewestAt = spelled(s.Newest.Int64)
	}
	return a
}

func spelled(ms int64) *string {
	text := queries.SpellTime(time.UnixMilli(ms))
	return &text
}

// describe returns the columns of a table for the manifest.
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

// widen extends the range to a value. Times of the archive compare as texts.
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
