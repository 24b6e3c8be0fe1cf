package cli

import (
	"time"

	"importarchive/db"
)

// syncJSON is what `sync --json` writes.
type syncJSON struct {
	DryRun bool      `json:"dry_run"`
	Runs   []runJSON `json:"runs"`
	*dryJSON
}

// dryJSON stands there in a dry run only.
type dryJSON struct {
	Changes []changeJSON `json:"changes"`
	Rejects []rejectJSON `json:"rejects"`
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

	Described      int `json:"described"`
	DescribeFailed int `json:"describe_failed"`

	AbsencesAsked       int `json:"absences_asked"`
	AbsencesConfirmed   int `json:"absences_confirmed"`
	AbsencesDenied      int `json:"absences_denied"`
	AbsencesUndecided   int `json:"absences_undecided"`
	AbsencesUnconfirmed int `json:"absences_unconfirmed"`
}

func runOf(r *db.Run, dry bool) runJSON {
	j := runJSON{
		ID: &r.ID, Cluster: r.Cluster.Name, Trigger: string(r.Trigger),
		StartedAt: spellTime(r.StartedAt), FinishedAt: spellTime(r.FinishedAt), Outcome: string(r.Outcome),
		Pages: r.Pages, Requests: r.Requests, Retries: r.Retries, Listed: r.Listed,
		Appeared: r.Appeared, Moved: r.Moved, Gone: r.Gone, Returned: r.Returned, Rejected: r.Rejected,
		ErrorKind: nullable(r.ErrorKind), Error: nullable(r.Error), Seconds: runSeconds(r),
		Described: r.Described, DescribeFailed: r.DescribeFailed,
		AbsencesAsked: r.Absences.Asked, AbsencesConfirmed: r.Absences.Confirmed, AbsencesDenied: r.Absences.Denied,
		AbsencesUndecided: r.Absences.Undecided, AbsencesUnconfirmed: r.Absences.Unconfirmed,
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
	Collection *string `json:"collection"`
	Kind       string  `json:"kind"`
	From       *string `json:"from_state"`
	To         *string `json:"to_state"`
	FromRaw    *string `json:"from_raw_state"`
	ToRaw      *string `json:"to_raw_state"`
	NotBefore  *string `json:"not_before"`
	ObservedAt string  `json:"observed_at"`
}

func changeOf(cluster string, c *db.Change) changeJSON {
	from, to, fromRaw, toRaw := c.Turn()
	return changeJSON{
		Cluster: cluster, JobID: c.Job.ID, Collection: nullable(c.Job.Collection), Kind: string(c.Kind),
		From: nullable(string(from)), To: nullable(string(to)), FromRaw: nullable(fromRaw), ToRaw: nullable(toRaw),
		NotBefore: spellKnown(c.NotBefore), ObservedAt: spellTime(c.ObservedAt),
	}
}

// rejectJSON is one reject of a dry run, in the words of the view rejects.
type rejectJSON struct {
	Cluster string `json:"cluster"`
	At      string `json:"at"`
	Reason  string `json:"reason"`
	Raw     string `json:"raw"`
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
