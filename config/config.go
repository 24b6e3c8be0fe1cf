// Package config reads the settings file. [Load] returns a [Config], or
// [Problems]: everything that is wrong with the file, each problem with its line.
//
// Begin with [Load] and with [settings.config], which reads all tables. Then read
// one table, such as backup.go. A setting passes through these files:
//
//	file.go      reads the file and decodes the TOML
//	lines.go     finds the line of every key, for the messages
//	keys.go      has every key and its default, and suggests a key for a typo
//	table.go     reads the keys of one table
//	values.go    checks types, ranges and words
//	env.go       replaces ${NAME} by a variable of the environment
//	key.go       reads secrets from the settings or from files
//	network.go   reads certificates and proxies
//	schedule.go  parses schedules and time zones
//
// The other files have one table each: cluster, serve, notify, export, backup and
// retention.
//
// A message never contains the value of a secret or of a variable; it names the
// key or the variable. A secret in a Config is a function that reads it at each
// use, so that a new key file takes effect at the next request.
//
// Loading the settings opens neither the network nor the archive nor a key file. The
// command check does that.
package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"importarchive/network"
	"importarchive/sync/remote"
)

// Config has all settings: variables are replaced, durations and schedules are
// parsed, defaults are filled in, and every cluster has its own values.
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
}

// Archive is the [archive] table.
type Archive struct {
	Path string // as typed: relative to the working directory, not to the settings file
}

// Sync is the [sync] table. Settings that a cluster can override are also in each
// [Cluster]; read them there.
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

	Network network.Settings

	Quick         bool          // a listing may end early where that has proven safe
	CompleteEvery time.Duration // how old the newest complete listing may be then
}

// Cluster is one [[clusters]] table, with the settings that it inherits from
// [sync]. Its [remote.Target] is complete and checked.
type Cluster struct {
	Name string
	remote.Target
	Schedule  Schedule
	Enabled   bool // false: the service does not sync it, and its archive stays
	GoneAfter int
	Details   bool

	CompleteEvery time.Duration // 0: every listing is complete
}

// Log is the [log] table.
type Log struct {
	Level  string // trace, debug, info, warn or error
	Format string // auto, console or json
}

// The values of Log.
var (
	LogLevels  = []string{"trace", "debug", "info", "warn", "error"}
	LogFormats = []string{"auto", "console", "json"}
)

// Load reads a settings file. The error is [Problems]. Key files are not opened:
// [remote.Target.Key] does that at each use.
func Load(path string, lookupenv func(string) (string, bool)) (*Config, error) {
	_, cfg, err := LoadText(path, lookupenv)
	return cfg, err
}

// LoadText also returns the file's text.
func LoadText(path string, lookupenv func(string) (string, bool)) ([]byte, *Config, error) {
	text, err := ReadFile(path)
	if err != nil {
		return nil, nil, Problems{{File: path, Text: err.Error()}}
	}
	cfg, err := Parse(path, text, lookupenv)
	return text, cfg, err
}

// Parse reads the text of a settings file. The messages begin with name.
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

// Problem is one mistake in the settings. Its text contains neither a value from
// the environment nor any part of a secret.
type Problem struct {
	File string // as the caller named it
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

// Problems are all mistakes in the settings, in the order of the file.
type Problems []Problem

// Error returns all problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// config reads all tables. It adds every mistake to the problems; if there are
// any, the Config is not usable.
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
	cfg.Notify = root.table("notify").notify(&cfg.Sync)
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
	return cfg
}

func (t *table) sync() Sync {
	zone := t.timezone("timezone")
	return Sync{
		Schedule:  t.schedule("schedule", zone),
		Timezone:  zone,
		OnStart:   t.boolean("on_start"),
		Parallel:  t.integer("parallel", 1, 1024, "it takes 1 to 1024"),
		PageSize:  t.integer("page_size", 1, 100, "it takes 1 to 100, for zilliz-v1 5 to 100"),
		Timeout:   t.timeout("timeout"),
		RetryFor:  t.duration("retry_for", 0, time.Hour, "it takes 0s (one try) to 1h"),
		Rate:      t.rate("rate"),
		GoneAfter: t.integer("gone_after", 1, 100, "it takes 1 to 100"),
		Details:   t.boolean("details"),

		Network: t.network(network.Settings{}),

		Quick:         t.boolean("quick"),
		CompleteEvery: t.completeEvery("complete_every"),
	}
}

// completeEvery is at most a day, because only a complete listing shows that a job
// is gone.
func (t *table) completeEvery(key string) time.Duration {
	return t.duration(key, time.Minute, 24*time.Hour, "it takes 1m to 24h")
}

func (t *table) timeout(key string) time.Duration {
	return t.duration(key, 1, 10*time.Minute, "it takes more than 0s, up to 10m")
}

func (t *table) rate(key string) float64 {
	return t.number(key, 0, 1000, "it takes 0 (no limit) to 1000")
}

// sorted returns the problems in the order of the file, those without a line
// first. It drops repetitions: all clusters may inherit one bad value.
func (f *settings) sorted() Problems {
	ps := f.problems
	if len(f.unset) > 0 {
		ps = append(ps, Problem{File: f.name, Text: "not set in the environment: " + f.unset.String()})
	}
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.Line - b.Line })
	return slices.Compact(ps)
}
