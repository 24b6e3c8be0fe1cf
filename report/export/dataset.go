package export

import (
	"fmt"
	"slices"
	"strings"

	"importarchive/queries"
	"importarchive/report"
)

// Dataset is what an export writes a file of: a public view, or what a saved
// report finds with the defaults of its parameters, however many rows those are.
type Dataset struct {
	Name  string // as it is asked for
	Kind  string // [OfView] or [OfReport]
	Query queries.Query
}

// The kinds of datasets.
const (
	OfView   = "view"
	OfReport = "report"
)

// reportPrefix tells a report from the view of the same name.
const reportPrefix = "report:"

// Datasets gives all that can be exported, the views first.
func Datasets() ([]Dataset, error) {
	views, err := viewDatasets()
	if err != nil {
		return nil, err
	}
	reports, err := queries.Reports()
	if err != nil {
		return nil, err
	}
	all := views
	for _, q := range reports {
		if wants(q) != "" {
			continue
		}
		d := Dataset{Name: q.Name, Kind: OfReport, Query: q}
		if slices.ContainsFunc(views, func(v Dataset) bool { return v.Name == q.Name }) {
			d.Name = reportPrefix + q.Name
		}
		all = append(all, d)
	}
	return all, nil
}

func viewDatasets() ([]Dataset, error) {
	views, err := queries.Views()
	var all []Dataset
	for _, q := range views {
		all = append(all, Dataset{Name: q.Name, Kind: OfView, Query: q})
	}
	return all, err
}

// DatasetNames lists what [DatasetNamed] knows.
func DatasetNames() ([]string, error) {
	all, err := Datasets()
	var names []string
	for i := range all {
		names = append(names, all[i].Name)
	}
	return names, err
}

// DatasetNamed gives one dataset. A name that a view and a report have is the
// view's; "report:" before it means the report, and may stand before any.
func DatasetNamed(name string) (Dataset, error) {
	all, err := Datasets()
	if err != nil {
		return Dataset{}, err
	}
	bare, asReport := strings.CutPrefix(name, reportPrefix)
	for i := range all {
		if all[i].Name == name || asReport && all[i].Kind == OfReport && all[i].Query.Name == bare {
			return all[i], nil
		}
	}
	if q, err := queries.Report(bare); err == nil && wants(q) != "" {
		return Dataset{}, fmt.Errorf("%q has no answer without --%s, which an export can't be told: use `report %s`", name, wants(q), bare)
	}
	names, err := DatasetNames()
	if err == nil {
		err = fmt.Errorf("%q is none of %s", name, strings.Join(names, ", "))
	}
	return Dataset{}, err
}

// DefaultDatasets is what is exported when nobody says: all public views, and
// as HTML the one page about everything.
func DefaultDatasets(f report.Format) ([]Dataset, error) {
	if f.Name == pageFormat {
		d, err := DatasetNamed(pageDataset)
		return []Dataset{d}, err
	}
	return viewDatasets()
}

// The dataset that is a page of its own in HTML, and not just a table.
const (
	pageFormat  = "html"
	pageDataset = "overview"
)

// Takes reports whether a parameter narrows the dataset down.
func (d *Dataset) Takes(parameter string) bool {
	return slices.ContainsFunc(d.Query.Parameters, func(p queries.Parameter) bool { return p.Name == parameter })
}

// The parameters of incremental exports.
const (
	sinceID      = "since_id"
	changedSince = "changed_since"
)

// rowLimit is the parameter for how many rows there are; 0 is all of them.
const rowLimit = "limit"

// wants names the parameter without which a query has no answer.
func wants(q queries.Query) string {
	for _, p := range q.Parameters {
		if p.Required {
			return p.Name
		}
	}
	return ""
}

// fileName is the dataset's file. Two datasets never share one.
func (d *Dataset) fileName(f report.Format) string {
	name := d.Query.Name
	if strings.HasPrefix(d.Name, reportPrefix) {
		name += "-report"
	}
	return name + "." + f.Name
}

// timeColumns are the places of the columns that a time range can be told of,
// the best first: the one that says when a row came to be as it is, or else any
// that has times, in their order.
func timeColumns(t *report.Table) (places []int) {
	for _, name := range []string{"changed_at", "observed_at"} {
		if i := slices.Index(t.Columns, name); i >= 0 {
			return []int{i}
		}
	}
	for i, c := range t.Described {
		if c.Type == queries.Time || c.Type == queries.Day {
			places = append(places, i)
		}
	}
	return places
}
