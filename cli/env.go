package cli

import (
	"cmp"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"importarchive/config"
)

// Env is all that the program takes from outside.
type Env struct {
	Args           []string // without the program's name
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Now            func() time.Time
	Transport      http.RoundTripper       // nil: the network, as the settings say
	Hangups        func() <-chan os.Signal // starts to catch SIGHUP, which ends the program otherwise; nil: there are no signals

	StdoutWidth    int  // columns of the terminal; 0: stdout is no terminal
	StderrTerminal bool // stderr is a terminal: show progress, and log for people
}

// System returns the Env of this process.
func System() *Env {
	e := &Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Now: time.Now,
		Hangups:        catchHangups,
		StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if stdout := int(os.Stdout.Fd()); term.IsTerminal(stdout) {
		e.StdoutWidth = 80 // for a terminal that doesn't report its size
		if width, _, err := term.GetSize(stdout); err == nil && width > 0 {
			e.StdoutWidth = width
		}
	}
	return e
}

func catchHangups() <-chan os.Signal {
	hangups := make(chan os.Signal, 1) // one reload in waiting reads the newest settings anyway
	signal.Notify(hangups, syscall.SIGHUP)
	return hangups
}

// noColor reports whether the user wants no colours, or the terminal has none.
func (e *Env) noColor() bool {
	value, set := e.LookupEnv("NO_COLOR")
	term, _ := e.LookupEnv("TERM")
	return set && value != "" || term == "dumb"
}

// settingsPath returns the path of the settings file.
func (p *program) settingsPath() string {
	path := p.configPath
	if path == "" {
		path, _ = p.LookupEnv("IMPORTARCHIVE_CONFIG")
	}
	return cmp.Or(path, "config.toml")
}

// settings loads the settings file and applies the global flags to it.
func (p *program) settings() (*config.Config, error) {
	cfg, err := config.Load(p.settingsPath(), p.LookupEnv)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return cfg, p.overlayLog(&cfg.Log)
}

// overlayLog applies --log-level and --log-format.
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

// logger returns a log that writes to w: for people on a terminal, else as JSON,
// unless the settings choose one.
func (p *program) logger(w io.Writer, log config.Log) zerolog.Logger {
	if log.Format == "console" || log.Format == "auto" && p.StderrTerminal {
		w = zerolog.ConsoleWriter{Out: w, NoColor: !p.StderrTerminal || p.noColor(), TimeFormat: time.DateTime}
	}
	level, _ := zerolog.ParseLevel(log.Level) // the settings accept only levels
	now := p.Now
	return zerolog.New(w).Level(level).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Time(zerolog.TimestampFieldName, now().UTC())
	}))
}
