package cli

import (
	"context"
	"database/sql"
	"fmt"

	"importarchive/db"
)

// checkTimes says where the service's own times can't be true beside ours. It
// is no problem of the archive, which keeps both, and nothing that could be put
// right afterwards.
func checkTimes(ctx context.Context, cluster string, reader *sql.DB) []checked {
	found, err := db.TimeContradictions(ctx, reader, cluster)
	if err != nil {
		return []checked{broken("details", fmt.Errorf("comparing the service's own times with ours: %w", err))}
	}
	switch {
	case found.Described == 0:
		return nil
	case found.Off == 0:
		return []checked{fine("details", "the service's own times of %s agree with when they were seen", counted(found.Described, "job"))}
	}
	return []checked{note("details",
		"the service's clock and this machine's differed then, or its list lagged; how long those jobs took is told by our looks alone",
		"the service's own times of %d of %s can't be true beside when they were seen, by up to %s, as of %s",
		found.Off, counted(found.Described, "job"), spanUp(found.Most), found.Example)}
}
