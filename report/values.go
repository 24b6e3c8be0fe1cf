package report

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"importarchive/queries"
)

// Kind is the type of a parameter's values. Help texts show it in place of a
// value.
type Kind string

// The kinds of parameters.
const (
	TextKind    Kind = "text"
	TimeKind    Kind = "time"
	NumberKind  Kind = "number"
	SwitchKind  Kind = "bool" // pflag shows no value for this word
	StateKind   Kind = "state"
	OutcomeKind Kind = "outcome"
)

// KindOf returns the kind of a parameter by its name, which means the same in all
// reports.
func KindOf(parameter string) Kind {
	switch parameter {
	case "since", "until", "from", "to", "at":
		return TimeKind
	case "days", "hours", "limit":
		return NumberKind
	case "gone":
		return SwitchKind
	case "state":
		return StateKind
	case "outcome":
		return OutcomeKind
	}
	return TextKind
}

// stateWords are the states of jobs, and those outcomes that are no states.
var stateWords = [...]string{"pending", "running", "completed", "failed", "cancelled", "unknown", "open", "lost"}

// WordsOf returns the words that a parameter takes; none where it takes any text. Of
// the states, a parameter takes those that its line in the header names.
func WordsOf(p queries.Parameter) []string {
	switch KindOf(p.Name) {
	case StateKind:
		return slices.DeleteFunc(slices.Clone(stateWords[:]), func(word string) bool { return !strings.Contains(p.About, word) })
	case OutcomeKind:
		return []string{"complete", "quick", "partial", "failed", "interrupted"}
	case SwitchKind:
		return []string{"true", "false"}
	}
	return nil
}

// Given has the texts that a user typed for the parameters of a saved report. Spell
// returns how a parameter is spelled in that place: --since, or since.
type Given struct {
	Parameters []queries.Parameter // of the report
	Text       map[string]string
	Spell      func(parameter string) string
}

// ValueError says what is wrong with the text for a parameter.
type ValueError struct {
	Parameter string
	text      string
}

func (e *ValueError) Error() string { return e.text }

// Wrong returns the error for a parameter.
func (g Given) Wrong(parameter, format string, args ...any) error {
	return &ValueError{parameter, g.Spell(parameter) + " " + fmt.Sprintf(format, args...)}
}

// Missing returns the required parameters that have no text.
func (g Given) Missing() []string {
	var names []string
	for _, p := range g.Parameters {
		if _, given := g.Text[p.Name]; p.Required && !given {
			names = append(names, p.Name)
		}
	}
	return names
}

// Values returns the values for the report's parameters. The error for a text that
// makes no sense is a [ValueError].
func (g Given) Values(now time.Time) (map[string]any, error) {
	values := map[string]any{}
	for _, p := range g.Parameters {
		text, given := g.Text[p.Name]
		if !given {
			continue
		}
		value, err := g.value(p, text, now)
		if err != nil {
			return nil, err
		}
		values[p.Name] = value
	}
	return values, g.checkTimes(values, now)
}

// value returns the value of one parameter.
func (g Given) value(p queries.Parameter, text string, now time.Time) (any, error) {
	name := p.Name
	switch kind := KindOf(name); {
	case text == "":
		return nil, g.Wrong(name, "is empty")
	case kind == TimeKind:
		t, err := ParseTime(text, now)
		if err != nil {
			return nil, g.Wrong(name, "%v", err)
		}
		return queries.SpellTime(t), nil
	case kind == NumberKind:
		return g.number(name, text)
	case kind == SwitchKind:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return nil, g.Wrong(name, "%q is neither true nor false", text)
		}
		if !on {
			return int64(0), nil
		}
		return int64(1), nil
	}
	return text, g.checkWords(p, text)
}

func (g Given) checkWords(p queries.Parameter, text string) error {
	allowed, words := WordsOf(p), []string{text}
	if allowed == nil {
		return nil
	}
	if strings.Contains(p.About, "several") {
		words = strings.Split(text, ",")
	}
	for _, word := range words {
		if !slices.Contains(allowed, word) {
			return g.Wrong(p.Name, "%q is not one of %s", word, strings.Join(allowed, ", "))
		}
	}
	return nil
}

