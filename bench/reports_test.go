package bench_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/bench"
	"importarchive/db/sqlite"
	"importarchive/migrations"
	"importarchive/queries"
	"importarchive/report"
)

var (
	jobs    = flag.Int("jobs", 100_000, "how many jobs the archive to ask has")
	every   = flag.Duration("every", time.Hour, "how often its clusters were listed")
	archive = flag.String("archive", "", "this archive, built where it is missing; without it one in the temporary folder")
	only    = flag.String("only", "", "only these reports, by name, with commas between")
)

// longestWait is how long a report may take before it is given up.
const longestWait = 20 * time.Second

// allowed is how long a report may take: a tenth of a second on a million
// jobs, a quarter on ten million.
func allowed() time.Duration {
	if *jobs > 1_000_000 {
		return 250 * time.Millisecond
	}
	return 100 * time.Millisecond
}

// BenchmarkReports asks every saved report with its defaults and with its
// filters, to the end of its rows. "first" is what a command pays: opening the
// archive, planning, and a cache without a page in it; then the same reader is
// asked again. At the end stands a table, the slowest first.
func BenchmarkReports(b *testing.B) {
	path := built(b)
	all := queries.Reports()
	now := time.Now().UTC()
	job := aJob(b, path)
	var measured []measurement
	for _, q := range all {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), q.Name) {
			continue
		}
		for _, c := range cases(q, now, job) {
			m := measure(b, path, q, c)
			if testing.Verbose() {
				fmt.Printf("%-14s %-24s %10.1f %10.1f %8d\n", m.report, m.filter, milliseconds(m.first), milliseconds(m.next), m.rows)
			}
			measured = append(measured, m)
		}
	}
	show(measured)
	b.ReportMetric(0, "ns/op") // the loop that the testing package times is not what is measured
}

type measurement struct {
	report, filter string
	first, next    time.Duration
	rows           int
}

// measure takes the least of three readers: the machine is shared, and the
// least is nearest to what the program itself needs.
func measure(b *testing.B, path string, q queries.Query, c filtered) measurement {
	m := measurement{report: q.Name, filter: c.name, first: longestWait, next: longestWait}
	ctx, cancel := context.WithTimeout(b.Context(), longestWait)
	defer cancel()
	for range 3 {
		began := time.Now()
		reader, err := sqlite.OpenReader(ctx, path)
		if err != nil {
			b.Fatal(err)
		}
		m.rows, err = ask(ctx, reader, q, c.values)
		m.first = min(m.first, time.Since(began))
		if err == nil {
			began = time.Now()
			_, err = ask(ctx, reader, q, c.values)
			m.next = min(m.next, time.Since(began))
		}
		reader.Close()
		switch {
		case ctx.Err() != nil:
			return m
		case err != nil:
			b.Fatalf("%s with %s: %v", q.Name, c.name, err)
		}
	}
	return m
}

func ask(ctx context.Context, reader *sql.DB, q queries.Query, values map[string]any) (rows int, err error) {
	table, err := report.Saved(ctx, reader, q, values)
	if err != nil {
		return 0, err
	}
	for _, err := range table.Rows {
		if err != nil {
			return rows, err
		}
		rows++
	}
	return rows, nil
}

