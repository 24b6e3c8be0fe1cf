package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"importarchive/db"
	"importarchive/report"
	"importarchive/status"
)

func (p *program) statusCommand() *cobra.Command {
	var asJSON, live bool
	c := &cobra.Command{
		Use:   "status",
		Short: "How fresh the archive is, per cluster: last run, gaps, jobs by state",
		Long: `Show how fresh the archive is.

A cluster of the settings is "fresh" if its last conclusive run (complete or quick)
ended no longer ago than twice its schedule, "stale" if that is longer ago, and
"never" if there was none. The exit code is 3 unless all are fresh. A cluster that the
settings switch off is "off", which is no trouble. A cluster that is in the archive and
not in the settings is shown without a freshness.

--json gives one object:

  now                     the present time, to which ages are counted; times are UTC
  archive                 the file
  stale                   whether any cluster of the settings is stale or never: exit code 3
  clock_behind_seconds    by how much the newest time in the archive is ahead of the clock, or null
  clusters[]              those of the settings in their order, then those that are only in the archive
    name, in_settings
    freshness             fresh, stale, never, off; null when not in the settings
    last_complete_at      when the newest complete listing ended, or null
    last_conclusive_at    when the newest conclusive run (complete or quick) ended, or null
    age_seconds           since last_conclusive_at, or null
    stale_after_seconds   twice the schedule
    running_since         when the run that is not finished began, or null
    last_run              the newest finished run, or null: id, triggered_by, started_at,
                          finished_at, outcome, error_kind, error, rejected (records that
                          could not be archived),
                          described, describe_failed (queries for single jobs)
    clock_doubt           why its ages can't be judged, and nothing of it is pruned, or null
    failures              runs in a row that were not conclusive
    rejects               records of the newest whole listing that could not be archived
    listed, open_jobs, archived
    jobs                  archived jobs by outcome: pending, running, unknown (listed and
                          not finished), completed, failed, cancelled, lost
  gaps[]                  open gaps, then the newest that ended within 24 hours:
                          cluster, started_at, ended_at (null: open), seconds, expected_seconds

--live doesn't read the archive. It sends a health check to the running service, at
serve.listen of the settings. The exit code is 0 if the service is alive, else 1. It is
for health checks of containers and supervisors.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case live && asJSON:
				return usageError("--live and --json don't go together")
			case live:
				return p.live(c.Context())
			}
			return p.status(c.Context(), asJSON)
		},
	}
	c.Flags().BoolVar(&live, "live", false, "only check that the running service is alive")
	c.Flags().BoolVar(&asJSON, "json", false, "print one object instead of text")
	return c
}

func (p *program) status(ctx context.Context, asJSON bool) error {
	cfg, reader, err := p.readArchive(ctx)
	if err != nil {
		return err
	}
	defer reader.Close()
	r := &status.Reader{Archive: reader, Config: cfg, Now: p.Now}
	s, err := r.Read(ctx)
	if err != nil {
		return err
	}
	show := p.showStatus
	if asJSON {
		show = func(s *status.Status) error { return p.writeJSON(s) }
	}
	if err := show(s); err != nil {
		return err
	}
	if s.Stale {
		return errAttention
	}
	return nil
}

func (p *program) showStatus(s *status.Status) error {
	fmt.Fprintf(p.Stdout, "%s at %s UTC: %s\n\n", s.Archive, toSecond(s.Now), verdict(s))
	if err := p.showClusters(s); err != nil {
		return err
	}
	if err := p.showJobCounts(s); err != nil {
		return err
	}
	if len(s.Gaps) > 0 {
		if err := p.showGaps(s); err != nil {
			return err
		}
	}
	if remarks := remarksOn(s); len(remarks) > 0 {
		fmt.Fprintln(p.Stdout)
		for _, r := range remarks {
			fmt.Fprintln(p.Stdout, report.Printable(r))
		}
	}
	return nil
}

func verdict(s *status.Status) string {
	total, bad, off := 0, 0, 0
	for i := range s.Clusters {
		if s.Clusters[i].InSettings {
			total++
		}
		if s.Clusters[i].Off() {
			off++
		}
		if s.Clusters[i].NotFresh() {
			bad++
		}
	}
	switch {
	case bad > 0:
		return fmt.Sprintf("%d of %d clusters not fresh", bad, total)
	case off > 0:
		return fmt.Sprintf("%d of %d clusters fresh, the others are switched off", total-off, total)
	case total == 1:
		return "the cluster is fresh"
	}
	return fmt.Sprintf("all %d clusters are fresh", total)
}

func (p *program) showClusters(s *status.Status) error {
	now, err := time.Parse(db.TimeFormat, s.Now)
	if err != nil {
		return err
	}
	var rows [][]any
	for i := range s.Clusters {
		cl := &s.Clusters[i]
		freshness := "not in the settings"
		if cl.Freshness != nil {
			freshness = *cl.Freshness
		}
		rows = append(rows, []any{
			cl.Name, freshness, ago(cl.AgeSeconds), runForPeople(cl, now),
			cl.Failures, cl.Listed, cl.Open, cl.Archived,
		})
	}
	return p.writeTable([]string{"cluster", "freshness", "last conclusive", "last run", "failures", "listed", "open jobs", "archived"}, rows)
}

// runForPeople describes the run under way, or else how the last one ended.
func runForPeople(cl *status.Cluster, now time.Time) any {
	switch {
	case cl.RunningSince != nil:
		return "running for " + report.Span(status.Since(now, *cl.RunningSince))
	case cl.LastRun == nil:
		return nil
	}
	age := status.Since(now, cl.LastRun.FinishedAt).Seconds()
	rejects := ""
	if n := cl.LastRun.Rejected; n > 0 {
		rejects = ", " + report.Counted(n, "reject") + ","
	}
	return fmt.Sprintf("%s%s %s", cl.LastRun.Outcome, rejects, ago(&age))
}

func ago(age *float64) any {
	if age == nil {
		return nil
	}
	return report.Span(report.Seconds(*age)) + " ago"
}

func (p *program) showJobCounts(s *status.Status) error {
	var rows [][]any
	for i := range s.Clusters {
		if j := s.Clusters[i].Jobs; s.Clusters[i].Archived > 0 {
			rows = append(rows, []any{s.Clusters[i].Name, j.Pending, j.Running, j.Unknown, j.Completed, j.Failed, j.Cancelled, j.Lost})
		}
	}
	if rows == nil {
		return nil
	}
	fmt.Fprintln(p.Stdout)
	return p.writeTable([]string{"jobs", "pending", "running", "unknown", "completed", "failed", "cancelled", "lost"}, rows)
}

func (p *program) showGaps(s *status.Status) error {
	var rows [][]any
	for _, g := range s.Gaps {
		var end any = "still open"
		if g.EndedAt != nil {
			end = toSecond(*g.EndedAt)
		}
		rows = append(rows, []any{g.Cluster, toSecond(g.StartedAt), end, report.Span(report.Seconds(g.Seconds)), report.Span(report.Seconds(g.ExpectedSeconds))})
	}
	fmt.Fprintln(p.Stdout)
	return p.writeTable([]string{"gaps", "started_at", "ended_at", "lasted", "expected every"}, rows)
}

// remarksOn lists what needs attention.
func remarksOn(s *status.Status) []string {
	var lines []string
	for i := range s.Clusters {
		cl := &s.Clusters[i]
		switch {
		case cl.Freshness == nil || *cl.Freshness == status.Fresh:
		case cl.Off():
			lines = append(lines, cl.Name+" is switched off in the settings: nothing syncs it, and its archive stays")
			continue
		case *cl.Freshness == status.Never:
			lines = append(lines, cl.Name+" never had a conclusive run")
		case *cl.AgeSeconds == 0:
			lines = append(lines, cl.Name+" counts as stale: its newest conclusive run has a time that is still to come, so its age is unknown")
		default:
			lines = append(lines, fmt.Sprintf("%s is stale: no conclusive run for %s, twice its schedule is %s",
				cl.Name, report.Span(report.Seconds(*cl.AgeSeconds)), report.Span(report.Seconds(*cl.StaleAfterSeconds))))
		}
		if cl.ClockDoubt != nil && cl.InSettings {
			lines = append(lines, fmt.Sprintf("%s: %s: its ages are not judged, and nothing of it is pruned; %s", cl.Name, *cl.ClockDoubt, db.MendClock))
		}
		if cl.InSettings && cl.LastRun != nil && cl.LastRun.Error != nil {
			lines = append(lines, lastError(cl))
		}
		if cl.InSettings && cl.Rejects > 0 {
			lines = append(lines, fmt.Sprintf("%s: the newest whole listing had %s without a usable id, which are not archived; the view rejects has samples",
				cl.Name, report.Counted(cl.Rejects, "record")))
		}
		if cl.InSettings && cl.LastRun != nil && cl.LastRun.DescribeFailed > 0 {
			lines = append(lines, fmt.Sprintf("%s: the last run could not get details of %s; the next run tries again",
				cl.Name, report.Counted(cl.LastRun.DescribeFailed, "job")))
		}
	}
	if s.ClockBehindSeconds != nil {
		lines = append(lines, fmt.Sprintf("the newest time in the archive is %s ahead of this machine's clock: new times are held until the clock catches up; the view runs says which run's clock was wrong, and by how much",
			report.SpanUp(report.Seconds(*s.ClockBehindSeconds))))
	}
	return lines
}

func lastError(cl *status.Cluster) string {
	ended := "was " + cl.LastRun.Outcome
	if cl.LastRun.Outcome == string(db.Failure) {
		ended = "failed"
	}
	if cl.Failures > 1 {
		ended += fmt.Sprintf(" (%d in a row not conclusive)", cl.Failures)
	}
	return fmt.Sprintf("%s: the last run %s: %s", cl.Name, ended, shortened(*cl.LastRun.Error))
}

func shortened(s string) string {
	if r := []rune(strings.TrimSpace(s)); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return strings.TrimSpace(s)
}
