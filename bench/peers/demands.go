package main

import (
	"fmt"
	"strings"
)

// demand is something that a user may count on.
type demand struct {
	what    string
	measure func(r *results) (float64, bool)
	most    bool // the limit is an upper one
	limit   float64
	format  string
}

// quotient is one subject's time over another's.
func quotient(one, other string) func(*results) (float64, bool) {
	return func(r *results) (float64, bool) { return r.ratio(one, other) }
}

// base is what a process may take before its first job, and perJob what each
// adds.
const (
	base   = 64 << 20
	perJob = 32
)

func memory(name string, jobs func(*results) int) func(*results) (float64, bool) {
	return func(r *results) (float64, bool) {
		m, ok := r.median(name)
		return float64(m.rss) / float64(base+perJob*jobs(r)), ok
	}
}

var demands = []demand{
	{"unchanged sync that goes on, of the bare fetch", quotient("long fetch", "long warm"), false, 0.4, "%.2f"},
	{"unchanged sync after a restart, of the bare fetch", quotient("long fetch", "long unchanged"), false, 0.25, "%.2f"},
	{"written by an unchanged sync, KiB", func(r *results) (float64, bool) {
		m, ok := r.median("long warm")
		return float64(m.written) / 1024, ok
	}, true, 64, "%.0f"},
	{"first sync, of the sqlite3 shell's .import", quotient("long .import", "long first"), false, 0.7, "%.2f"},
	{"first sync, times faster than naive Go", quotient("peers first naive Go", "peers first importarchive"), false, 3, "%.1f"},
	{"first sync, times faster than the shell", quotient("peers first shell", "peers first importarchive"), false, 4, "%.1f"},
	{"first sync, times faster than sqlite-utils", quotient("peers first sqlite-utils", "peers first importarchive"), false, 20, "%.1f"},
	{"unchanged sync by a new process, times faster than naive Go", quotient("peers unchanged naive Go", "peers unchanged importarchive"), false, 6, "%.1f"},
	{"unchanged sync by a new process, times faster than the shell", quotient("peers unchanged shell", "peers unchanged importarchive"), false, 8, "%.1f"},
	{"unchanged sync by a new process, times faster than sqlite-utils", quotient("peers unchanged sqlite-utils", "peers unchanged importarchive"), false, 15, "%.1f"},
	{"requests of a quick sync of the peers' list with 5 open jobs and 3 new ones", func(r *results) (float64, bool) {
		m, ok := r.median("quick")
		return float64(m.requests), ok
	}, true, 3, "%.0f"},
	{"memory of a first sync, of 64 MiB and 32 B a job", memory("long first", func(r *results) int { return r.jobs }), true, 1, "%.2f"},
	{"memory of an unchanged sync, of the same", memory("long unchanged", func(r *results) int { return r.jobs }), true, 1, "%.2f"},
	{"memory of a service, of the same", memory("long warm", func(r *results) int { return r.jobs }), true, 1, "%.2f"},
	{"growth of memory over unchanged syncs, percent", func(r *results) (float64, bool) {
		before, ok := r.median("memory before")
		after, too := r.median("memory after")
		return 100 * (float64(after.rss)/float64(before.rss) - 1), ok && too
	}, true, 5, "%.1f"},
	{"the long list against the peers', a job: time of a first sync", perJobRatio("long first", "peers first importarchive"), true, 1.1, "%.2f"},
	{"the same of an unchanged one", perJobRatio("long unchanged", "peers unchanged importarchive"), true, 1.1, "%.2f"},
	{"many clusters in one round, of requests times latency by how many go at once", func(r *results) (float64, bool) {
		m, ok := r.median("many unchanged")
		return m.seconds / (float64(m.requests) * latency.Seconds() / parallel), ok && m.requests > 0
	}, true, 1.3, "%.2f"},
	{"the greatest archive against many clusters, a job: time of a first sync", func(r *results) (float64, bool) {
		times, ok := r.ratio("great first", "many first")
		return times / (float64(r.great) / float64(r.each)), ok
	}, true, 1.1, "%.2f"},
	{"memory of an unchanged sync of it, of 64 MiB and 32 B a job", memory("great unchanged", func(r *results) int { return r.clusters * r.great }), true, 1, "%.2f"},
	{"file, bytes a job", func(r *results) (float64, bool) {
		m, ok := r.median("long first")
		return float64(m.file) / float64(r.jobs), ok
	}, true, 200, "%.0f"},
	{"start to first request, milliseconds", func(r *results) (float64, bool) {
		m, ok := r.median("start")
		return 1000 * m.seconds, ok
	}, true, 0, "%.0f"},
	{"binary, MiB", func(r *results) (float64, bool) { return mib(r.binaryBytes), true }, true, 0, "%.1f"},
}

func perJobRatio(long, short string) func(*results) (float64, bool) {
	return func(r *results) (float64, bool) {
		times, ok := r.ratio(long, short)
		return times / (float64(r.jobs) / float64(r.peerJobs)), ok
	}
}

// demands says which are met. A limit of nothing is none.
func (r *results) demands(s *strings.Builder) {
	s.WriteString("\n## Demands\n\n| | measured | demanded | |\n|---|---|---|---|\n")
	for _, d := range demands {
		v, ok := d.measure(r)
		if !ok {
			continue
		}
		sign, verdict := "at least", "met"
		if d.most {
			sign = "at most"
		}
		if d.most == (v > d.limit) && v != d.limit {
			verdict = "**not met**"
		}
		wanted := fmt.Sprintf("%s %g", sign, d.limit)
		if d.limit == 0 {
			wanted, verdict = "", ""
		}
		fmt.Fprintf(s, "| %s | "+d.format+" | %s | %s |\n", d.what, v, wanted, verdict)
	}
}
