package bench_test

import (
	"path/filepath"
	"testing"
	"time"

	"importarchive/bench"
	"importarchive/db/sqlite"
	"importarchive/longtest"
)

// What is measured must be an archive: every invariant holds, and something of
// everything is in it.
func TestWhatIsBuiltIsAnArchive(t *testing.T) {
	longtest.Only(t)
	path := filepath.Join(t.TempDir(), "archive.db")
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	if err := bench.Build(t.Context(), path, bench.Shape{Jobs: 10_000, Every: 6 * time.Hour, Now: now}); err != nil {
		t.Fatal(err)
	}
	reader, err := sqlite.OpenReader(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	findings, err := sqlite.Verify(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
	for what, want := range map[string]string{
		"jobs":                             "SELECT count(*) = 10000 FROM jobs",
		"jobs that stay":                   "SELECT count(*) > 9000 FROM jobs WHERE gone_at IS NOT NULL",
		"jobs that are listed":             "SELECT count(*) > 10 FROM jobs WHERE gone_at IS NULL",
		"details":                          "SELECT count(*) > 8000 FROM jobs WHERE imported_rows IS NOT NULL",
		"details that contradict nothing":  "SELECT count(*) > 7000 FROM jobs WHERE max_seconds - min_seconds < 2",
		"outcomes":                         "SELECT count(DISTINCT outcome) = 5 FROM jobs",
		"kinds of transition":              "SELECT count(DISTINCT kind) = 4 FROM transitions",
		"outcomes of runs":                 "SELECT count(DISTINCT outcome) = 4 FROM runs",
		"gaps":                             "SELECT count(*) > 5 FROM gaps",
		"rejects":                          "SELECT count(*) > 5 FROM rejects",
		"clusters":                         "SELECT count(*) = 10 AND min(listed) > 0 FROM clusters",
		"days":                             "SELECT count(DISTINCT utc_day) > 360 FROM days",
		"collections":                      "SELECT count(DISTINCT collection) >= 9 FROM collections",
		"a year until now, and no further": "SELECT max(finished_at) < '2026-05-01 12:00' AND min(started_at) BETWEEN '2025-05-01' AND '2025-05-02' FROM runs",
	} {
		var ok bool
		if err := reader.QueryRowContext(t.Context(), want).Scan(&ok); err != nil || !ok {
			t.Errorf("%s: not so: %s (%v)", what, want, err)
		}
	}
}
