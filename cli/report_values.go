package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"importarchive/db"
	"importarchive/queries"
)

// reportCall is one call of a saved report: what was typed, and the values
// that follow for its parameters.
type reportCall struct {
	query  *queries.Query
	format string
	flags  []*reportFlag
	values map[string]any
}

// reportFlag is a parameter as a flag.
type reportFlag struct {
	queries.Parameter
	text  string
	given bool
}

// parameterKind is what the values of a parameter are.
type parameterKind string

// The kinds of parameters. Each is the word that stands for a value in help.
const (
	textKind    parameterKind = "text"
	timeKind    parameterKind = "time"
	numberKind  parameterKind = "number"
	switchKind  parameterKind = "bool" // the word by which pflag leaves the value out
	stateKind   parameterKind = "state"
	outcomeKind parameterKind = "outcome"
)

// kindOf goes by the name: in all reports a name means the same.
func kindOf(name string) parameterKind {
	switch name {
	case "since", "until", "from", "to", "at":
		return timeKind
	case "days", "hours", "limit":
		return numberKind
	case "gone":
		return switchKind
	case "state":
		return stateKind
	case "outcome":
		return outcomeKind
	}
	return textKind
}

func flagName(parameter string) string { return strings.ReplaceAll(parameter, "_", "-") }

func (call *reportCall) addFlag(c *cobra.Command, parameter queries.Parameter) {
	f := &reportFlag{Parameter: parameter, text: parameter.Default}
	call.flags = append(call.flags, f)
	about := asFlags(parameter.About)
	if parameter.Required {
		about += " (required)"
	}
	name := flagName(parameter.Name)
	flag := c.Flags().VarPF(f, name, "", about)
	if kindOf(parameter.Name) == switchKind {
		flag.NoOptDefVal = "true"
		flag.Usage = strings.TrimPrefix(flag.Usage, "1: ")
	}
	_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(wordsOf(parameter), cobra.ShellCompDirectiveNoFileComp))
}

// asFlags names other parameters the way they are typed here.
func asFlags(about string) string { return parameterWord.ReplaceAllString(about, "--$1") }

var parameterWord = regexp.MustCompile(`(?:\B|^):([a-z]\w*)`)

// wordsOf are the words that a parameter takes; none where any will do. Of
// states, they are those that its line in the header names.
func wordsOf(parameter queries.Parameter) []string {
	var words []string
	switch kindOf(parameter.Name) {
	case stateKind:
		for _, word := range stateWords() {
			if strings.Contains(parameter.About, word) {
				words = append(words, word)
			}
		}
	case outcomeKind:
		for _, o := range []db.Outcome{db.Complete, db.Partial, db.Failure, db.Interrupted} {
			words = append(words, string(o))
		}
	case switchKind:
		words = []string{"true", "false"}
	}
	return words
}

// takesSeveral says that commas may part the words.
func takesSeveral(parameter queries.Parameter) bool {
	return strings.Contains(parameter.About, "several")
}

// Set implements the flag. A report takes one value of each parameter; the
// last of two would win without a word.
func (f *reportFlag) Set(text string) error {
	if f.given {
		return errors.New("a report takes it once")
	}
	f.text, f.given = text, true
	return nil
}

func (f *reportFlag) String() string { return f.text }

// Type is the word for a value in help.
func (f *reportFlag) Type() string { return string(kindOf(f.Name)) }

// check refuses what can't be meant, and sets the values.
func (call *reportCall) check(now time.Time) error {
	call.values = map[string]any{}
	var missing []string
	for _, f := range call.flags {
		switch {
		case f.given:
			value, err := f.value(now)
			if err != nil {
				return err
			}
			call.values[f.Name] = value
		case f.Required:
			missing = append(missing, "--"+flagName(f.Name))
		}
	}
	if missing != nil {
		return usageError("report %s needs %s; see `importarchive report %[1]s --help`", call.query.Name, strings.Join(missing, " and "))
	}
	if call.wantsPage() && call.values["cluster"] != nil {
		return usageError("--format html of the overview is the page of all clusters: leave --cluster away, or take another format")
	}
	return call.checkTimes(now)
}

