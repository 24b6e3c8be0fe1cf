package answer

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// The scanner reads a listing in place, after encoding/json has found the JSON valid.
// [Visible] makes text of what it finds, one record at a time: it may be several times
// as long. Decoding into structs would not do: encoding/json ignores the
// case of keys, silently uses the last of two equal keys, and loses the bytes of a
// record, which a reject must keep.

// members walks the members of a valid JSON object: the text of the key, the
// value as it is.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		i := space(object, 1)
		for object[i] != '}' {
			end := value(object, i)
			key := object[i+1 : end-1]
			if !Verbatim(key) {
				s, _ := unquote(object[i:end])
				key = []byte(s)
			}
			i = space(object, space(object, end)+1) // over the colon
			end = value(object, i)
			if !yield(key, object[i:end]) {
				return
			}
			i = next(object, end)
		}
	}
}

// elements walks the elements of a valid JSON array.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := space(array, 1)
		for array[i] != ']' {
			end := value(array, i)
			if !yield(array[i:end]) {
				return
			}
			i = next(array, end)
		}
	}
}

// records walks the elements of valid JSON arrays, one at a time.
type records struct {
	lists [][]byte // those that are not read to their end
	at    int      // in the first of them; 0: at its bracket
}

// more reports whether there is another record.
func (r *records) more() bool {
	for len(r.lists) > 0 {
		if r.at == 0 {
			r.at = space(r.lists[0], 1)
		}
		if r.lists[0][r.at] != ']' {
			return true
		}
		r.lists, r.at = r.lists[1:], 0
	}
	return false
}

// next returns the next record; there must be one.
func (r *records) next() []byte {
	list, from := r.lists[0], r.at
	end := value(list, from)
	r.at = next(list, end)
	return list[from:end]
}

// value returns the end of the value that begins at i.
func value(b []byte, i int) int {
	depth := 0
	for {
		switch b[i] {
		case '"':
			i = str(b, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++ // into a container; scalar reads a scalar as a whole
			continue
		default:
			i = scalar(b, i)
		}
		if depth == 0 {
			return i
		}
	}
}

// str returns the end of the string that begins at i: the first quote without an odd
// number of backslashes before it.
func str(b []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		slashes := 0
		for b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// scalar returns the end of the number or literal that begins at i.
func scalar(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ',', ':', '}', ']', ' ', '\t', '\r', '\n':
			return i
		}
		i++
	}
	return i
}

func space(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n' {
		i++
	}
	return i
}

// next skips white space and a comma after a member or an element.
func next(b []byte, i int) int {
	i = space(b, i)
	if b[i] == ',' {
		i = space(b, i+1)
	}
	return i
}

// numeral returns the text of a number, or of a string that may have one; "" for null.
// For other types it returns their JSON, which is no number.
func numeral(raw []byte) string {
	if isNull(raw) {
		return ""
	}
	if s, ok := unquote(raw); ok {
		return s
	}
	return string(raw)
}

// unquote returns the text of a JSON string, and false if raw is another type.
func unquote(raw []byte) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	if inner := raw[1 : len(raw)-1]; Verbatim(inner) {
		return string(inner), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// Verbatim reports whether the inside of a JSON string equals its text.
func Verbatim(inner []byte) bool {
	return bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner)
}

func isNull(raw []byte) bool   { return raw[0] == 'n' }
func isNumber(raw []byte) bool { return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' }
