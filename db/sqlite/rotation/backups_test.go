package rotation

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	_ "importarchive/longtest"
)

func TestBackupsGoInTheOrderInWhichTheyWereMade(t *testing.T) {
	const hour, year = time.Hour, 366 * 24 * time.Hour
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	file := func(name string, named, wrote time.Duration) backupFile {
		return backupFile{name, now.Add(named), now.Add(wrote)}
	}
	made := file("made", 0, 0)
	for _, row := range []struct {
		story string
		keep  int
		all   []backupFile
		want  string
	}{
		{"few", 3, []backupFile{file("a", -2*hour, -2*hour), file("b", -hour, -hour), made}, ""},
		{"the oldest goes", 2, []backupFile{file("a", -2*hour, -2*hour), file("b", -hour, -hour), made}, "a"},
		{"names count, and not when files were copied", 2, []backupFile{file("a", -2*hour, -hour), file("b", -hour, -2*hour), made}, "a"},
		{"only the newest stays", 1, []backupFile{file("a", -2*hour, -2*hour), file("b", -hour, -hour), made}, "a b"},
		{
			"files of next year, copied here an hour ago", 3,
			[]backupFile{file("y1", year, -3*hour), file("y2", year+hour, -2*hour), file("y3", year+2*hour, -hour), made},
			"y1",
		},
		{
			"one that a clock a year ahead made an hour ago, as the file system knows", 3,
			[]backupFile{file("a", -3*hour, -3*hour), file("b", -2*hour, -2*hour), file("y", year-hour, -hour), made},
			"a",
		},
		{
			"one that a clock a year ahead made, and the file system does not know when", 3,
			[]backupFile{file("a", -3*hour, -3*hour), file("b", -2*hour, -2*hour), file("y", year-hour, year-hour), made},
			"y",
		},
		{
			"the clock is a year behind: all were made before", 3,
			[]backupFile{file("a", year-2*hour, year-2*hour), file("b", year-hour, year-hour), file("c", year, year), made},
			"a",
		},
		{
			"the clock is a year behind, after it was a year ahead: the file system knows the order", 2,
			[]backupFile{file("b", year, year-hour), file("a", 2*year, year-2*hour), made},
			"a",
		},
		{
			"the clock is a year behind for the second time", 3,
			[]backupFile{file("b", year-hour, year-hour), file("c", year, year), file("z", -hour, -hour), made},
			"b",
		},
	} {
		if got := strings.Join(surplus(row.all, "made", row.keep, now), " "); got != row.want {
			t.Errorf("%s: %q goes, want %q", row.story, got, row.want)
		}
	}
}

func TestABackupRemovesWhatKilledOnesLeft(t *testing.T) {
	t.Parallel()
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	dir := t.TempDir()
	foreign := []string{
		"archive-20261125T110000Z.db" + sqlite.UnfinishedEnd + ".old", "archive-today.db" + sqlite.UnfinishedEnd,
		"other-20261125T110000Z.db" + sqlite.UnfinishedEnd, "archive.db" + sqlite.UnfinishedEnd,
	}
	kept := "archive-20261125T100000Z.db"
	left := []string{"archive-20261125T110000Z.db" + sqlite.UnfinishedEnd, "archive-20271125T110000Z.db" + sqlite.UnfinishedEnd}
	for _, name := range slices.Concat(foreign, left, []string{kept}) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := Backups{Archive: "archive.db", Folder: dir, Keep: 3}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	made, rotated, err := b.Make(t.Context(), st.Reader, now)
	if err != nil || rotated.Unfinished != 2 || rotated.Removed != 0 {
		t.Fatalf("%+v, %v", rotated, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := slices.Sorted(slices.Values(append(foreign, kept, filepath.Base(made.Path))))
	if !slices.Equal(got, want) {
		t.Errorf("there is\n%q, want\n%q", got, want)
	}
}

func TestOnlyFilesOfKilledBackupsGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "archive-20261125T110000Z.db"+sqlite.UnfinishedEnd), 0o700); err != nil {
		t.Fatal(err)
	}
	b := Backups{Archive: "archive.db", Folder: dir, Keep: 3}
	if n, err := b.clean(); n != 0 || err != nil { // a folder is none of ours
		t.Errorf("%d, %v", n, err)
	}
	b.Folder = filepath.Join(dir, "missing")
	if _, err := b.clean(); err == nil {
		t.Error("a folder that can't be read says nothing")
	}
}