func show(measured []measurement) {
	slices.SortFunc(measured, func(a, b measurement) int { return int(b.first - a.first) })
	var text strings.Builder
	fmt.Fprintf(&text, "\n%-14s %-24s %10s %10s %8s\n", "report", "filter", "first ms", "ms", "rows")
	worst := map[string]bool{}
	for _, m := range measured {
		mark := ""
		if !worst[m.report] {
			mark = " the report's worst"
		}
		worst[m.report] = true
		if m.first > allowed() {
			mark += " TOO SLOW"
		}
		fmt.Fprintf(&text, "%-14s %-24s %10.1f %10.1f %8d%s\n", m.report, m.filter,
			milliseconds(m.first), milliseconds(m.next), m.rows, mark)
	}
	os.Stdout.WriteString(text.String())
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// filtered is a report with values for its parameters.
type filtered struct {
	name   string
	values map[string]any
}

// cases returns the filters that a report has, alone and together. A value is
// once common, once so rare that a plan which walks until it has found enough
// walks to the end.
func cases(q queries.Query, now time.Time, job string) []filtered {
	day := func(ago int) string { return now.AddDate(0, 0, -ago).Format(time.DateOnly) }
	month := func(ago int) string { return now.AddDate(0, -ago, 1-now.Day()).Format("2006-01") }
	all := []filtered{
		{"defaults", nil},
		{"cluster", map[string]any{"cluster": bench.Cluster}},
		{"collection", map[string]any{"collection": bench.Collection}},
		{"rare", map[string]any{"collection": bench.Rare}},
		{"cluster rare", map[string]any{"cluster": bench.Cluster, "collection": bench.Rare}},
		{"unknown cluster", map[string]any{"cluster": "unknown"}},
		{"unknown collection", map[string]any{"collection": "nothing"}},
		{"unknown both", map[string]any{"cluster": "unknown", "collection": "nothing"}},
		{"new day", map[string]any{"since": day(1)}},
		{"old day", map[string]any{"since": day(300), "until": day(299)}},
		{"until old", map[string]any{"until": day(360)}},
		{"until before all", map[string]any{"until": day(500)}},
		{"all since ever", map[string]any{"since": day(500)}},
		{"cluster old day", map[string]any{"cluster": bench.Cluster, "since": day(300), "until": day(299)}},
		{"collection old day", map[string]any{"collection": bench.Collection, "since": day(300), "until": day(299)}},
		{"cluster rare old day", map[string]any{"cluster": bench.Cluster, "collection": bench.Rare, "since": day(300), "until": day(299)}},
		{"cluster rare until old", map[string]any{"cluster": bench.Cluster, "collection": bench.Rare, "until": day(360)}},
		{"limit 1000", map[string]any{"limit": 1000}},
		{"cluster limit 1000", map[string]any{"cluster": bench.Cluster, "limit": 1000}},
		{"a year", map[string]any{"days": 365}},
		{"odd days and months", map[string]any{"since": month(11) + "-02", "until": month(1) + "-30"}},
		{"a year of rare", map[string]any{"days": 365, "collection": bench.Rare}},
		{"an hour", map[string]any{"hours": 1}},
		{"from an old day", map[string]any{"from": day(300), "to": day(299)}},
		{"from an old week rare", map[string]any{"from": day(300), "to": day(293), "collection": bench.Rare}},
		{"from a month cluster", map[string]any{"from": day(30), "to": day(0), "cluster": bench.Cluster}},
		{"at old", map[string]any{"at": day(300)}},
		{"at old cluster", map[string]any{"at": day(300), "cluster": bench.Cluster}},
		{"at old rare", map[string]any{"at": day(300), "collection": bench.Rare}},
		{"at old gone", map[string]any{"at": day(300), "gone": 1}},
		{"gone", map[string]any{"gone": 1}},
		{"at old limit 1000", map[string]any{"at": day(300), "limit": 1000}},
		{"at old running", map[string]any{"at": day(300), "gone": 1, "state": "running"}},
		{"at old unknown", map[string]any{"at": day(300), "gone": 1, "state": "unknown"}},
		{"at old completed", map[string]any{"at": day(300), "gone": 1, "state": "completed"}},
		{"at old failed", map[string]any{"at": day(300), "gone": 1, "state": "failed"}},
		{"at old cancelled", map[string]any{"at": day(300), "gone": 1, "state": "cancelled"}},
		{"at old lost cluster", map[string]any{"at": day(300), "gone": 1, "state": "lost", "cluster": bench.Cluster}},
		{"unknown", map[string]any{"gone": 1, "state": "unknown"}},
		{"from a year cluster", map[string]any{"from": day(365), "cluster": bench.Cluster}},
		{"failed", map[string]any{"state": "failed"}},
		{"partial", map[string]any{"outcome": "partial"}},
	}
	required := map[string]any{"job": job, "at": day(0)}
	var fit []filtered
	for _, c := range all {
		values := maps.Clone(c.values)
		if values == nil {
			values = map[string]any{}
		}
		knows := true
		for _, p := range q.Parameters {
			if v, ok := required[p.Name]; ok && p.Required && values[p.Name] == nil {
				values[p.Name] = v
			}
		}
		for name := range values {
			knows = knows && slices.ContainsFunc(q.Parameters, func(p queries.Parameter) bool { return p.Name == name })
		}
		if knows {
			fit = append(fit, filtered{c.name, values})
		}
	}
	return fit
}

// aJob returns the id of some job in the middle of the archive.
func aJob(b *testing.B, path string) (id string) {
	reader, err := sqlite.OpenReader(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	middle := time.Now().UTC().AddDate(0, 0, -180).Format(time.DateOnly)
	err = reader.QueryRowContext(b.Context(), "SELECT job_id FROM jobs WHERE first_seen_at > ? ORDER BY first_seen_at LIMIT 1", middle).Scan(&id)
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// built returns an archive to ask. One in the temporary folder is named after all
// that it depends on, so that an old one is never asked by mistake.
func built(b *testing.B) string {
	path := *archive
	if path == "" {
		schema := sha256.New()
		names, err := fs.Glob(migrations.Files, "*.sql")
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(migrations.Files, name)
			if err != nil {
				b.Fatal(err)
			}
			schema.Write(text)
		}
		path = filepath.Join(os.TempDir(), fmt.Sprintf("importarchive-%d-%s-%s-%x.db",
			*jobs, *every, time.Now().UTC().Format(time.DateOnly), schema.Sum(nil)[:4]))
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	began := time.Now()
	fmt.Printf("building %s\n", path)
	if err := bench.Build(b.Context(), path, bench.Shape{Jobs: *jobs, Every: *every, Now: began}); err != nil {
		b.Fatal(err)
	}
	fmt.Printf("built in %s\n", time.Since(began).Round(time.Second))
	return path
}
