// Package check is the command `check`. It checks the settings, the archive and
// its surroundings, and the service of every cluster, and gives advice for each
// problem. It reads from the services: one page of the list, one job and the names
// of the databases. It stores nothing, leaves no file behind and creates no archive. Package cli prints
// the result.
//
// A check is a function that takes an [Env] and returns findings. A finding is ok,
// a note (worth knowing) or a problem (exit code 3). A note or a problem usually
// comes with advice.
//
// Begin with [Run], which has the list of all checks in the order of the output.
// To add a check, write such a function and add it there. The files are
//
//	archive.go    the archive, its integrity, the clock, the disk
//	backup.go     the backups of the service
//	schedule.go   schedules, and the folders for files of the service
//	cluster.go    all checks of one cluster
//	service.go    the key, the service, its clock, its databases
//	times.go      the service's own times of jobs
//	lists.go      clusters that read one list
//	retention.go  schedules against the service's retention, network file systems
//	pages.go      the secrets of the pages
//	notify.go     the addresses for notices
package check

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"time"

	"importarchive/config"
)

// Env is what checks read.
type Env struct {
	Config    *config.Config
	Archive   *sql.DB // read-only connections; nil: the archive is missing or can't be read
	Now       func() time.Time
	Transport http.RoundTripper // nil: the network
}

// Result has the findings of all checks. Its JSON is public.
type Result struct {
	OK     bool      `json:"ok"` // no finding is a problem
	Checks []Finding `json:"checks"`
}

// Finding is one result of a check.
type Finding struct {
	Check   string  `json:"check"`
	Cluster *string `json:"cluster"` // nil: about no cluster, or several
	Status  string  `json:"status"`
	Found   string  `json:"found"`
	Advice  *string `json:"advice"` // nil: there is nothing to do
}

// The values of Status.
const (
	OK      = "ok"
	Note    = "note"
	Problem = "problem"
)

// Run opens the archive of the settings and runs all checks.
func Run(ctx context.Context, env Env) Result {
	archive, found := openArchive(ctx, env.Config.Archive.Path)
	if archive != nil {
		defer archive.Close()
	}
	env.Archive = archive
	result := Result{OK: true, Checks: append(settings(ctx, &env), found...)}
	for _, check := range []func(context.Context, *Env) []Finding{
		writable, integrity, archiveClock, fileSystem, disk, backups, folders, clusters, retention, pages, notices, schedules,
	} {
		result.Checks = append(result.Checks, check(ctx, &env)...)
	}
	for i := range result.Checks {
		result.OK = result.OK && result.Checks[i].Status != Problem
	}
	return result
}

func ok(check, format string, args ...any) Finding {
	return Finding{Check: check, Status: OK, Found: fmt.Sprintf(format, args...)}
}

func note(check, advice, format string, args ...any) Finding {
	return Finding{Check: check, Status: Note, Found: fmt.Sprintf(format, args...), Advice: &advice}
}

func problem(check, advice, format string, args ...any) Finding {
	return Finding{Check: check, Status: Problem, Found: fmt.Sprintf(format, args...), Advice: &advice}
}

// broken is a problem whose error already says what to do.
func broken(check string, err error) Finding {
	return Finding{Check: check, Status: Problem, Found: err.Error()}
}

func (f Finding) of(cluster string) Finding {
	f.Cluster = &cluster
	return f
}
