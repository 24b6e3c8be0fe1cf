package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inRange reports whether a value is within its bounds, and adds a problem if it
// isn't. spelled is the value as the file has it.
func inRange[T cmp.Ordered](t *table, key string, v T, spelled any, least, most T, small, large, takes string) bool {
	switch {
	case v < least:
		t.problem(key, "%v is too %s, %s", spelled, small, takes)
	case v > most:
		t.problem(key, "%v is too %s, %s", spelled, large, takes)
	default:
		return true
	}
	return false
}

// typeName names the type of a TOML value. A message never quotes the value: it may
// be an API key without its quotes.
func typeName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a fraction"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	default:
		return "a date or a time"
	}
}

// path returns the path of a file as typed: it is neither resolved nor expanded.
func (t *table) path(key string) (text, bool) {
	x, ok := t.text(key, `a string such as "/path/to/file"`)
	switch {
	case !ok:
		return x, false
	case x.value == "":
		t.problem(key, "is empty")
		return x, false
	case strings.ContainsFunc(x.value, unicode.IsControl):
		t.problem(key, "has a control character")
		return x, false
	}
	return x, true
}

// folder returns the path of a folder, or "" if none is set, which is a problem if
// it is needed.
func (t *table) folder(key, example string, needed bool, what string) string {
	x, ok := t.text(key, fmt.Sprintf("a string such as %q", example))
	switch {
	case ok && x.value != "":
		x, _ = t.path(key)
	case ok && needed:
		t.missing(key, fmt.Sprintf("%s, such as %q", what, example))
	}
	return x.value
}

// word returns a name that a service uses: not empty, without white space.
func (t *table) word(key string) (text, bool) {
	x, ok := t.text(key, "a string")
	switch {
	case !ok:
		return x, false
	case x.value == "":
		t.problem(key, "is empty")
		return x, false
	case strings.ContainsFunc(x.value, isSpaceOrControl):
		t.problem(key, "%v has white space or a control character", x)
		return x, false
	}
	return x, true
}

// listen returns an address to listen at, or "" for none.
func (t *table) listen(key string) string {
	x, ok := t.text(key, `a string such as "127.0.0.1:8321"`)
	if !ok || x.value == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(x.value)
	if err == nil && strings.ContainsFunc(host, isSpaceOrControl) {
		err = errors.New("white space in the host")
	}
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		t.problem(key, `%v is not an address: write it like "127.0.0.1:8321", or "" for off`, x)
		return ""
	}
	return x.value
}

// isControl also matches bytes that are not UTF-8.
func isControl(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }

func isSpaceOrControl(r rune) bool { return unicode.IsSpace(r) || isControl(r) }
