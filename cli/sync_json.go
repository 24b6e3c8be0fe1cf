package cli

import (
	"time"

	"importarchive/db"
)

// syncJSON is what `sync --json` writes.
type syncJSON struct {
	DryRun  bool         `json:"dry_run"`
	Runs    []runJSON    `json:"runs"`
	Changes []changeJSON `json:"changes,omitempty"`
}

// runJSON has the columns of the view runs.
type runJSON struct {
	ID         *int64  `json:"id"`
	Cluster    string  `json:"cluster"`
	Trigger    string  `json:"trigger"`
	StartedAt  string  `json:"started_at"`
	FinishedAt string  `json:"finished_at"`
	Outcome    string  `json:"outcome"`
	Pages      int     `json:"pages"`
	Requests   int     `json:"requests"`
	Retries    int     `json:"retries"`
	Listed     int     `json:"listed"`
	Appeared   int     `json:"appeared"`
	Moved      int     `json:"moved"`
	Gone       int     `json:"gone"`
	Returned   int     `json:"returned"`
	Rejected   int     `json:"rejected"`
	ErrorKind  *string `json:"error_kind"`
	Error      *string `json:"error"`
	Seconds    float64 `json:"seconds"`
}

func runOf(r *db.Run, dry bool) runJSON {
	j := runJSON{
		ID: &r.ID, Cluster: r.Cluster.Name, Trigger: string(r.Trigger),
		StartedAt: spellTime(r.StartedAt), FinishedAt: spellTime(r.FinishedAt), Outcome: string(r.Outcome),
		Pages: r.Pages, Requests: r.Requests, Retries: r.Retries, Listed: r.Listed,
		Appeared: r.Appeared, Moved: r.Moved, Gone: r.Gone, Returned: r.Returned, Rejected: r.Rejected,
		ErrorKind: nullable(r.ErrorKind), Error: nullable(r.Error), Seconds: runSeconds(r),
	}
	if dry {
		j.ID = nil
	}
	return j
}

// changeJSON is one change of a dry run, in the words of the view transitions.
type changeJSON struct {
	Cluster    string  `json:"cluster"`
	JobID      string  `json:"job_id"`
	Kind       string  `json:"kind"`
	Collection string  `json:"collection"`
	From       string  `json:"from_state"`
	To         string  `json:"to_state"`
	NotBefore  *string `json:"not_before"`
	ObservedAt string  `json:"observed_at"`
}

func changeOf(cluster string, c *db.Change) changeJSON {
	j := changeJSON{
		Cluster: cluster, JobID: c.Job.ID, Kind: string(c.Kind), Collection: c.Job.Collection,
		From: string(c.FromState), To: string(c.Job.State), NotBefore: spellKnown(c.NotBefore), ObservedAt: spellTime(c.ObservedAt),
	}
	return j
}

func spellKnown(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := spellTime(t)
	return &s
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