// number reads a whole number. Days and hours have the limit of SQLite's dates:
// beyond it, SQLite computes NULL, and the report would be empty.
func (g Given) number(name, text string) (any, error) {
	least, most := int64(0), int64(1<<62)
	switch name {
	case "days":
		least, most = 1, 100_000
	case "hours":
		most = 2_400_000
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, g.Wrong(name, "%q is not a whole number", text)
	case n < least:
		return nil, g.Wrong(name, "%d is below %d", n, least)
	case n > most:
		return nil, g.Wrong(name, "%d is above %d", n, most)
	}
	return n, nil
}

// checkTimes compares times with each other and with the clock.
func (g Given) checkTimes(values map[string]any, now time.Time) error {
	text := func(name string) string { s, _ := values[name].(string); return s }
	present := queries.SpellTime(now)
	if at := text("at"); at > present {
		return g.Wrong("at", "(%s) is not in the past", at)
	}
	if from := text("from"); from >= present {
		return g.Wrong("from", "(%s) is not in the past", from)
	}
	if to := text("to"); to != "" && text("from") == "" && to <= queries.SpellTime(now.AddDate(0, 0, -1)) {
		return g.Wrong("to", "(%s) is not after %s, which is a day ago where it is not given", to, g.Spell("from"))
	}
	for _, pair := range [][2]string{{"since", "until"}, {"from", "to"}} {
		if from, to := text(pair[0]), text(pair[1]); from != "" && to != "" && from >= to {
			return g.Wrong(pair[0], "(%s) is not before %s (%s): nothing could match", from, g.Spell(pair[1]), to)
		}
	}
	if values["days"] != nil && text("since") != "" {
		return g.Wrong("days", "and %s both say where to begin: give one of them", g.Spell("since"))
	}
	return nil
}

// Respell replaces parameters in the text of a header, such as :until, by their
// spelling in the place that shows the text.
func Respell(about string, spell func(parameter string) string) string {
	return parameterWord.ReplaceAllStringFunc(about, func(word string) string { return spell(word[1:]) })
}

var parameterWord = regexp.MustCompile(`(?:\B|^):([a-z]\w*)`)

// Moments returns the times among these values at which a report describes the
// state of the archive.
func Moments(values map[string]any) []string {
	var times []string
	for _, name := range []string{"from", "to", "at"} {
		if t, ok := values[name].(string); ok {
			times = append(times, t)
		}
	}
	return times
}

// The ways to type a time: in UTC, or with a zone.
var typedLayouts = []string{
	time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339,
}

// age is a time before now, such as 36h, 7d or 1d12h.
var age = regexp.MustCompile(`^(?:(\d{1,4})w)?(?:(\d{1,5})d)?((?:\d{1,6}[hms])*)$`)

// ParseTime reads a time that a user typed, or an age before now.
func ParseTime(s string, now time.Time) (time.Time, error) {
	for _, layout := range typedLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	days, rest, err := ParseAge(s)
	if errors.Is(err, errNoAge) {
		return now, fmt.Errorf("%q is no time: write it like 2026-11-23, \"2026-11-23 10:00\" (UTC), 2026-11-23T10:00:00+08:00, 36h or 7d", s)
	}
	return now.AddDate(0, 0, -days).Add(-rest), err
}

var errNoAge = errors.New("this is no age")

// ParseAge reads an age such as 7d or 1d12h as days and the rest.
func ParseAge(s string) (days int, rest time.Duration, err error) {
	m := age.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, errNoAge
	}
	if days, err = daysOf(m[1], m[2]); err == nil && m[3] != "" {
		rest, err = time.ParseDuration(m[3])
	}
	return days, rest, err
}

func daysOf(weeks, days string) (int, error) {
	total := 0
	for _, part := range []struct {
		digits string
		days   int
	}{{weeks, 7}, {days, 1}} {
		if part.digits == "" {
			continue
		}
		n, err := strconv.Atoi(part.digits)
		if err != nil {
			return 0, err // unreachable: the pattern allows few digits
		}
		total += n * part.days
	}
	return total, nil
}
