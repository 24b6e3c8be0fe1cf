package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"importarchive/db/dbtest"
)

func TestNothingGoesWhereItsExportDoesNotFit(t *testing.T) {
	t.Parallel()
	dir := mountTmpfs(t, "64k")
	st, s, _ := aged(t, 600)
	p := nowait(s)
	p.Export = filepath.Join(dir, "pruned")
	done, err := st.Prune(t.Context(), p)
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "so it stays") || done.Jobs() > 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if left, _ := filepath.Glob(filepath.Join(p.Export, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if got := show(t, st.Reader, `SELECT count(*), (SELECT count(*) FROM prunes) FROM jobs`); got != "600|0\n" {
		t.Errorf("jobs and prunes: %s", got)
	}
	dbtest.Verify(t, st.Reader)
	p.Export = t.TempDir() // and then it does
	if done := mustPrune(t, st, p); done.Jobs() != 600 {
		t.Errorf("%+v", done)
	}
}

// A disk that fills up later keeps what went before, and no line of what stays.
func TestWhatFitsIsExportedWholeAndGoes(t *testing.T) {
	t.Parallel()
	dir := mountTmpfs(t, "640k")
	st, s, _ := aged(t, 1200)
	p := nowait(s)
	p.Export = filepath.Join(dir, "pruned")
	done, err := st.Prune(t.Context(), p)
	if err == nil || !strings.Contains(err.Error(), "no space left") || done.Jobs() != 500 {
		t.Fatalf("%+v, %v", done, err)
	}
	if lines, torn := linesOf(t, done.File); len(lines) != 500 || torn {
		t.Errorf("%d lines, torn: %v", len(lines), torn)
	}
	if got := show(t, st.Reader, `SELECT count(*), (SELECT jobs FROM prunes) FROM jobs`); got != "700|500\n" {
		t.Errorf("jobs and pruned: %s", got)
	}
	dbtest.Verify(t, st.Reader)
}
