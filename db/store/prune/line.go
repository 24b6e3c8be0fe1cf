package prune

import (
	"bytes"
	"database/sql"
	"encoding/json"

	"importarchive/db/rows"
)

// querier queries one transaction.
type querier func(query string, args ...any) (*sql.Rows, error)

// runLine renders the line of a run.
func runLine(query querier, id int64) ([]byte, error) {
	run, err := only(members(query, `SELECT * FROM runs WHERE id = ?`, id))
	return bytes.Join([][]byte{[]byte(`{"what":"run",`), run, []byte("}\n")}, nil), err
}

// rejectLine renders the line of a reject. The view rejects has no number, so it
// goes by the table's.
func rejectLine(query querier, id int64) ([]byte, error) {
	reject, err := only(members(query, `SELECT v.* FROM archive_rejects AS r JOIN archive_clusters AS c ON c.id = r.cluster
		JOIN rejects AS v ON v.cluster = c.name AND v.raw = r.raw WHERE r.id = ?`, id))
	return bytes.Join([][]byte{[]byte(`{"what":"reject",`), reject, []byte("}\n")}, nil), err
}

// jobLine renders the line of a job.
func jobLine(query querier, cluster, id string) ([]byte, error) {
	job, err := only(members(query, `SELECT * FROM jobs WHERE cluster = ? AND job_id = ?`, cluster, id))
	if err != nil {
		return nil, err
	}
	history, err := members(query, `SELECT id, run_id, collection, kind, from_state, to_state, from_raw_state, to_raw_state, not_before, observed_at
		FROM transitions WHERE cluster = ? AND job_id = ? ORDER BY id`, cluster, id)
	if err != nil {
		return nil, err
	}
	files, err := members(query, `SELECT n, name, size, total_rows, imported_rows, raw_state, progress, progress_raw, reason, completed_at, extra
		FROM job_files WHERE cluster = ? AND job_id = ? ORDER BY n`, cluster, id)
	return bytes.Join([][]byte{
		[]byte(`{"what":"job",`), job, []byte(`,"transitions":[`), objects(history), []byte(`],"files":[`), objects(files), []byte("]}\n"),
	}, nil), err
}

func objects(all [][]byte) []byte {
	for i, members := range all {
		all[i] = bytes.Join([][]byte{[]byte(`{`), members, []byte(`}`)}, nil)
	}
	return bytes.Join(all, []byte(`,`))
}

// members renders each row of a query as the members of a JSON object.
func members(ask querier, query string, args ...any) (all [][]byte, err error) {
	found, err := ask(query, args...)
	if err != nil {
		return nil, err
	}
	err = rows.Each(found, func(columns []string, values []any) error {
		var row bytes.Buffer
		e := json.NewEncoder(&row)
		e.SetEscapeHTML(false)
		for i, name := range columns {
			if i > 0 {
				row.WriteByte(',')
			}
			row.WriteString(`"` + name + `":`)
			if err := e.Encode(values[i]); err != nil {
				return err
			}
			row.Truncate(row.Len() - 1) // the encoder's end of line
		}
		all = append(all, row.Bytes())
		return nil
	})
	return all, err
}

// only returns the single row, or sql.ErrNoRows.
func only(all [][]byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, sql.ErrNoRows
	}
	return all[0], nil
}
