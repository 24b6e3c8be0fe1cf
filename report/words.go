package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Decimal returns a number with two decimals at most.
func Decimal(f float64) string {
	text := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// Grouped returns a count with thousands separators.
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Plural returns a count and the noun for it.
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Grouped(n) + " " + many
}

// Rounded returns a percentage with one decimal; less than a hundred never becomes
// 100.
func Rounded(percent float64) string {
	if percent > 99.9 && percent < 100 {
		percent = 99.9
	}
	return Decimal(math.Round(percent*10) / 10)
}

// Counted is [Plural] for a noun that takes an s: 1 job, 2 jobs.
func Counted(n int64, of string) string { return Plural(n, of, of+"s") }

// Size returns a number of bytes for people.
func Size(bytes uint64) string {
	if bytes < 10<<30 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d GB", bytes>>30)
}
