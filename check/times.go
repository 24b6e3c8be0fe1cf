package check

import (
	"context"
	"database/sql"
	"fmt"

	"importarchive/db/store"
	"importarchive/report"
)

// times finds jobs whose times by the service contradict the archive's. That is only
// a note: the archive keeps both, and nothing can correct them afterwards.
func times(ctx context.Context, cluster string, reader *sql.DB) []Finding {
	found, err := store.TimeContradictions(ctx, reader, cluster)
	if err != nil {
		return []Finding{broken("details", fmt.Errorf("comparing the service's own times with the archive's: %w", err))}
	}
	switch {
	case found.Described == 0:
		return nil
	case found.Off == 0:
		return []Finding{ok("details", "the service's own times of %s agree with the archive", report.Counted(found.Described, "job"))}
	}
	return []Finding{note("details",
		"the service's clock and this machine's differed then, or its list lagged; how long those jobs took comes from our runs alone",
		"the service's own times of %d of %s contradict the archive, by up to %s, as of %s",
		found.Off, report.Counted(found.Described, "job"), report.SpanUp(found.Most), found.Example)}
}
