package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Visible makes all strings in valid JSON valid UTF-8 without NUL. Stores and readers
// of an archive accept nothing else: PostgreSQL refuses NUL, Python refuses invalid
// bytes. Visible escapes what can't stay as sent, so nothing is lost: the byte FF
// becomes the four characters \xff, NUL the six of \u0000, and half of a surrogate
// pair the six with which the service sent it.
func Visible(valid []byte) []byte {
	if utf8.Valid(valid) && !bytes.Contains(valid, []byte(`\u`)) {
		return valid
	}
	out := make([]byte, 0, len(valid)+utf8.UTFMax)
	for i := 0; i < len(valid); {
		n := 1
		switch c := valid[i]; {
		case c == '\\':
			var ok bool
			if n, ok = escape(valid[i:]); !ok {
				out = append(out, '\\')
			}
		case c >= utf8.RuneSelf:
			if _, n = utf8.DecodeRune(valid[i:]); n == 1 {
				out = fmt.Appendf(out, `\\x%02x`, c)
				i++
				continue
			}
		}
		out = append(out, valid[i:i+n]...)
		i += n
	}
	return out
}

// escape returns the length of the escape at the start of JSON, where a surrogate pair
// is one escape, and whether a text may have its character.
func escape(json []byte) (length int, ok bool) {
	if json[1] != 'u' {
		return 2, true
	}
	switch r := codeUnit(json[2:6]); {
	case r == 0:
		return 6, false
	case !utf16.IsSurrogate(r):
		return 6, true
	case json[6] == '\\' && json[7] == 'u' && utf16.DecodeRune(r, codeUnit(json[8:12])) != utf8.RuneError:
		return 12, true
	}
	return 6, false
}

func codeUnit(hex []byte) rune {
	n, _ := strconv.ParseUint(string(hex), 16, 16)
	return rune(n)
}

// escaped reports whether a text has an escape of Visible. The service may have sent
// the same characters itself; there is no way to know.
func escaped(s string) bool {
	if !strings.Contains(s, `\`) {
		return false
	}
	found, _ := regexp.MatchString(`(?i)\\(x[89a-f][0-9a-f]|u0000|ud[89a-f][0-9a-f]{2})`, s)
	return found
}

// MapStrings returns valid JSON in which f may have changed the text of each string
// with an escape or invalid bytes in it, be it a value or a key. f gets the text as
// [Visible] makes it; a string that f leaves alone stays as sent.
func MapStrings(valid []byte, f func(string) string) []byte {
	var out []byte
	from := 0
	for i := 0; i < len(valid); i++ {
		if valid[i] != '"' {
			continue
		}
		begin := i
		i = str(valid, begin) - 1
		if Verbatim(valid[begin+1 : i]) {
			continue
		}
		s, _ := unquote(Visible(valid[begin : i+1]))
		if changed := f(s); changed != s {
			text, _ := json.Marshal(changed) // of a string it never fails
			out = append(append(out, valid[from:begin]...), text...)
			from = i + 1
		}
	}
	if from == 0 {
		return valid
	}
	return append(out, valid[from:]...)
}
