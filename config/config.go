// Package config turns the settings file into a [Config].
//
// The way of a setting:
//
//	file.go      reads the file and decodes the TOML
//	lines.go     finds the line of every key, for the messages
//	table.go     gives one table of the file to the code that reads its keys
//	values.go    checks what a value is: its type, its range, its words
//	env.go       puts variables of the environment into texts
//	key.go       reads secrets, at each use, from the settings or a file
//	keys.go      knows every key and its default, and suggests one for a typo
//
// The other files have one table each: sync, clusters, serve, notify, export,
// backup, retention. [Load] returns either a Config without any problem or
// [Problems], which are all problems of the file at once, each with its line.
//
// A message never has the value of a secret or of a variable: it names the key
// or the variable. Secrets are functions, so that a key file that changes acts
// at the next request. Nothing here opens a network connection or the archive;
// the command check does that.
package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"importarchive/sync/remote"
)

// Config is the settings file, resolved: environment put in, durations and
// schedules parsed, defaults filled, every cluster with values of its own.
type Config struct {
	Archive   Archive
	Sync      Sync
	Clusters  []Cluster // at least one, in the order of the file
	Export    Export
	Backup    Backup
	Retention Retention
	Notify    Notify
	Serve     Serve
	Log       Log

	written map[string]digest // what the file says in each table and key: see changed
}

// Archive is the [archive] table.
type Archive struct {
	Path string // as typed: relative to the working directory, not to the settings file
}

// Sync is the [sync] table. What a cluster can override stands in each
// [Cluster] too, and is to be read there.
type Sync struct {
	Schedule  Schedule
	Timezone  *time.Location // of all schedules
	OnStart   bool
	Parallel  int
	PageSize  int
	Timeout   time.Duration
	RetryFor  time.Duration // 0: one try
	Rate      float64       // 0: no limit
	GoneAfter int
	Details   bool

	Quick         bool          // listings may end early where that has proven safe
	CompleteEvery time.Duration // then how old the newest complete one may be
}

// Cluster is one [[clusters]] table, with what it inherits from [sync]. Its
// [remote.Target] is complete and checked.
type Cluster struct {
	Name string
	remote.Target
	Schedule  Schedule
	GoneAfter int
	Details   bool

	CompleteEvery time.Duration // 0: every listing is complete
}

// Log is the [log] table.
type Log struct {
	Level  string // trace, debug, info, warn or error
	Format string // auto, console or json
}

var (
	LogLevels  = []string{"trace", "debug", "info", "warn", "error"}
	LogFormats = []string{"auto", "console", "json"}
)

// Load reads a settings file. The error is [Problems]: everything that
// is wrong with the file, so that it can be put right in one go. Key files
// are not opened: [remote.Target.Key] does that at each use.
func Load(path string, lookupenv func(string) (string, bool)) (*Config, error) {
	_, cfg, err := LoadText(path, lookupenv)
	return cfg, err
}

// LoadText gives the file's text too.
func LoadText(path string, lookupenv func(string) (string, bool)) ([]byte, *Config, error) {
	text, err := ReadFile(path)
	if err != nil {
		return nil, nil, Problems{{File: path, Text: err.Error()}}
	}
	cfg, err := Parse(path, text, lookupenv)
	return text, cfg, err
}

// Parse reads the text of a settings file. name stands in the messages.
func Parse(name string, data []byte, lookupenv func(string) (string, bool)) (*Config, error) {
	f, err := decodeSettings(name, data, lookupenv)
	if err != nil {
		return nil, err
	}
	cfg := f.config()
	if ps := f.sorted(); len(ps) > 0 {
		return nil, ps
	}
	return cfg, nil
}

// Problem is one thing wrong with the settings. Its text never has a value
// that came from the environment, nor any part of an API key.
type Problem struct {
	File string // as it was asked for
	Line int    // from 1; 0 when it has none
	Key  string // such as `clusters[2] "prod".page_size`, clusters counted from 1; "" when it is about the file
	Text string
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems is everything wrong with the settings, in the order of the file.
type Problems []Problem

// Error gives all problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// config reads the whole file. When something is wrong it has put that into
// the problems, and what it returns is not for use.
func (f *settings) config() *Config {
	root := f.newTable("", "", "", f.values)
	archive, log := root.table("archive"), root.table("log")
	path, _ := archive.path("path")
	cfg := &Config{
		Archive: Archive{Path: path.value},
		Sync:    root.table("sync").sync(),
		Serve:   root.table("serve").serve(),
	}
	cfg.Export = root.table("export").export(cfg.Sync)
	cfg.Backup = root.table("backup").backup(cfg.Sync)
	cfg.Notify = root.table("notify").notify()
	cfg.Retention = root.table("retention").retention(cfg.Sync)
	cfg.Log.Level = log.oneOf("level", LogLevels)
	cfg.Log.Format = log.oneOf("format", LogFormats)

	before := len(f.problems)
	clusters := root.tables("clusters")
	for _, t := range clusters {
		cfg.Clusters = append(cfg.Clusters, t.cluster(&cfg.Sync))
	}
	if len(clusters) == 0 && len(f.problems) == before {
		root.problem("clusters", "no cluster is set: add a [[clusters]] table")
	}
	distinctNames(clusters, cfg.Clusters)
	cfg.written = f.digests()
	return cfg
}

func (t *table) sync() Sync {
	zone := t.timezone("timezone")
	return Sync{
		Schedule:  t.schedule("schedule", zone),
		Timezone:  zone,
		OnStart:   t.boolean("on_start"),
		Parallel:  t.integer("parallel", 1, 256, "it takes 1 to 256"),
		PageSize:  t.integer("page_size", 1, 100, "it takes 1 to 100, for zilliz-v1 5 to 100"),
		Timeout:   t.duration("timeout", 1, maxTimeout, takesTimeout),
		RetryFor:  t.duration("retry_for", 0, time.Hour, "it takes 0s (one try) to 1h"),
		Rate:      t.number("rate", 0, maxRate, takesRate),
		GoneAfter: t.integer("gone_after", 1, 100, "it takes 1 to 100"),
		Details:   t.boolean("details"),

		Quick:         t.boolean("quick"),
		CompleteEvery: t.completeEvery(),
	}
}

// completeEvery is a day at the most: so late it may be seen that a job is gone.
func (t *table) completeEvery() time.Duration {
	return t.duration("complete_every", time.Minute, 24*time.Hour, "it takes 1m to 24h")
}

// The bounds of what clusters can override.
const (
	maxRate      = 1000
	takesRate    = "it takes 0 (no limit) to 1000"
	maxTimeout   = 10 * time.Minute
	takesTimeout = "it takes more than 0s, up to 10m"
)

// sorted gives the problems in the order of the file, those without a line
// first. Clusters that inherit one bad value say so once.
func (f *settings) sorted() Problems {
	ps := f.problems
	if len(f.unset) > 0 {
		ps = append(ps, Problem{File: f.name, Text: "not set in the environment: " + f.unset.String()})
	}
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.Line - b.Line })
	return slices.Compact(ps)
}
