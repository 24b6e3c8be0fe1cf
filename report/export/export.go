package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"importarchive/page"
	"importarchive/report"
)

// Export writes datasets as files, and a manifest that says what they are, all
// of one moment of the archive, whatever is written to that meanwhile.
type Export struct {
	Datasets []Dataset
	Format   report.Format
	Dir      string // made if it is missing

	// What to begin after, for datasets that can. Zero values mean all.
	SinceID      *int64 // the id of a transition
	ChangedSince string // a time as the archive spells it

	Now     time.Time // from before Write is called
	Version string    // of the program, for the manifest
	Title   string    // of the page about everything

	// Progress, where set, is told now and then how many rows of a dataset
	// have been written.
	Progress func(dataset string, rows int64)
}

// Write writes the export. When it fails or is cancelled the directory has
// what it had before, and nothing ever appears in it half-written. Files
// appear one after another and the manifest last, so a process that is killed
// in that moment can leave some files newer than the manifest says.
func (e *Export) Write(ctx context.Context, archive *sql.DB) (m *Manifest, err error) {
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("stopped, nothing was changed: %w", context.Cause(ctx))
		}
		if err != nil {
			m, err = nil, fmt.Errorf("exporting to %s: %w", e.Dir, err)
		}
	}()
	dir, err := openExportDir(e.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.close()) }()
	if err := dir.free(ManifestFile); err != nil {
		return nil, err
	}
	for i := range e.Datasets {
		if err := dir.free(e.Datasets[i].fileName(e.Format)); err != nil {
			return nil, err
		}
	}
	if m, err = e.read(ctx, archive, dir); err != nil {
		return nil, err
	}
	for _, name := range dir.earlier() {
		if !slices.ContainsFunc(m.Files, func(f ManifestEntry) bool { return f.File == name }) {
			m.Earlier = append(m.Earlier, name)
		}
	}
	if _, err := dir.stage(ManifestFile, func(f *stagedFile) error { return m.Write(f) }); err != nil {
		return nil, err
	}
	return m, dir.publish(ctx)
}

// read stages all files in one transaction, which holds no writer up.
func (e *Export) read(ctx context.Context, archive *sql.DB, dir *exportDir) (m *Manifest, err error) {
	conn, err := archive.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	defer func() {
		// The connection goes back to others, also when the context has ended.
		_, rollback := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		err = errors.Join(err, rollback)
	}()
	s, err := readSnapshot(ctx, conn)
	if err != nil {
		return nil, err
	}
	m = &Manifest{
		FormatVersion: manifestVersion, WrittenAt: *spelled(e.Now.UnixMilli()), Version: e.Version,
		Archive: s.archive(), Format: e.Format.Name, Files: []ManifestEntry{}, Next: s.next(e.Now),
	}
	for i := range e.Datasets {
		entry, err := e.stage(ctx, conn, dir, &e.Datasets[i])
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, *entry)
	}
	return m, nil
}

// stage writes the file of one dataset.
func (e *Export) stage(ctx context.Context, conn *sql.Conn, dir *exportDir, d *Dataset) (*ManifestEntry, error) {
	entry := &ManifestEntry{Name: d.Name, Kind: d.Kind, File: d.fileName(e.Format), Columns: []ManifestColumn{}}
	file, err := dir.stage(entry.File, func(f *stagedFile) error {
		if e.Format.Name == pageFormat && d.Name == pageDataset {
			return page.Write(ctx, f, conn, e.Now, e.Title)
		}
		values := e.values(d, entry)
		t, err := report.Saved(ctx, conn, d.Query, values)
		if err != nil {
			return err
		}
		entry.Columns = describe(t)
		return e.Format.Write(f, e.counted(t, entry), report.Options{Title: d.Query.Title, About: d.Query.About, Scratch: dir.staging()})
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", entry.File, err)
	}
	entry.Bytes, entry.SHA256 = file.bytes, file.sha256()
	return entry, nil
}

// values gives the query's parameters what the export begins after, and tells
// the manifest's entry. How many rows a report gives where nobody says is for
// screens: a file has all of them, or who loads it takes a part for the whole.
func (e *Export) values(d *Dataset, entry *ManifestEntry) map[string]any {
	values, asked := map[string]any{}, Cursors{}
	if e.SinceID != nil && d.Takes(sinceID) {
		values[sinceID], asked.SinceID = *e.SinceID, e.SinceID
	}
	if e.ChangedSince != "" && d.Takes(changedSince) {
		values[changedSince], asked.ChangedSince = e.ChangedSince, &e.ChangedSince
	}
	if len(values) > 0 {
		entry.Incremental = &asked
	}
	if d.Takes(rowLimit) {
		values[rowLimit] = int64(0)
	}
	return values
}

// progressRows is how often progress is told.
const progressRows = 1000

// counted gives the table such that the manifest's entry knows its rows and
// their range in time once it has been read.
func (e *Export) counted(t *report.Table, entry *ManifestEntry) *report.Table {
	entry.Rows = new(int64)
	places := timeColumns(t)
	ranges := make([]TimeRange, len(places))
	return &report.Table{Columns: t.Columns, Described: t.Described, Rows: func(yield func([]any, error) bool) {
		for row, err := range t.Rows {
			if err == nil {
				*entry.Rows++
				for i, place := range places {
					ranges[i].widen(row[place])
				}
				if e.Progress != nil && *entry.Rows%progressRows == 0 {
					e.Progress(entry.Name, *entry.Rows)
				}
			}
			if !yield(row, err) {
				return
			}
		}
		for i, place := range places {
			if ranges[i].From != "" {
				ranges[i].Column = t.Columns[place]
				entry.TimeRange = &ranges[i]
				return
			}
		}
	}}
}

// Formats gives the formats of files.
func Formats() report.FormatList {
	csv, _ := report.Formats().Named("csv")
	lines, _ := report.Formats().Named("jsonl")
	return report.FormatList{csv, lines, page.HTML(), Parquet(), XLSX()}
}
