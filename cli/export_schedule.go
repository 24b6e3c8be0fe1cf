package cli

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"importarchive/report"
)

// exporter writes the export of the settings on its schedule.
type exporter struct {
	settings ExportConfig
	archive  *sql.DB
	title    string // of the page about everything
	now      func() time.Time
	log      zerolog.Logger
}

// run exports at each time of the schedule until the context ends; an export
// that is under way then is given up. There is one at a time, so what falls
// due while an export takes its time is left out.
func (x *exporter) run(ctx context.Context) {
	for began := x.now(); ; {
		due, now := x.settings.Schedule.Next(began), x.now()
		if due.Before(now) {
			x.log.Warn().Time("due", due.UTC()).Msg("the export before took longer than the schedule has between two; this one is skipped")
			due = x.settings.Schedule.Next(now)
		}
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		began = x.now()
		x.export(ctx, began)
	}
}

// export writes one export, and its line in the log. What goes wrong with it,
// a panic too, harms nothing else.
func (x *exporter) export(ctx context.Context, now time.Time) {
	m, err := x.write(ctx, now)
	switch {
	case err != nil && ctx.Err() != nil:
		x.log.Info().Str("dir", x.settings.Dir).Msg("the export under way was given up")
		return
	case err != nil:
		x.log.Error().Str("dir", x.settings.Dir).Err(err).Msg("the export failed")
		return
	}
	rows, bytes := int64(0), int64(0)
	for _, f := range m.Files {
		bytes += f.Bytes
		if f.Rows != nil {
			rows += *f.Rows
		}
	}
	line := x.log.Info()
	if len(m.Earlier) > 0 {
		line = x.log.Warn().Strs("from_earlier", m.Earlier)
	}
	line.Str("dir", x.settings.Dir).Str("format", m.Format).Int("files", len(m.Files)).
		Int64("rows", rows).Int64("bytes", bytes).Float64("seconds", x.now().Sub(now).Seconds()).Msg("exported")
}

func (x *exporter) write(ctx context.Context, now time.Time) (m *report.Manifest, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	e := report.Export{
		Datasets: x.settings.What, Format: x.settings.Format, Dir: x.settings.Dir,
		Now: now, Version: version(), Title: x.title,
	}
	if len(e.Datasets) == 0 {
		if e.Datasets, err = report.DefaultDatasets(e.Format); err != nil {
			return nil, err
		}
	}
	return e.Write(ctx, x.archive)
}
