package check

import (
	"context"
	"database/sql"
	"fmt"

	"importarchive/db/store"
	"importarchive/report"
)

// times says where the service's own times can't be true beside ours. That is no
// problem of the archive, which keeps both, and can't be put right afterwards.
func times(ctx context.Context, cluster string, reader *sql.DB) []Finding {
	found, err := store.TimeContradictions(ctx, reader, cluster)
	if err != nil {
		return []Finding{broken("details", fmt.Errorf("comparing the service's own times with ours: %w", err))}
	}
	switch {
	case found.Described == 0:
		return nil
	case found.Off == 0:
		return []Finding{ok("details", "the service's own times of %s agree with when they were seen", report.Counted(found.Described, "job"))}
	}
	return []Finding{note("details",
		"the service's clock and this machine's differed then, or its list lagged; how long those jobs took comes from our runs alone",
		"the service's own times of %d of %s can't be true beside when they were seen, by up to %s, as of %s",
		found.Off, report.Counted(found.Described, "job"), report.SpanUp(found.Most), found.Example)}
}
