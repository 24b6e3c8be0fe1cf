// Package cli is the program on the command line. It is the only package that
// reads flags, the environment and the terminal. All work is done by the other
// packages: a command parses its flags, calls them, and prints the result.
//
// Read cli.go first: it has the exit codes, [Main] and the list of commands.
// Then read one command, such as backup.go. Every command has a file of its name, and
// a large one has a second file. All commands share only version.go and these:
//
//	env.go      the environment of the program, the settings, the log
//	flags.go    flags that several commands have, and what they accept
//	archive.go  opening the archive, and finding clusters and jobs in it
//	table.go    output: tables, JSON, colours, and cells that commands share
//	time.go     times in output
//	screen.go   the progress line on a terminal
//
// Results go to stdout, everything else to stderr: the log, hints and errors. A
// command that fails prints nothing to stdout.
//
// The exit code is 0 if the command has done its work, 1 if it failed, and 2 if
// the command line or the settings are wrong; then the command has not touched
// anything. It is 3 if the command has done its work and found something that
// needs attention, such as a stale cluster.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes are public: scripts depend on them.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2 // wrong command line or settings; nothing was touched
	exitAttention = 3 // done, but something needs attention
)

// exitError is an error with its own exit code; any other error means exitFailed.
type exitError struct {
	code int
	err  error // nil: there is no message, the output says it all
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

var errAttention = &exitError{code: exitAttention}

// Main runs one command and returns the exit code. When the context ends, the
// command stops cleanly.
func Main(ctx context.Context, env *Env) int {
	if _, set := env.LookupEnv("GOGC"); !set {
		// Most of the heap is the Known of each cluster, which stays and has no pointers,
		// so a collection is cheap. At half of Go's default, a first sync of a million
		// jobs takes as long as with the default, and needs 13 MiB less.
		debug.SetGCPercent(50)
	}
	p := &program{Env: env}
	root := p.commands()
	root.SetArgs(env.Args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitFailed, err}
	}
	if exit.err != nil {
		fmt.Fprintln(env.Stderr, "importarchive:", exit.err)
	}
	return exit.code
}

// program is one call of the program: its environment and the global flags.
type program struct {
	*Env
	configPath, logLevel, logFormat string
}

// Commands returns the tree of all commands, from which man pages and
// completions are generated.
func Commands() *cobra.Command { return (&program{Env: System()}).commands() }

func (p *program) commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "importarchive",
		Short: "The memory of your Zilliz Cloud and Milvus bulk imports",
		Long: "importarchive remembers every bulk-import job of your Zilliz Cloud and Milvus clusters,\n" +
			"after the service itself has forgotten it.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArguments,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.CompletionOptions.DisableDescriptions = false
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError("%w; see `%s --help`", err, c.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&p.configPath, "config", "", "settings `file` (default $IMPORTARCHIVE_CONFIG, then config.toml)")
	flags.StringVar(&p.logLevel, "log-level", "", "trace, debug, info, warn or error (default from the settings)")
	flags.StringVar(&p.logFormat, "log-format", "", "auto, console or json (default from the settings)")
	root.AddCommand(
		p.runCommand(), p.syncCommand(), p.demoCommand(),
		p.statusCommand(), p.jobsCommand(), p.historyCommand(), p.reportCommand(), p.exportCommand(),
		p.checkCommand(), p.backupCommand(), p.restoreCommand(), p.pruneCommand(), p.versionCommand(),
	)
	strictBuiltins(root)
	return root
}

// strictBuiltins makes cobra's own commands refuse wrong arguments, as ours do.
func strictBuiltins(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Args = noArguments
			c.RunE = func(c *cobra.Command, _ []string) error {
				return usageError("for which shell? see `%s --help`", c.CommandPath())
			}
		case "help":
			c.Args = func(_ *cobra.Command, words []string) error {
				if found, rest, err := root.Find(words); err != nil || len(rest) > 0 {
					return usageError("there is no command %q; see `%s --help`", strings.Join(words, " "), cmp.Or(found, root).CommandPath())
				}
				return nil
			}
		}
	}
}

// noArguments refuses every argument. Below a command with subcommands, an
// argument is an unknown command.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasSubCommands() {
		return usageError("there is no command %q; see `%s --help`", args[0], c.CommandPath())
	}
	return usageError("%s takes no argument %q; see `%s --help`", c.Name(), args[0], c.CommandPath())
}
