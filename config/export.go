package config

import (
	"fmt"

	"importarchive/report"
	"importarchive/report/export"
)

// Export is the [export] table: what the service exports on schedule, and the
// defaults of the command export.
type Export struct {
	Schedule Schedule         // none: the service does not export
	What     []export.Dataset // none: the default of the format
	Format   report.Format
	Dir      string // as typed; "" for none
}

func (t *table) export(sync Sync) Export {
	e := Export{What: t.datasets("what")}
	e.Format, _ = export.Formats().Named(t.oneOf("format", export.Formats().Names()))
	e.Schedule = t.optionalSchedule("schedule", sync.Timezone)
	e.Dir = t.folder("dir", "/var/lib/importarchive/export", e.Schedule.Set(), "the folder for the files")
	return e
}

// datasets returns the datasets that a list names.
func (t *table) datasets(key string) []export.Dataset {
	var all []export.Dataset
	t.list(key, `a list such as ["jobs", "transitions"]`, func(name string) string {
		d, err := export.DatasetNamed(name)
		if err != nil {
			return err.Error() + NearestDataset(name)
		}
		all = append(all, d)
		return ""
	})
	return export.Distinct(all)
}

// NearestDataset suggests a dataset for a mistyped name, as the end of a sentence.
// It returns "" if none is close.
func NearestDataset(name string) string {
	known := map[string]any{}
	for _, n := range export.Names(export.Datasets()) {
		known[n] = nil
	}
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf(": did you mean %s?", near)
	}
	return ""
}
