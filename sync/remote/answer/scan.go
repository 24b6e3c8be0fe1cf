package answer

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// A listing is read in place, over JSON that encoding/json has found valid.
// Decoding into structs would not do: encoding/json matches keys in any case,
// takes the last of two equal keys in silence, and loses the bytes of a
// record, which a reject must keep. It is read after [Visible].

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

// value gives the end of the value that begins at i.
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
			i++ // of a container: a scalar is taken whole below
			continue
		default:
			i = scalar(b, i)
		}
		if depth == 0 {
			return i
		}
	}
}

// str gives the end of the string that begins at i: the first quote that no
// odd number of backslashes stands before.
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

// scalar gives the end of the number or literal that begins at i.
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

// next steps over what follows a member or an element: white space, a comma.
func next(b []byte, i int) int {
	i = space(b, i)
	if b[i] == ',' {
		i = space(b, i+1)
	}
	return i
}

// numeral gives the text of a number, or of a string that may hold one; ""
// for null. Other types give their JSON, which is no number.
func numeral(raw []byte) string {
	if isNull(raw) {
		return ""
	}
	if s, ok := unquote(raw); ok {
		return s
	}
	return string(raw)
}

// unquote gives the text of a JSON string, and false if raw is another type.
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

// Verbatim reports whether the inside of a JSON string is its text.
func Verbatim(inner []byte) bool {
	return bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner)
}

func isNull(raw []byte) bool   { return raw[0] == 'n' }
func isNumber(raw []byte) bool { return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' }
