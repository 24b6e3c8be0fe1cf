package cli

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"importarchive/report"
)

// details is what the service told of one job when it was asked for it alone.
type details struct {
	progress                          *float64
	progressRaw, fileName             sql.NullString
	fileSize, totalRows, importedRows sql.NullInt64
	created, completed, described     sql.NullString
}

// detailColumns are those of the view jobs that scan reads.
const detailColumns = "progress, progress_raw, file_name, file_size, total_rows, imported_rows, created_at, completed_at, described_at"

func (d *details) scan() []any {
	return []any{
		&d.progress, &d.progressRaw, &d.fileName, &d.fileSize, &d.totalRows, &d.importedRows, &d.created, &d.completed, &d.described,
	}
}

// lines are the details that there are, as history shows them.
func (d *details) lines() [][2]string {
	var lines [][2]string
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, [2]string{name, text})
		}
	}
	if d.progress != nil {
		add("progress", fmt.Sprintf("%v%%", *d.progress))
	} else if d.progressRaw.Valid {
		add("progress", fmt.Sprintf("%s, as the service spells it", d.progressRaw.String))
	}
	add("rows", rowsForPeople(d.importedRows, d.totalRows))
	file := d.fileName.String
	if d.fileSize.Valid {
		file = strings.TrimPrefix(file+", "+report.Counted(d.fileSize.Int64, "byte"), ", ")
	}
	add("file", file)
	add("service", serviceTimes(d.created, d.completed))
	add("described", d.described.String)
	return lines
}

// serviceTimes spells the service's own times. They stand beside ours.
func serviceTimes(created, completed sql.NullString) string {
	var says []string
	if created.Valid {
		says = append(says, "created "+created.String)
	}
	if completed.Valid {
		says = append(says, "completed "+completed.String)
	}
	if says == nil {
		return ""
	}
	return strings.Join(says, ", ") + ", by its own clock"
}

// rowsForPeople is how many rows a job has imported, and of how many.
func rowsForPeople(imported, total sql.NullInt64) string {
	switch {
	case imported.Valid && total.Valid && imported != total:
		return fmt.Sprintf("%d of %d", imported.Int64, total.Int64)
	case imported.Valid:
		return fmt.Sprint(imported.Int64)
	case total.Valid:
		return fmt.Sprintf("of %d", total.Int64)
	}
	return ""
}

// filesShown is how many of a job's files history has room for.
const filesShown = 50

// writeFiles shows the files of a job, in those columns of which something is
// known.
func (p *program) writeFiles(ctx context.Context, reader *sql.DB, id, cluster string) error {
	t, err := report.Query(ctx, reader, `SELECT name, raw_state, progress, size, imported_rows, total_rows, completed_at, reason
		FROM job_files WHERE job_id = :job AND cluster = :cluster ORDER BY n LIMIT :limit`,
		map[string]any{"job": id, "cluster": cluster, "limit": int64(filesShown + 1)})
	if err != nil {
		return err
	}
	var rows [][]any
	known := map[string]bool{"name": true}
	for row, err := range t.Rows {
		if err != nil {
			return err
		}
		rows = append(rows, slices.Clone(row))
		for i, v := range row {
			known[t.Columns[i]] = known[t.Columns[i]] || v != nil
		}
	}
	if rows == nil {
		return nil
	}
	fmt.Fprintln(p.Stdout)
	shown := rows[:min(len(rows), filesShown)]
	columns := slices.DeleteFunc(slices.Clone(t.Columns), func(name string) bool { return !known[name] })
	if err := p.write(tableFormat, report.Of(t.Columns, shown).Pick(columns...)); err != nil {
		return err
	}
	if len(rows) > filesShown {
		fmt.Fprintf(p.Stderr, "these are the first %d files; the view job_files has all\n", filesShown)
	}
	return nil
}
