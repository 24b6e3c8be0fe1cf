// Package export writes datasets as files for other programs, and a manifest that
// describes them.
//
// A [Dataset] is a public view or a saved report; dataset.go knows them all. An
// [Export] writes the chosen ones into a directory in one of the [Formats]: CSV
// and JSON lines are of package report, HTML is of package page, and Parquet
// (parquet.go) and XLSX (xlsx.go) are here. Both of the latter have types, and
// typed.go checks each value against the type of its column.
//
// Three promises hold an export together:
//
//   - All files show one moment of the archive, because one read transaction
//     reads them all.
//   - A file appears whole or not at all, and the manifest last. dir.go stages
//     the files in a hidden directory, and a failed export changes nothing.
//   - Incremental exports miss nothing: the cursors of one manifest are where
//     the next export begins. manifest.go has the reasoning.
//
// The package does not decide when to export, and never deletes a file of an
// earlier export. Begin reading with [Export.Write] in this file.
package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"importarchive/db/store"
	"importarchive/page"
	"importarchive/report"
)

// Export describes an export.
type Export struct {
	Datasets []Dataset
	Format   report.Format
	Dir      string // Write makes it if it is missing

	// Where to begin, for datasets that have these parameters. Zero values mean
	// at the beginning.
	SinceID      *int64 // after this id of a transition
	ChangedSince string // at this time, in the spelling of the archive

	// Spreadsheets asks for CSV that people open in a spreadsheet.
	Spreadsheets bool

	Now     time.Time // before Write is called
	Version string    // of the program, for the manifest
	Title   string    // of the page about the whole archive

	// Progress, where set, is called now and then with the number of rows of a
	// dataset that are written so far.
	Progress func(dataset string, rows int64)
}

// Write writes the export. After a failure or a cancellation the directory is as
// before. Files appear one after another and the manifest last, so a process that
// is killed in that moment can leave some files newer than the manifest.
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

// read stages all files in one read transaction, which blocks no writer.
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
		// The pool reuses the connection, so it must leave the transaction even
		// after the context has ended.
		_, rollback := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		err = errors.Join(err, rollback)
	}()
	s, err := store.ReadSnapshot(ctx, conn)
	if err != nil {
		return nil, err
	}
	m = &Manifest{
		FormatVersion: manifestVersion, WrittenAt: *spelled(e.Now.UnixMilli()), Version: e.Version,
		Archive: archiveOf(&s), Format: e.Format.Name, ForSpreadsheets: e.Spreadsheets, Files: []ManifestEntry{}, Next: next(&s, e.Now),
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
	entry := &ManifestEntry{Name: d.Name, Kind: d.Kind, File: d.fileName(e.Format), Columns: []ManifestColumn{}, Cut: Cuts{}}
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
		return e.Format.Write(f, e.counted(t, entry), report.Options{
			Title: d.Query.Title, About: d.Query.About, Version: e.Version, Scratch: dir.staging(), Spreadsheet: e.Spreadsheets, Cut: entry.Cut.Add,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", entry.File, err)
	}
	entry.Bytes, entry.SHA256 = file.bytes, file.sha256()
	return entry, nil
}

// values returns the values of the query's parameters, and writes the cursors into the
// manifest's entry. The default limit of a report is for screens; a file has all
// rows, because its reader could not see that some are missing.
func (e *Export) values(d *Dataset, entry *ManifestEntry) map[string]any {
	values, cursors := map[string]any{}, Cursors{}
	if e.SinceID != nil && d.Takes(sinceID) {
		values[sinceID], cursors.SinceID = *e.SinceID, e.SinceID
	}
	if e.ChangedSince != "" && d.Takes(changedSince) {
		values[changedSince], cursors.ChangedSince = e.ChangedSince, &e.ChangedSince
	}
	if len(values) > 0 {
		entry.Incremental = &cursors
	}
	if d.Takes(rowLimit) {
		values[rowLimit] = int64(0)
	}
	return values
}

// progressRows is the number of rows between two calls of Progress.
const progressRows = 1000

// counted returns a table that, when it is read, writes the number of its rows and
// their time range into the manifest's entry.
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

// Formats returns the formats of files.
func Formats() report.FormatList {
	csv, _ := report.Formats().Named("csv")
	lines, _ := report.Formats().Named("jsonl")
	return report.FormatList{csv, lines, page.HTML(), Parquet(), XLSX()}
}
