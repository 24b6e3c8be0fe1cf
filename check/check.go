// Package check is the command `check`: it looks at the settings, the archive
// and its surroundings, and every cluster's service, and says what to do about
// each problem. It writes nothing and makes no archive.
//
// A check is a function that takes an [Env] and gives findings. [Run] has the
// list of them, in the order in which they are printed: add a new one there. A
// finding is ok, a note (worth knowing) or a problem (exit code 3), and a
// problem comes with advice. Printing is the business of package cli.
package check

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"time"

	"importarchive/config"
)

// Env is everything that checks look at.
type Env struct {
	Config    *config.Config
	Archive   *sql.DB // connections that only read; nil: there is no archive that can be read
	Now       func() time.Time
	Transport http.RoundTripper // nil: the network
}

// Result is what all checks found. Its JSON is public.
type Result struct {
	OK     bool      `json:"ok"` // no finding is a problem
	Checks []Finding `json:"checks"`
}

// Finding is what one check found.
type Finding struct {
	Check   string  `json:"check"`
	Cluster *string `json:"cluster"` // nil: of no single cluster
	Status  string  `json:"status"`
	Found   string  `json:"found"`
	Advice  *string `json:"advice"` // nil: there is nothing to do
}

// The words of Status.
const (
	OK      = "ok"
	Note    = "note"
	Problem = "problem"
)

// Run opens the archive of the settings and makes all checks.
func Run(ctx context.Context, env Env) Result {
	archive, found := openArchive(ctx, env.Config.Archive.Path)
	if archive != nil {
		defer archive.Close()
	}
	env.Archive = archive
	result := Result{OK: true, Checks: append(settings(ctx, &env), found...)}
	for _, check := range []func(context.Context, *Env) []Finding{
		integrity, archiveClock, fileSystem, disk, backups, folders, clusters, retention, notices, schedules,
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

// broken is a problem whose error says itself what to do.
func broken(check string, err error) Finding {
	return Finding{Check: check, Status: Problem, Found: err.Error()}
}

func (f Finding) of(cluster string) Finding {
	f.Cluster = &cluster
	return f
}
