package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"importarchive/regular"
)

// maxSettings is larger than any settings file. A bigger file is another file,
// such as the archive.
const maxSettings = 1 << 20

// settings is a settings file while it is read.
type settings struct {
	name      string         // of the file, as the caller named it
	values    map[string]any // the decoded TOML
	lines     map[string]int // the line of each key: see lineNumbers
	lookupenv func(string) (string, bool)
	unset     variableUses // uses of variables that are not set
	problems  Problems
}

// decodeSettings decodes the TOML into a map. Into a struct, the decoder would stop
// at the first value of a wrong type.
func decodeSettings(name string, data []byte, lookupenv func(string) (string, bool)) (*settings, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the byte order mark that some editors write
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

// ReadFile reads the text of a settings file.
func ReadFile(name string) ([]byte, error) {
	data, err := regular.Read(name, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		where := name
		if abs, err := filepath.Abs(name); err == nil {
			where = abs
		}
		return nil, fmt.Errorf("there is no file %s: copy config.example.toml there and fill it in, or name another file with --config", where)
	}
	return data, err
}

// quotedInput matches the parts of the TOML library's errors that quote the file.
var quotedInput = regexp.MustCompile(`(:| but got)? U\+[0-9A-F]{4,}( '.')?|: strconv.*`)

// syntaxProblem says where the TOML is wrong. It quotes nothing of the file, and
// leaves out the lines that the library shows: they may have an API key without
// its quotes.
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
