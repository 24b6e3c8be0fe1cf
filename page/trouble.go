package page

import (
	"cmp"
	"fmt"
	"slices"

	"importarchive/page/fleet"
	"importarchive/page/rowset"
	"importarchive/queries"
	"importarchive/report"
)

const (
	fleetShown = 12  // clusters in trouble that the page shows unfolded …
	fleetMost  = 200 // … and in all
	fleetRows  = 500 // of the table of clusters, which is folded where it is longer than
	fleetSmall = 20
)

// notSynced is the freshness of a cluster that the settings lack. Like one that is
// switched off it grows old for ever, and that is no trouble.
const notSynced = "not synced"

// lastRuns is a query that fetchers run like a report. It finds each cluster's
// newest run that ended by an index: a join would read all runs.
var lastRuns = queries.Query{Name: "last-runs", SQL: `
	SELECT c.name AS cluster, r.error_kind, r.error, r.rejected, r.absences_denied
	FROM clusters AS c
	JOIN runs AS r ON r.id = (SELECT id FROM runs WHERE cluster = c.name AND outcome IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1)`}

// judge judges the clusters, and orders all results of one row a cluster: those in
// trouble first, those that are not synced last. synced has the names of those that
// are; nil: that is not known.
func (o *overview) judge(newest *rowset.Set, synced []string) {
	runs, retained := newest.ByCluster(), o.retention.ByCluster()
	var all []fleet.Cluster
	place := map[string]int{} // those that are well have none
	for _, row := range o.overview.Rows {
		g := &o.overview
		name := g.Text(row, "cluster")
		if synced != nil && !slices.Contains(synced, name) {
			row[slices.Index(g.Names, "freshness")] = notSynced
		}
		if word := g.Text(row, "freshness"); word == off || word == notSynced {
			place[name] = len(o.overview.Rows) + 2
			o.off++
			continue
		}
		cl := fleet.Cluster{Name: name, Freshness: g.Text(row, "freshness"), Failures: g.Count(row, "failures"), Outcome: g.Text(row, "last_outcome")}
		cl.Rejected = g.Count(row, "rejects") // of the newest whole listing: a quick run may have read none of them
		cl.Age, _ = g.Number(row, "age_seconds")
		if run := runs[cl.Name]; run != nil {
			cl.ErrorKind, cl.Error = newest.Text(run, "error_kind"), newest.Text(run, "error")
			cl.Rejected, cl.Denied = max(cl.Rejected, newest.Count(run, "rejected")), newest.Count(run, "absences_denied")
		}
		if kept := retained[cl.Name]; kept != nil {
			cl.Retention = o.retention.Text(kept, "verdict")
		}
		all = append(all, cl)
	}
	o.trouble = fleet.InTrouble(all)
	for i := range o.trouble {
		place[o.trouble[i].Name] = i + 1
	}
	for _, g := range []*rowset.Set{&o.overview, &o.retention, &o.clusters} {
		name := "cluster"
		if g == &o.clusters {
			name = "name"
		}
		slices.SortStableFunc(g.Rows, func(a, b []any) int {
			return cmp.Compare(cmp.Or(place[g.Text(a, name)], len(o.overview.Rows)+1), cmp.Or(place[g.Text(b, name)], len(o.overview.Rows)+1))
		})
	}
}

// troubled is a cluster in trouble as the page shows it.
type troubled struct{ Name, Href, Class, Word, Says string }

// troubles are the clusters in trouble: those to show at once, and the others.
type troubles struct {
	First, Others []troubled
	From          int // the number of the first of the others
	Note          string
	More          *link
}

// shownTrouble returns the list at the head of the page. A page about one cluster
// says the same in its lead.
func (o *overview) shownTrouble() *troubles {
	if len(o.trouble) == 0 || len(o.overview.Rows) < 2 {
		return nil
	}
	s := &troubles{From: fleetShown + 1}
	for _, t := range o.trouble[:min(fleetMost, len(o.trouble))] {
		item := troubled{Name: shown(t.Name), Class: "unsure", Word: t.Word, Says: report.Printable(t.Says)}
		if t.Bad {
			item.Class = "bad"
		}
		if o.overview.Address != "" {
			item.Href = clusterPage(t.Name)
		}
		s.First = append(s.First, item)
	}
	if len(s.First) > fleetShown {
		s.First, s.Others = s.First[:fleetShown], s.First[fleetShown:]
	}
	if n := len(o.trouble); n > fleetMost {
		s.Note = fmt.Sprintf("The worst %d of %s.", fleetMost, report.Grouped(int64(n)))
	}
	return s
}

// well counts the clusters that are not in trouble.
func (o *overview) well() string {
	said := report.Plural(int64(len(o.overview.Rows)-len(o.trouble)-o.off), "cluster is", "clusters are") + " well"
	if o.off > 0 {
		said += ", " + report.Plural(int64(o.off), "is", "are") + " not synced"
	}
	return said
}

// lead describes the state of the archive in a sentence.
func (o *overview) lead() string {
	clusters, wrong := int64(len(o.overview.Rows)), int64(len(o.trouble))
	switch {
	case clusters == 0:
		return "Nothing has been archived yet. The first sync brings the first cluster."
	case clusters == 1 && o.off == 1:
		return o.overview.Text(o.overview.Rows[0], "cluster") + " is not synced: the settings lack it, or switch it off. This is what was known before."
	case clusters == 1 && wrong == 0:
		return "The archive of " + o.overview.Text(o.overview.Rows[0], "cluster") + " is fresh."
	case clusters == 1:
		return fmt.Sprintf("%s is in trouble, %s: %s.", o.trouble[0].Name, o.trouble[0].Word, o.trouble[0].Says)
	case wrong == 0 && o.off == 0:
		return "All " + report.Grouped(clusters) + " clusters are fresh."
	case wrong == 0:
		return o.well() + "."
	}
	return fmt.Sprintf("%s of %s clusters %s: %s.", report.Grouped(wrong), report.Grouped(clusters),
		map[bool]string{true: "is in trouble", false: "are in trouble"}[wrong == 1], fleet.Summary(o.trouble))
}
