package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"importarchive/config"
	"importarchive/queries"
	"importarchive/report"
)

// oneOf refuses a word that is not among the allowed ones.
func oneOf(what, word string, allowed []string) error {
	if slices.Contains(allowed, word) {
		return nil
	}
	return usageError("%s %q is not one of %s", what, word, strings.Join(allowed, ", "))
}

// completeFlag offers words to the shell's completion of a flag's value.
func completeFlag(c *cobra.Command, flag string, words []string) {
	// It fails for an unknown flag only.
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// timeFlag parses the value of a flag such as --since into a time as the
// archive spells it. An empty value stays empty.
func timeFlag(name, value string, now time.Time) (string, error) {
	if value == "" {
		return "", nil
	}
	t, err := report.ParseTime(value, now)
	if err != nil {
		return "", usageError("--%s %w", name, err)
	}
	return queries.SpellTime(t), nil
}

// configured refuses values of --cluster that are not in the settings.
func configured(cfg *config.Config, names []string) error {
	for _, name := range names {
		if err := oneOf("--cluster", name, cfg.Names()); err != nil {
			return err
		}
	}
	return nil
}

// switchedOn also refuses those that the settings switch off.
func switchedOn(cfg *config.Config, names []string) error {
	for _, name := range names {
		if slices.Contains(cfg.Off(), name) {
			return usageError("%s is switched off in the settings: remove enabled = false from its table", name)
		}
	}
	return configured(cfg, names)
}
