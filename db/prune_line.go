package db

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/json"
)

// asking asks a query of one state of the archive.
type asking func(query string, args ...any) (*sql.Rows, error)

// lineOf gives the line of a job or a run, or sql.ErrNoRows. lastSeen, unless
// it is "", stands for the job's last sighting.
func lineOf(of asking, c *candidate, lastSeen string) ([]byte, error) {
	if c.run != 0 {
		run, err := only(members(of, "", `SELECT * FROM runs WHERE id = ?`, c.run))
		return bytes.Join([][]byte{[]byte(`{"what":"run",`), run, []byte(`}`)}, nil), err
	}
	id, err := idOf(of, c)
	if err != nil {
		return nil, err
	}
	job, err := only(members(of, lastSeen, `SELECT * FROM jobs WHERE cluster = ? AND job_id = ?`, c.limits.name, id))
	if err != nil {
		return nil, err
	}
	history, err := members(of, "", `SELECT id, run_id, collection, kind, from_state, to_state, from_raw_state, to_raw_state, not_before, observed_at
		FROM transitions WHERE cluster = ? AND job_id = ? ORDER BY id`, c.limits.name, id)
	if err != nil {
		return nil, err
	}
	files, err := members(of, "", `SELECT n, name, size, total_rows, imported_rows, raw_state, progress, progress_raw, reason, completed_at, extra
		FROM job_files WHERE cluster = ? AND job_id = ? ORDER BY n`, c.limits.name, id)
	return bytes.Join([][]byte{
		[]byte(`{"what":"job",`), job, []byte(`,"transitions":[`), objects(history), []byte(`],"files":[`), objects(files), []byte(`]}`),
	}, nil), err
}

func objects(all [][]byte) []byte {
	for i, members := range all {
		all[i] = bytes.Join([][]byte{[]byte(`{`), members, []byte(`}`)}, nil)
	}
	return bytes.Join(all, []byte(`,`))
}

// idOf is the job's id: a candidate that was not exported has but its number.
func idOf(of asking, c *candidate) (id string, err error) {
	if c.subject.Job != "" {
		return c.subject.Job, nil
	}
	rows, err := of(`SELECT job_id FROM archive_jobs WHERE cluster = ? AND seq = ?`, c.limits.cluster, c.seq)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if !rows.Next() {
		return "", cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	return id, rows.Scan(&id)
}

// members gives each row of a query as the members of a JSON object.
func members(of asking, lastSeen, query string, args ...any) (all [][]byte, err error) {
	rows, err := of(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		var row bytes.Buffer
		e := json.NewEncoder(&row)
		e.SetEscapeHTML(false)
		for i, name := range columns {
			if name == "last_seen_at" && lastSeen != "" {
				values[i] = lastSeen
			}
			if i > 0 {
				row.WriteByte(',')
			}
			row.WriteString(`"` + name + `":`)
			if err := e.Encode(values[i]); err != nil {
				return nil, err
			}
			row.Truncate(row.Len() - 1) // the encoder's end of line
		}
		all = append(all, row.Bytes())
	}
	return all, rows.Err()
}

// only gives the one row, or sql.ErrNoRows.
func only(all [][]byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, sql.ErrNoRows
	}
	return all[0], nil
}
