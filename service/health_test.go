package service

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"importarchive/db"
	_ "importarchive/longtest"
)

// refuses is a store whose disk is full, and other troubles.
type refuses struct {
	db.Store
	err error
}

func (s *refuses) Begin(context.Context, *db.Run) error            { return s.err }
func (s *refuses) Commit(context.Context, *db.Run, db.Batch) error { return s.err }
func (s *refuses) Finish(context.Context, *db.Run, iter.Seq[db.Change]) error {
	return s.err
}

func TestWhatTheArchiveDoesNotTakeIsRememberedUntilAWholeRunWasTaken(t *testing.T) {
	full := errors.New("archive archive.db: database or disk is full")
	disk := &refuses{}
	kept := &troubleStore{Store: disk}
	for n, step := range []struct {
		call    string
		cluster string
		run     int64
		err     error
		trouble error
	}{
		{"begin", "a", 1, nil, nil},
		{"commit", "a", 1, context.Canceled, nil}, // says nothing
		{"commit", "a", 1, full, full},
		{"finish", "a", 1, nil, full}, // a few bytes still fit
		{"finish", "b", 2, nil, full}, // and another cluster's
		{"begin", "a", 0, fmt.Errorf("beginning: %w", context.DeadlineExceeded), full},
		{"begin", "a", 3, db.ErrOtherCluster, full},
		{"commit", "a", 3, db.ErrConflict, full},
		{"finish", "a", 3, nil, nil}, // a whole run without trouble
		{"begin", "b", 0, full, full},
		{"finish", "a", 4, nil, full},
		{"finish", "b", 5, full, full},
		{"finish", "b", 5, nil, full}, // closed late
		{"finish", "b", 6, nil, nil},
	} {
		disk.err = step.err
		r := &db.Run{ID: step.run, Cluster: db.Cluster{Name: step.cluster}}
		var err error
		switch step.call {
		case "begin":
			err = kept.Begin(t.Context(), r)
		case "commit":
			err = kept.Commit(t.Context(), r, db.Batch{})
		case "finish":
			err = kept.Finish(t.Context(), r, nil)
		}
		if !errors.Is(err, step.err) {
			t.Errorf("step %d: the caller gets %v, not %v", n, err, step.err)
		}
		if got := kept.Trouble(); got != step.trouble {
			t.Errorf("step %d: the trouble is %v, not %v", n, got, step.trouble)
		}
	}
}
