package queries_test

import (
	"database/sql"
	"fmt"
	"math"
	"testing"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
)

// summed has the sums of a collection, computed from its jobs.
type summed struct {
	jobs                                                    int64
	rows, rowsLeast, rowsMost, bytes, bytesLeast, bytesMost float64
	anyRows, anyBytes                                       bool
}

func throughputIsRowsOverSeconds(t *testing.T, reader *sql.DB) {
	jobs := rowsOf(t, reader, `SELECT * FROM jobs WHERE state = 'completed' AND max_seconds IS NOT NULL`, nil)
	measured := 0
	for _, given := range filters(timeFilters[0], timeFilters[1], timeFilters[2], timeFilters[3]) {
		if given["since"] == nil {
			given["days"] = int64(100_000)
		}
		groups := map[string]*summed{}
		for _, j := range jobs {
			rows, anyRows := j["imported_rows"].(int64)
			if !anyRows { // it imported all of its rows
				rows, anyRows = j["total_rows"].(int64)
			}
			bytes, anyBytes := j["file_size"].(int64)
			if !matches(given, j) || !within(given, j["first_seen_at"]) || !anyRows && !anyBytes {
				continue
			}
			key := fmt.Sprint(j["cluster"], " ", j["collection"])
			if groups[key] == nil {
				groups[key] = &summed{}
			}
			g, least, most := groups[key], j["min_seconds"].(float64), j["max_seconds"].(float64)
			g.jobs++
			if anyRows {
				g.anyRows, g.rows, g.rowsLeast, g.rowsMost = true, g.rows+float64(rows), g.rowsLeast+least, g.rowsMost+most
			}
			if anyBytes {
				g.anyBytes, g.bytes, g.bytesLeast, g.bytesMost = true, g.bytes+float64(bytes), g.bytesLeast+least, g.bytesMost+most
			}
		}
		got := reportRows(t, reader, "throughput", given)
		if len(got) != len(groups) {
			t.Fatalf("with %v: %d rows, not %d", given, len(got), len(groups))
		}
		for _, one := range got {
			g := groups[fmt.Sprint(one["cluster"], " ", one["collection"])]
			if g == nil || one["jobs"] != g.jobs ||
				!saysRate(one, "rows", g.anyRows, g.rows, g.rowsLeast, g.rowsMost) || !saysRate(one, "bytes", g.anyBytes, g.bytes, g.bytesLeast, g.bytesMost) {
				t.Errorf("with %v: %v, not %+v", given, one, g)
			}
			measured++
		}
	}
	if measured < 20 {
		t.Errorf("only %d rows were compared", measured)
	}
}

// saysRate reports whether a row has this total, and the total over the seconds
// as two bounds that are rounded outwards.
func saysRate(one row, what string, known bool, total, least, most float64) bool {
	if !known {
		return one["loaded_"+what] == nil && one["min_"+what+"_per_second"] == nil && one["max_"+what+"_per_second"] == nil
	}
	rate := func(name string, seconds, down, up float64) bool {
		got, some := one[name].(float64)
		if seconds == 0 {
			return !some
		}
		want := total / seconds
		slack := 1e-9 * want // rounding errors of the sums
		return some && got >= want-down-slack && got <= want+up+slack
	}
	return one["loaded_"+what] == int64(total) && rate("min_"+what+"_per_second", most, 0.0011, 0) && rate("max_"+what+"_per_second", least, 0, 0.0011)
}

// A service may answer with any number. A number above 10^15 is not the size of an
// import, whether its day is read as a sum or as jobs.
func TestThroughputLeavesAbsurdSizesOut(t *testing.T) {
	reader := openReader(t, newArchive(t, func(st *sqlite.Archive) {
		s := dbtest.Tell(t, st, "prod")
		running, done := []db.Job{}, []db.Job{}
		for i := range 4 {
			running = append(running, dbtest.Listed(fmt.Sprint("job-", i), db.Running))
			done = append(done, dbtest.Listed(fmt.Sprint("job-", i), db.Completed))
		}
		s.Lists()
		s.Lists(running...)
		s.Lists(done...)
		for _, j := range done[1:] {
			describe(s, j.ID, db.Details{ImportedRows: whole(math.MaxInt64), FileSize: whole(1e15 + 1)})
		}
		describe(s, done[0].ID, db.Details{ImportedRows: whole(math.MaxInt64), FileSize: whole(1e15)})
	}))
	for _, window := range []row{{"days": int64(100_000)}, {"since": "2026-05-01 00:00:00.001"}} {
		got := reportRows(t, reader, "throughput", window)
		if len(got) != 1 || got[0]["jobs"] != int64(1) || got[0]["loaded_rows"] != nil || got[0]["loaded_bytes"] != int64(1e15) {
			t.Errorf("with %v: %v", window, got)
		}
	}
}
