package config

import (
	"fmt"
	"slices"
	"strings"

	"importarchive/report"
	"importarchive/report/export"
)

// Export is the [export] table: what the service exports on schedule,
// and what the command export does where nothing else is asked for.
type Export struct {
	Schedule Schedule         // none: the service does not export
	What     []export.Dataset // none: what suits the format
	Format   report.Format
	Dir      string // as typed; "" when none is set
}

// scheduled says whether the service is to export.
func (e *Export) Scheduled() bool { return e.Schedule.Schedule != nil }

func (t *table) export(sync Sync) Export {
	e := Export{What: t.datasets("what")}
	e.Format, _ = export.Formats().Named(t.oneOf("format", export.Formats().Names()))
	e.Schedule = t.optionalSchedule("schedule", sync.Timezone)
	e.Dir = t.folder("dir", "/var/lib/importarchive/export", e.Scheduled(), "where the files go")
	return e
}

// datasets gives the datasets that a list names.
func (t *table) datasets(key string) []export.Dataset {
	list, _ := get[[]any](t, key, `a list such as ["jobs", "transitions"]`)
	var all []export.Dataset
	for i, v := range list {
		where := element(child(t.where, key), i+1)
		name, ok := v.(string)
		if !ok {
			t.report(t.lines[where], where, "wants a string, not "+typeName(v))
			continue
		}
		d, err := export.DatasetNamed(name)
		if err != nil {
			t.report(t.lines[where], where, err.Error()+NearestDataset(name))
			continue
		}
		all = append(all, d)
	}
	return DistinctDatasets(all)
}

// NearestDataset says which dataset a name may have been meant to be, as the
// end of a sentence; "" for no idea.
func NearestDataset(name string) string {
	names, _ := export.DatasetNames()
	known := make(map[string]any, len(names))
	for _, n := range names {
		known[n] = nil
	}
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf(": did you mean %s?", near)
	}
	return ""
}

// DistinctDatasets takes each dataset once, in the order of the first time.
func DistinctDatasets(all []export.Dataset) []export.Dataset {
	var out []export.Dataset
	for _, d := range all {
		if !slices.ContainsFunc(out, func(o export.Dataset) bool { return o.Name == d.Name }) {
			out = append(out, d)
		}
	}
	return out
}

// NamesOf lists the names of datasets.
func NamesOf(datasets []export.Dataset) string {
	var names []string
	for _, d := range datasets {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}
