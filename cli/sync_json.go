package cli

import (
	"importarchive/db"
	"importarchive/queries"
)

// syncJSON is the output of `sync --json`, which is public.
type syncJSON struct {
	DryRun bool      `json:"dry_run"`
	Runs   []runJSON `json:"runs"`
	*dryJSON
}

// dryJSON has what only a dry run prints.
type dryJSON struct {
	Changes []changeJSON `json:"changes"`
	Rejects []rejectJSON `json:"rejects"`
}

// add collects a batch.
func (d *dryJSON) add(cluster string, b db.Batch) {
	for i := range b.Changes {
		d.Changes = append(d.Changes, changeOf(cluster, &b.Changes[i]))
	}
	for _, j := range b.Rejects {
		d.Rejects = append(d.Rejects, rejectJSON{cluster, queries.SpellTime(j.At), j.Reason, j.Raw})
	}
}

// runJSON has the columns of the view runs.
type runJSON struct {
	ID         *int64  `json:"id"`
	Cluster    string  `json:"cluster"`
	Trigger    string  `json:"triggered_by"`
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

	ClockOffsetSeconds *float64 `json:"clock_offset_seconds"`
}

func runOf(r *db.Run, dry bool) runJSON {
	j := runJSON{
		ID: &r.ID, Cluster: r.Cluster.Name, Trigger: string(r.Trigger),
		StartedAt: queries.SpellTime(r.StartedAt), FinishedAt: queries.SpellTime(r.FinishedAt), Outcome: string(r.Outcome),
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
	if r.ClockOffset != nil {
		j.ClockOffsetSeconds = new(r.ClockOffset.Seconds())
	}
	return j
}

// changeJSON is one change of a dry run, with columns of the view transitions.
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
		NotBefore: nullableTime(c.NotBefore), ObservedAt: queries.SpellTime(c.ObservedAt),
	}
}

// rejectJSON is one reject of a dry run, with the columns of the view rejects.
type rejectJSON struct {
	Cluster string `json:"cluster"`
	At      string `json:"rejected_at"`
	Reason  string `json:"reason"`
	Raw     string `json:"raw"`
}
