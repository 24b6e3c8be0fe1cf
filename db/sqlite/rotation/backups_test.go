package rotation

import (
	"strings"
	"testing"
	"time"

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