// value gives the value to bind.
func (f *reportFlag) value(now time.Time) (any, error) {
	flag := "--" + flagName(f.Name)
	switch kind := kindOf(f.Name); {
	case f.text == "":
		return nil, usageError("%s is empty", flag)
	case kind == timeKind:
		t, err := parseTime(f.text, now)
		if err != nil {
			return nil, usageError("%s %w", flag, err)
		}
		return spellTime(t), nil
	case kind == numberKind:
		return numberOf(f.Name, f.text)
	case kind == switchKind:
		on, err := strconv.ParseBool(f.text)
		if err != nil {
			return nil, usageError("%s %q is neither true nor false", flag, f.text)
		}
		if !on {
			return int64(0), nil
		}
		return int64(1), nil
	}
	return f.text, f.checkWords(flag)
}

func (f *reportFlag) checkWords(flag string) error {
	allowed, words := wordsOf(f.Parameter), []string{f.text}
	if allowed == nil {
		return nil
	}
	if takesSeveral(f.Parameter) {
		words = strings.Split(f.text, ",")
	}
	for _, word := range words {
		if err := oneOf(flag, word, allowed); err != nil {
			return err
		}
	}
	return nil
}

// numberOf reads a whole number. Days and hours end where SQLite's dates do:
// beyond them its answer is NULL, and a report would be empty.
func numberOf(name, text string) (any, error) {
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
		return nil, usageError("--%s %q is not a whole number", name, text)
	case n < least:
		return nil, usageError("--%s %d is below %d", name, n, least)
	case n > most:
		return nil, usageError("--%s %d is above %d", name, n, most)
	}
	return n, nil
}

// checkTimes compares times with each other and with the clock.
func (call *reportCall) checkTimes(now time.Time) error {
	text := func(name string) string { s, _ := call.values[name].(string); return s }
	present := spellTime(now)
	if at := text("at"); at > present {
		return inTheFuture("at", at)
	}
	if from := text("from"); from >= present {
		return inTheFuture("from", from)
	}
	if to := text("to"); to != "" && text("from") == "" && to <= spellTime(now.AddDate(0, 0, -1)) {
		return usageError("--to (%s) is not after --from, which is a day ago where it is not given", to)
	}
	for _, pair := range [][2]string{{"since", "until"}, {"from", "to"}} {
		if from, to := text(pair[0]), text(pair[1]); from != "" && to != "" && from >= to {
			return usageError("--%s (%s) is not before --%s (%s): nothing could match", pair[0], from, pair[1], to)
		}
	}
	if call.values["days"] != nil && text("since") != "" {
		return usageError("--days and --since both say where to begin: give one of them")
	}
	return nil
}

func inTheFuture(flag, time string) error {
	return usageError("--%s (%s) is not in the past", flag, time)
}

// clusters is the one cluster that was asked for, if any.
func (call *reportCall) clusters() []string {
	if name, ok := call.values["cluster"].(string); ok {
		return []string{name}
	}
	return nil
}

// moments are the times whose state of things the report tells of.
func (call *reportCall) moments() []string {
	var times []string
	for _, name := range []string{"from", "to", "at"} {
		if t, ok := call.values[name].(string); ok {
			times = append(times, t)
		}
	}
	return times
}

// filters spells what the rows are limited to, as flags: what was given, then
// the defaults in force. How many rows are wanted is no filter.
func (call *reportCall) filters() (given, defaults []string) {
	for _, f := range call.flags {
		word := "--" + flagName(f.Name)
		if kindOf(f.Name) != switchKind {
			word += " " + f.text
		}
		switch {
		case f.Name == "limit" || f.text == "":
		case f.given:
			given = append(given, word)
		case !call.overridden(f.Name):
			defaults = append(defaults, word)
		}
	}
	return given, defaults
}

func (call *reportCall) overridden(name string) bool {
	return name == "days" && call.values["since"] != nil
}

// defaultRows is how many rows the report gives when nobody says how many; 0
// for all.
func (call *reportCall) defaultRows() int {
	i := slices.IndexFunc(call.flags, func(f *reportFlag) bool { return f.Name == "limit" && !f.given })
	if i < 0 {
		return 0
	}
	n, err := strconv.Atoi(call.flags[i].Default)
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// describe says what a report is of, for formats that show it.
func (call *reportCall) describe() string {
	given, _ := call.filters()
	if len(given) == 0 {
		return call.query.About
	}
	return fmt.Sprintf("%s Asked with %s.", call.query.About, strings.Join(given, " "))
}
