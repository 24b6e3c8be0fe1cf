package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxSettings is far more than a person writes; a bigger file is some other
// file, such as the archive.
const maxSettings = 1 << 20

// settings is a settings file being read.
type settings struct {
	name      string         // the file's, as it was asked for
	values    map[string]any // what it says, as TOML types
	lines     map[string]int // where each key stands: see lineNumbers
	lookupenv func(string) (string, bool)
	unset     variableUses // of variables that the environment doesn't have
	problems  Problems
}

// decodeSettings reads a file as far as TOML goes. The values go into a map
// and not into a struct: a decoder stops at the first value of a wrong type.
func decodeSettings(name string, data []byte, lookupenv func(string) (string, bool)) (*settings, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors of Windows write this mark
	f := &settings{name: name, lookupenv: lookupenv}
	if err := toml.Unmarshal(data, &f.values); err != nil {
		return nil, Problems{syntaxProblem(name, err)}
	}
	f.lines = lineNumbers(data)
	return f, nil
}

func (f *settings) report(line int, key, text string) {
	f.problems = append(f.problems, Problem{File: f.name, Line: line, Key: key, Text: text})
}

func ReadFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		where := name
		if abs, err := filepath.Abs(name); err == nil {
			where = abs
		}
		return nil, fmt.Errorf("no such file (looked for %s): copy config.example.toml there and fill it in, or name another file with --config", where)
	}
	if err != nil {
		return nil, cause(err)
	}
	defer file.Close()
	if st, err := file.Stat(); err == nil && st.IsDir() {
		return nil, errors.New("a directory, not a settings file")
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSettings+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(data) > maxSettings {
		return nil, errors.New("bigger than 1 MiB: this is not a settings file")
	}
	return data, nil
}

// cause takes the path off an error of package os: whoever prints it has
// named the file already, or must not.
func cause(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// quotedInput is where an error of the TOML library shows what it has read.
var quotedInput = regexp.MustCompile(`(:| but got)? U\+[0-9A-F]{4,}( '.')?|: strconv.*`)

// syntaxProblem says where a file stops being TOML. It shows nothing of what
// stands there, and leaves out the library's drawing of the lines around:
// somebody may have left the quotes off an API key.
func syntaxProblem(name string, err error) Problem {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	text = quotedInput.ReplaceAllString(text, "")
	p := Problem{File: name, Text: "not TOML: " + text}
	if de := (*toml.DecodeError)(nil); errors.As(err, &de) {
		row, column := de.Position()
		p.Line, p.Text = row, fmt.Sprintf("not TOML from column %d on: %s", column, text)
	}
	return p
}
