package export

import (
	"fmt"
	"slices"
	"strings"

	"importarchive/queries"
	"importarchive/report"
)

// Dataset is the content of one file: a public view, or all rows of a saved report
// with the defaults of its parameters.
type Dataset struct {
	Name  string // as users type it
	Kind  string // [OfView] or [OfReport]
	Query queries.Query
}

// The kinds of datasets.
const (
	OfView   = "view"
	OfReport = "report"
)

// reportPrefix distinguishes a report from the view of the same name.
const reportPrefix = "report:"

// Datasets returns all datasets, the views first.
func Datasets() []Dataset {
	views := viewDatasets()
	all := views
	for _, q := range queries.Reports() {
		if wants(q) != "" {
			continue
		}
		d := Dataset{Name: q.Name, Kind: OfReport, Query: q}
		if slices.ContainsFunc(views, func(v Dataset) bool { return v.Name == q.Name }) {
			d.Name = reportPrefix + q.Name
		}
		all = append(all, d)
	}
	return all
}

func viewDatasets() (all []Dataset) {
	for _, q := range queries.Views() {
		all = append(all, Dataset{Name: q.Name, Kind: OfView, Query: q})
	}
	return all
}

// Names returns the names of datasets.
func Names(datasets []Dataset) (names []string) {
	for i := range datasets {
		names = append(names, datasets[i].Name)
	}
	return names
}

// DatasetNamed returns one dataset. Where a view and a report have the same name, it
// means the view. With "report:" before it, a name means the report.
func DatasetNamed(name string) (Dataset, error) {
	all := Datasets()
	bare, asReport := strings.CutPrefix(name, reportPrefix)
	for i := range all {
		if all[i].Name == name || asReport && all[i].Kind == OfReport && all[i].Query.Name == bare {
			return all[i], nil
		}
	}
	for _, q := range queries.Reports() {
		if q.Name == bare && wants(q) != "" {
			return Dataset{}, fmt.Errorf("%q has no answer without --%s, which an export does not take: use `report %s`", name, wants(q), bare)
		}
	}
	return Dataset{}, fmt.Errorf("%q is none of %s", name, strings.Join(Names(all), ", "))
}

// DefaultDatasets returns what an export contains by default: all public views, or
// as HTML the page about the whole archive.
func DefaultDatasets(f report.Format) []Dataset {
	if f.Name == pageFormat {
		return []Dataset{{Name: pageDataset, Kind: OfReport, Query: queries.Report(pageDataset)}}
	}
	return viewDatasets()
}

// The dataset that in HTML is a whole page instead of a table.
const (
	pageFormat  = "html"
	pageDataset = "overview"
)

// Takes reports whether the dataset has this parameter.
func (d *Dataset) Takes(parameter string) bool {
	return slices.ContainsFunc(d.Query.Parameters, func(p queries.Parameter) bool { return p.Name == parameter })
}

// The parameters of incremental exports.
const (
	sinceID      = "since_id"
	changedSince = "changed_since"
)

// rowLimit is the parameter for the number of rows; 0 is all of them.
const rowLimit = "limit"

// wants names a parameter that a query requires; "" for none.
func wants(q queries.Query) string {
	for _, p := range q.Parameters {
		if p.Required {
			return p.Name
		}
	}
	return ""
}

// fileName returns the name of the dataset's file, which no other dataset has.
func (d *Dataset) fileName(f report.Format) string {
	name := d.Query.Name
	if strings.HasPrefix(d.Name, reportPrefix) {
		name += "-report"
	}
	return name + "." + f.Name
}

// timeColumns returns the places of columns for the time range, the best first: the
// time at which a row changed, or else all columns of times in their order.
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

// Distinct drops repetitions.
func Distinct(all []Dataset) []Dataset {
	var out []Dataset
	for _, d := range all {
		if !slices.ContainsFunc(out, func(o Dataset) bool { return o.Name == d.Name }) {
			out = append(out, d)
		}
	}
	return out
}
