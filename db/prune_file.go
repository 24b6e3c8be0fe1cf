package db

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// An export has one line for each job and each run that is to go: the row of
// the public view, "what" before it, and a job's transitions behind it. The
// file is also the list of what goes: it is read back, and whatever is not any
// more as its line says stays.

// exportDue writes what is due to a new file in the folder. Nothing is due: no
// file.
func exportDue(ctx context.Context, reader *sql.DB, p *Prune, all []limits) (name string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("exporting what is to go to %s, so nothing goes: %w", p.Export, err)
		}
	}()
	if any, err := anyDue(ctx, reader, all); err != nil || !any {
		return "", err
	}
	if err := os.MkdirAll(p.Export, 0o777); err != nil {
		return "", err
	}
	f, name, err := newExport(p)
	if err != nil {
		return "", err
	}
	lines, err := writeDue(ctx, reader, f, all)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil || lines == 0 {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	syncFolder(p.Export)
	return name, nil
}

func anyDue(ctx context.Context, reader *sql.DB, all []limits) (bool, error) {
	for _, err := range due(ctx, reader, all) {
		return err == nil, err
	}
	return false, nil
}

// newExport opens a file under a name that nobody has, and gives the name that
// it is to have when it is whole.
func newExport(p *Prune) (*os.File, string, error) {
	stem := filepath.Join(p.Export, "pruned-"+p.Now.UTC().Format("20060102T150405.000Z"))
	for n := 1; ; n++ {
		name := stem + ".jsonl"
		if n > 1 {
			name = stem + "-" + strconv.Itoa(n) + ".jsonl"
		}
		f, err := os.OpenFile(name+".unfinished", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		// Asked while the other name is held: whoever has it is not about to take this one.
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return f, name, nil
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return nil, "", err
		}
	}
}

// writeDue writes the lines, each from one state of the archive.
func writeDue(ctx context.Context, reader *sql.DB, to io.Writer, all []limits) (lines int, err error) {
	w := bufio.NewWriter(to)
	for part, err := range chunks(due(ctx, reader, all)) {
		if err != nil {
			return lines, err
		}
		n, err := writePart(ctx, reader, w, part)
		lines += n
		if err != nil {
			return lines, err
		}
	}
	return lines, w.Flush()
}

// chunks gives what is found in parts, so that no read transaction lasts.
func chunks(found iter.Seq2[candidate, error]) iter.Seq2[[]candidate, error] {
	return func(yield func([]candidate, error) bool) {
		var part []candidate
		for c, err := range found {
			if err != nil {
				yield(nil, err)
				return
			}
			if part = append(part, c); len(part) == takeSize {
				if !yield(part, nil) {
					return
				}
				part = part[:0]
			}
		}
		if len(part) > 0 {
			yield(part, nil)
		}
	}
}

func writePart(ctx context.Context, reader *sql.DB, w io.Writer, part []candidate) (lines int, err error) {
	tx, err := reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	statements := map[string]*sql.Stmt{} // the transaction closes them
	query := func(text string, args ...any) (*sql.Rows, error) {
		if statements[text] == nil {
			st, err := tx.Prepare(text)
			if err != nil {
				return nil, err
			}
			statements[text] = st
		}
		return statements[text].Query(args...)
	}
	for i := range part {
		line, err := lineOf(query, &part[i], "")
		if errors.Is(err, sql.ErrNoRows) {
			continue // it went meanwhile
		}
		if err != nil {
			return lines, err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return lines, err
		}
		lines++
	}
	return lines, nil
}

// subject is the job or the run that a line is about.
type subject struct {
	Cluster    string `json:"cluster"`
	Job        string `json:"job_id"` // "": it is a run
	LastSeenAt string `json:"last_seen_at"`
	Run        int64  `json:"id"`
}

// exported gives what an export says is to go.
func exported(name string, all []limits) iter.Seq2[candidate, error] {
	return func(yield func(candidate, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(candidate{}, err)
			return
		}
		defer f.Close()
		for r := bufio.NewReader(f); ; {
			line, err := r.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return
			}
			c := candidate{line: bytes.TrimSuffix(line, []byte("\n"))}
			if err == nil {
				err = json.Unmarshal(c.line, &c.subject)
			}
			if err != nil {
				yield(c, fmt.Errorf("reading %s back: %w", name, err))
				return
			}
			i := slices.IndexFunc(all, func(l limits) bool { return l.name == c.subject.Cluster })
			c.limits, c.run = &all[i], c.subject.Run
			if !yield(c, nil) {
				return
			}
		}
	}
}
