package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"importarchive/queries"
	"importarchive/report"
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

// asFlag spells a parameter the way it is typed here.
func asFlag(parameter string) string { return "--" + flagName(parameter) }

func flagName(parameter string) string { return strings.ReplaceAll(parameter, "_", "-") }

func (call *reportCall) addFlag(c *cobra.Command, parameter queries.Parameter) {
	f := &reportFlag{Parameter: parameter, text: parameter.Default}
	call.flags = append(call.flags, f)
	about := report.Respell(parameter.About, asFlag)
	if parameter.Required {
		about += " (required)"
	}
	name := flagName(parameter.Name)
	flag := c.Flags().VarPF(f, name, "", about)
	if report.KindOf(parameter.Name) == report.SwitchKind {
		flag.NoOptDefVal = "true"
		flag.Usage = strings.TrimPrefix(flag.Usage, "1: ")
	}
	_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(report.WordsOf(parameter), cobra.ShellCompDirectiveNoFileComp))
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
func (f *reportFlag) Type() string { return string(report.KindOf(f.Name)) }

// check refuses what can't be meant, and sets the values.
func (call *reportCall) check(now time.Time) (err error) {
	given := report.Given{Text: map[string]string{}, Spell: asFlag}
	for _, f := range call.flags {
		given.Parameters = append(given.Parameters, f.Parameter)
		if f.given {
			given.Text[f.Name] = f.text
		}
	}
	if missing := given.Missing(); missing != nil {
		for i, name := range missing {
			missing[i] = given.Spell(name)
		}
		return usageError("report %s needs %s; see `importarchive report %[1]s --help`", call.query.Name, strings.Join(missing, " and "))
	}
	if call.values, err = given.Values(now); err != nil {
		return usageError("%w", err)
	}
	if call.wantsPage() && call.values["cluster"] != nil {
		return usageError("--format html of the overview is the page of all clusters: leave --cluster away, or take another format")
	}
	return nil
}

// clusters is the one cluster that was asked for, if any.
func (call *reportCall) clusters() []string {
	if name, ok := call.values["cluster"].(string); ok {
		return []string{name}
	}
	return nil
}

// filters spells what the rows are limited to, as flags: what was given, then
// the defaults in force. How many rows are wanted is no filter.
func (call *reportCall) filters() (given, defaults []string) {
	for _, f := range call.flags {
		word := "--" + flagName(f.Name)
		if report.KindOf(f.Name) != report.SwitchKind {
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
