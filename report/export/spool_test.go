package export

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"importarchive/queries"
	"importarchive/report"
)

// left gives the names in a directory.
func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestNothingStaysOnTheDiskHoweverWritingEnds(t *testing.T) {
	temporary, scratch := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	broken, full := errors.New("broken"), errors.New("disk full")
	for _, c := range []struct {
		ends    string
		bad     any // the value of a row after many
		err     error
		w       nowhere
		panics  bool
		inDir   string
		succeed bool
	}{
		{ends: "well", inDir: scratch, succeed: true},
		{ends: "well, nobody having said where", inDir: temporary, succeed: true},
		{ends: "at a row that doesn't fit", bad: "no integer", inDir: scratch},
		{ends: "at rows that can't be read", err: broken, inDir: scratch},
		{ends: "at a panic", panics: true, inDir: scratch},
		{ends: "at a full disk", w: nowhere{full}, inDir: scratch},
	} {
		table, held := report.Of([]string{"a"}, nil), 0
		table.Described = []queries.Column{{Name: "a", Type: queries.Integer}}
		table.Rows = func(yield func([]any, error) bool) {
			for range 5000 {
				if !yield([]any{1}, nil) {
					return
				}
			}
			if held = len(left(t, c.inDir)); c.panics {
				panic(broken)
			}
			if c.bad != nil || c.err != nil {
				yield([]any{c.bad}, c.err)
			}
		}
		o := report.Options{Scratch: scratch}
		if c.inDir == temporary {
			o.Scratch = ""
		}
		err := func() (err error) {
			defer func() {
				if recover() != nil {
					err = broken
				}
			}()
			f, _ := Formats().Named("xlsx")
			return f.Write(&c.w, table, o)
		}()
		if c.succeed != (err == nil) {
			t.Errorf("%s: %v", c.ends, err)
		}
		if held != 1 {
			t.Errorf("%s: there were %d files while rows came", c.ends, held)
		}
		if names := append(left(t, scratch), left(t, temporary)...); len(names) > 0 {
			t.Errorf("%s: %v stayed", c.ends, names)
		}
	}
}

func TestRowsThatCannotBeKeptAreAnErrorThatNamesTheFile(t *testing.T) {
	f, _ := Formats().Named("xlsx")
	table := report.Of([]string{"a"}, [][]any{{1}})
	if err := f.Write(new(nowhere), table, report.Options{Scratch: "no such directory"}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no such directory") {
		t.Error(err)
	}
}

// A disk that gives back something else must not make a sheet of it.
func TestRowsThatTheDiskAlteredAreAnError(t *testing.T) {
	for _, place := range []int64{0, 30, 2000} {
		s, err := openSpool(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10_000 {
			_, _ = s.WriteString(report.Spell(int64(i * i)))
		}
		for _, flush := range []func() error{s.Flush, s.packed.Flush, s.disk.Flush} {
			if err := flush(); err != nil {
				t.Fatal(err)
			}
		}
		byteThere := make([]byte, 1)
		if _, err := s.file.ReadAt(byteThere, place); err != nil {
			t.Fatal(err)
		}
		byteThere[0] ^= 0x10
		if _, err := s.file.WriteAt(byteThere, place); err != nil {
			t.Fatal(err)
		}
		if err := s.copyTo(new(bytes.Buffer)); err == nil {
			t.Errorf("byte %d was altered, and nobody saw it", place)
		}
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	}
}
