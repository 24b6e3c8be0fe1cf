package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Spell returns a value as text: NULL as "", numbers without thousands separators,
// so that people copy the value itself from a report.
func Spell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return spellFloat(v)
	}
	return fmt.Sprint(v)
}

// spellFloat returns the shortest digits that read back as the same number, always
// with a point, so that readers that guess types guess one type for a column.
func spellFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "9.0e+999" // too large for a double, so that it reads back as infinity
	case math.IsInf(f, -1):
		return "-9.0e+999"
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	text := strconv.FormatFloat(f, format, -1, 64)
	if format == 'f' && !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, int64, float64:
		return true
	}
	return false
}

// Printable makes a text safe to show on a terminal, and one line: characters that
// the terminal would obey (control characters, those that change the direction
// of writing) become escapes such as \n or \x1b. A job's reason is another
// program's text and may contain any.
func Printable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, obeyed) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case obeyed(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// obeyed reports whether a terminal may do more with a character than show it. White
// space that has a width is only shown.
func obeyed(r rune) bool { return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }

// IsTime recognizes a time by the name of its column and by its form. Only digits
// and their separators pass, so a time needs no escape.
func IsTime(column, text string) bool {
	const looks = "0000-00-00 00:00:00.000"
	if !strings.HasSuffix(column, "_at") && !strings.HasSuffix(column, "not_before") || len(text) != len(looks) {
		return false
	}
	for i := range len(text) {
		if digit := text[i] >= '0' && text[i] <= '9'; digit != (looks[i] == '0') || !digit && text[i] != looks[i] {
			return false
		}
	}
	return true
}

// WordClass says whether a word is "good", "bad" or "unsure" news; "" for all other
// words, and for columns that do not hold states.
func WordClass(column, word string) string {
	switch column {
	case "verdict":
		switch {
		case word == "ok":
			return "good"
		case strings.HasPrefix(word, "too slow"):
			return "bad"
		}
		return "unsure"
	case "freshness", "outcome", "last_outcome", "state", "last_state", "from_state", "to_state":
		switch {
		case slices.Contains([]string{"fresh", "complete", "completed"}, word):
			return "good"
		case slices.Contains([]string{"stale", "failed", "lost"}, word):
			return "bad"
		case slices.Contains([]string{"never", "partial", "interrupted", "cancelled", "unknown"}, word):
			return "unsure"
		}
	}
	return ""
}
