package cli

import (
	"context"
	"database/sql"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/report"
)

// scheduledExport writes the export of the settings; title is that of the page
// about everything.
func scheduledExport(set *config.Export, archive *sql.DB, title string) func(context.Context, time.Time) (func(*zerolog.Event), error) {
	return func(ctx context.Context, now time.Time) (func(*zerolog.Event), error) {
		e := report.Export{
			Datasets: set.What, Format: set.Format, Dir: set.Dir,
			Now: now, Version: version(), Title: title,
		}
		if len(e.Datasets) == 0 {
			var err error
			if e.Datasets, err = report.DefaultDatasets(e.Format); err != nil {
				return nil, err
			}
		}
		m, err := e.Write(ctx, archive)
		if err != nil {
			return nil, err
		}
		rows, bytes := int64(0), int64(0)
		for _, f := range m.Files {
			bytes += f.Bytes
			if f.Rows != nil {
				rows += *f.Rows
			}
		}
		return func(event *zerolog.Event) {
			if len(m.Earlier) > 0 {
				event.Strs("from_earlier", m.Earlier)
			}
			event.Str("format", m.Format).Int("files", len(m.Files)).Int64("rows", rows).Int64("bytes", bytes)
		}, nil
	}
}
