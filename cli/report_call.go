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

// reportCall is one call of a saved report: its flags, and the values of its
// parameters that follow from them.
type reportCall struct {
	query  *queries.Query
	output *output
	flags  []*reportFlag
	values map[string]any
}

// reportFlag is a parameter as a flag.
type reportFlag struct {
	queries.Parameter
	text  string
	given bool
}

// asFlag spells a parameter as a flag.
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
	completeFlag(c, name, report.WordsOf(parameter))
}

// Set implements [pflag.Value]. It refuses a flag that is given twice: only the
// last value would count.
func (f *reportFlag) Set(text string) error {
	if f.given {
		return errors.New("a report takes it once")
	}
	f.text, f.given = text, true
	return nil
}

func (f *reportFlag) String() string { return f.text }

// Type is the word for the value in the help.
func (f *reportFlag) Type() string { return string(report.KindOf(f.Name)) }

// check refuses flags that make no sense, and sets the values.
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
		return usageError("--format html of the overview is the page of all clusters: remove --cluster, or choose another format")
	}
	return nil
}

// clusters returns the cluster of the flag, if it is given.
func (call *reportCall) clusters() []string {
	if name, ok := call.values["cluster"].(string); ok {
		return []string{name}
	}
	return nil
}

// filters returns the filters as flags: those that are given, and the defaults
// that apply. The limit is not a filter.
func (call *reportCall) filters() (given, defaults []string) {
	for _, f := range call.flags {
		word := asFlag(f.Name)
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

// defaultRows returns the report's default limit; 0 where it has none, or where
// --limit is given.
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

// describe says what the report shows, for formats that have a place for it.
func (call *reportCall) describe() string {
	given, _ := call.filters()
	if len(given) == 0 {
		return call.query.About
	}
	return fmt.Sprintf("%s Filtered by %s.", call.query.About, strings.Join(given, " "))
}

// nothing says why there are no rows.
func (call *reportCall) nothing() string {
	given, defaults := call.filters()
	for i := range defaults {
		defaults[i] += " (the default)"
	}
	if all := append(given, defaults...); len(all) > 0 {
		return "nothing matches " + report.Printable(strings.Join(all, " "))
	}
	return "the archive has nothing of this kind"
}

// wantsPage reports whether the result is the whole page: the overview in HTML.
func (call *reportCall) wantsPage() bool {
	return call.query.Name == "overview" && call.output.name() == "html"
}
