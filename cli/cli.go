// Package cli is the program as a person meets it: commands, settings, exit
// codes. It is the only package that reads flags, the environment and the
// settings file; everything it does is done by the packages it wires together.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"importarchive/config"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Env is everything outside the program.
type Env struct {
	Args           []string // without the program's name
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Now            func() time.Time
	Transport      http.RoundTripper
	Hangups        func() <-chan os.Signal // catches SIGHUP from then on; without a call it ends the program, as usual. nil: none come

	StdoutWidth    int  // columns of the terminal that stdout is; 0: no terminal
	StderrTerminal bool // progress and console logs make sense
}

// System is the real outside.
func System() *Env {
	e := &Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Now: time.Now,
		Transport:      transport(),
		Hangups:        catchHangups,
		StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if stdout := int(os.Stdout.Fd()); term.IsTerminal(stdout) {
		e.StdoutWidth = 80 // of a terminal that doesn't say
		if width, _, err := term.GetSize(stdout); err == nil && width > 0 {
			e.StdoutWidth = width
		}
	}
	return e
}

func catchHangups() <-chan os.Signal {
	hangups := make(chan os.Signal, 1) // one more that comes while one is dealt with is enough
	signal.Notify(hangups, syscall.SIGHUP)
	return hangups
}

// transport takes the environment's proxies, which companies need. Clusters that
// sync at the same time often share a host: with the two idle connections of
// the default most of them would make another for each page.
func transport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = t.MaxIdleConns
	return t
}

// Exit codes. They are a promise to scripts.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong command line or settings; nothing was touched
	exitLook   = 3 // done, but something needs a look
)

// exitError is an error with an exit code of its own; others mean exitFailed.
type exitError struct {
	code int
	err  error // nil: what there is to say has been said
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

var errNeedsALook = &exitError{code: exitLook}

// Main runs one command and gives the exit code. The context's end asks for a
// clean stop.
func Main(ctx context.Context, env *Env) int {
	// Most of the heap is what runs know of jobs, which stays and holds no pointers,
	// so collecting is cheap: at half of Go's default, a first sync of a million
	// jobs takes as long, and 13 MiB less.
	if _, set := env.LookupEnv("GOGC"); !set {
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

// program is one call of the program: the outside and the global flags.
type program struct {
	*Env
	configPath, logLevel, logFormat string
}

// Commands is the tree of all commands, for what is made from it: man pages
// and completions.
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
		p.checkCommand(), p.backupCommand(), p.pruneCommand(), p.versionCommand(),
	)
	strictBuiltins(root)
	return root
}

// strictBuiltins makes cobra's own commands refuse what they don't know, as
// ours do.
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

// noArguments refuses what stands where a command or nothing is wanted.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasSubCommands() {
		return usageError("there is no command %q; see `%s --help`", args[0], c.CommandPath())
	}
	return usageError("%s takes no argument %q; see `%s --help`", c.Name(), args[0], c.CommandPath())
}

// settingsPath is where the settings file is.
func (p *program) settingsPath() string {
	path := p.configPath
	if path == "" {
		path, _ = p.LookupEnv("IMPORTARCHIVE_CONFIG")
	}
	return cmp.Or(path, "config.toml")
}

// settings loads the settings file and lays the global flags over it.
func (p *program) settings() (*config.Config, error) {
	cfg, err := config.Load(p.settingsPath(), p.LookupEnv)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return cfg, p.overlayLog(&cfg.Log)
}

func (p *program) overlayLog(log *config.Log) error {
	for _, flag := range []struct {
		name, value string
		allowed     []string
		setting     *string
	}{{"log-level", p.logLevel, config.LogLevels, &log.Level}, {"log-format", p.logFormat, config.LogFormats, &log.Format}} {
		if flag.value == "" {
			continue
		}
		if err := oneOf("--"+flag.name, flag.value, flag.allowed); err != nil {
			return err
		}
		*flag.setting = flag.value
	}
	return nil
}

// oneOf refuses a word that is not among those allowed.
func oneOf(what, word string, allowed []string) error {
	if slices.Contains(allowed, word) {
		return nil
	}
	return usageError("%s %q is not one of %s", what, word, strings.Join(allowed, ", "))
}

// logger writes to w.
func (p *program) logger(w io.Writer, log config.Log) zerolog.Logger {
	return p.timed(zerolog.New(p.logLines(w, log)).Level(logLevel(log)))
}

// logLines gives lines for people on a terminal, JSON elsewhere, unless the
// settings want one of them.
func (p *program) logLines(w io.Writer, log config.Log) io.Writer {
	if log.Format == "console" || log.Format == "auto" && p.StderrTerminal {
		return zerolog.ConsoleWriter{Out: w, NoColor: !p.StderrTerminal || p.noColor(), TimeFormat: time.DateTime}
	}
	return w
}

func logLevel(log config.Log) zerolog.Level {
	level, err := zerolog.ParseLevel(log.Level)
	if err != nil {
		return zerolog.InfoLevel // the settings let no other word through
	}
	return level
}

// timed gives each line its time.
func (p *program) timed(log zerolog.Logger) zerolog.Logger {
	now := p.Now
	return log.Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Time(zerolog.TimestampFieldName, now().UTC())
	}))
}

// noColor says that colours are not wanted, or that the terminal knows none.
func (p *program) noColor() bool {
	value, set := p.LookupEnv("NO_COLOR")
	term, _ := p.LookupEnv("TERM")
	return set && value != "" || term == "dumb"
}
