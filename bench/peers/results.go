package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// results are what was measured, by the names of the subjects.
type results struct {
	*options
	took        map[string][]taken
	missing     map[string]bool // programs that are not installed
	binaryBytes int64
}

// median takes each measure's own.
func (r *results) median(name string) (m taken, ok bool) {
	all := r.took[name]
	return taken{
		seconds: middle(all, func(t taken) float64 { return t.seconds }), cpu: middle(all, func(t taken) float64 { return t.cpu }),
		rss: middle(all, func(t taken) int64 { return t.rss }), written: middle(all, func(t taken) int64 { return t.written }),
		requests: middle(all, func(t taken) int64 { return t.requests }), file: middle(all, func(t taken) int64 { return t.file }),
	}, len(all) > 0
}

func middle[T cmp.Ordered](all []taken, of func(taken) T) (m T) {
	var values []T
	for _, t := range all {
		values = append(values, of(t))
	}
	slices.Sort(values)
	if len(values) > 0 {
		m = values[len(values)/2]
	}
	return m
}

// ratio is how many times as long one took as another; ok where both were
// measured.
func (r *results) ratio(one, other string) (float64, bool) {
	a, ok := r.median(one)
	b, too := r.median(other)
	return a.seconds / b.seconds, ok && too && b.seconds > 0
}

func (r *results) write(path string) error {
	var s strings.Builder
	fmt.Fprintf(&s, `# Results

Written by `+"`go run -C bench ./peers`"+` on %s: %d cores of %s, %s. Medians of %d interleaved rounds; each subject is a process of its own, the service another. Read the ratios, not the seconds.
`, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOARCH, runtime.Version(), r.rounds)
	if len(r.missing) > 0 {
		fmt.Fprintf(&s, "\nNot installed, so what needs them is left out: %s.\n", strings.Join(slices.Sorted(maps.Keys(r.missing)), ", "))
	}
	r.demands(&s)
	r.subjects(&s, fmt.Sprintf("One cluster, %s jobs", grouped(r.jobs)), "long ", "fetch", r.jobs,
		"fetch", "fetch again", "decode", "first", ".import", "unchanged", "warm", "changed")
	r.subjects(&s, fmt.Sprintf("Peers, %s jobs, the first time", grouped(r.peerJobs)), "peers first ", "importarchive", r.peerJobs, r.peerNames()...)
	r.subjects(&s, fmt.Sprintf("Peers, %s jobs of which nothing has changed", grouped(r.peerJobs)), "peers unchanged ", "importarchive", r.peerJobs, r.peerNames()...)
	r.subjects(&s, fmt.Sprintf("%d clusters of %s jobs, the unchanged ones with a latency of %v", r.clusters, grouped(r.each), latency), "many ", "first", r.clusters*r.each,
		"first", "unchanged")
	r.subjects(&s, fmt.Sprintf("%d clusters of %s jobs, measured once", r.clusters, grouped(r.great)), "great ", "first", r.clusters*r.great,
		"first", "unchanged", "changed")
	s.WriteString(`
"fetch" reads and drops the bodies over as many connections as importarchive has pages in flight, "fetch again" is the same as a control of the noise, "decode" reads them with encoding/json. ".import" is the sqlite3 shell storing the same rows in the same schema. "unchanged" is a new process, which learns first
what the archive holds; "warm" a service that knows. "written" is what the kernel wrote for the process.
`)
	return os.WriteFile(path, []byte(s.String()), 0o644)
}

func (r *results) peerNames() (names []string) {
	for _, p := range peers {
		names = append(names, p.name)
	}
	return names
}

func (r *results) subjects(s *strings.Builder, title, prefix, unit string, jobs int, names ...string) {
	if _, ok := r.median(prefix + names[0]); !ok {
		return
	}
	fmt.Fprintf(s, "\n## %s\n\n| | seconds | times %s | jobs a second | processor seconds | memory at most, MiB | written, MiB | requests | file, MiB |\n|---|---|---|---|---|---|---|---|---|\n", title, unit)
	for _, name := range names {
		m, ok := r.median(prefix + name)
		if !ok {
			continue
		}
		times, _ := r.ratio(prefix+name, prefix+unit)
		fmt.Fprintf(s, "| %s | %.2f | %.2f | %s | %s | %s | %s | %s | %s |\n", name, m.seconds, times, grouped(int(float64(jobs)/m.seconds)),
			some(m.cpu, "%.2f"), some(mib(m.rss), "%.0f"), some(mib(m.written), "%.2f"), some(float64(m.requests), "%.0f"), some(mib(m.file), "%.1f"))
	}
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// some shows a measure, and nothing where there is none.
func some(v float64, format string) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// grouped has commas between thousands.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
