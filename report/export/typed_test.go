package export

import (
	"strings"
	"testing"
	"time"

	"importarchive/queries"
	"importarchive/report"
)

func TestTimesAreReadAsTheArchiveSpellsThem(t *testing.T) {
	for s, milliseconds := range map[string]int64{
		"1970-01-01 00:00:00.000": 0,
		"1969-12-31 23:59:59.999": -1,
		"2026-11-23 10:00:00.001": 1795428000001,
		"0000-01-01 00:00:00.000": -62167219200000,
		"9999-12-31 23:59:59.999": 253402300799999,
		"2024-02-29 23:59:59.999": 1709251199999,
	} {
		if got, err := parseTime(queries.TimeFormat, s); err != nil || got.UnixMilli() != milliseconds {
			t.Errorf("%s is %d: %v", s, got.UnixMilli(), err)
		}
	}
	for _, s := range []string{
		"", "soon", "2026-11-23", "2026-11-23 10:00:00", "2026-11-23 10:00:00.1", "2026-11-23 10:00:00.0001", "2026-11-23T10:00:00.000",
		"2026-11-23 10:00:00.000Z", " 2026-11-23 10:00:00.000", "2026-11-23 10:00:00,000", "2026-11-23 1:00:00.000", "2023-02-29 00:00:00.000",
		"2026-11-23 24:00:00.000", "2026-11-23 23:59:60.000", "-4713-11-24 12:00:00.000", "10000-01-01 00:00:00.000", "２026-11-23 10:00:00.000",
	} {
		if got, err := parseTime(queries.TimeFormat, s); err == nil {
			t.Errorf("%q was read as %v", s, got)
		}
	}
	for _, s := range []string{"", "2026-11-23 10:00:00.000", "2026-1-23", "2026-11-31"} {
		if got, err := parseTime(time.DateOnly, s); err == nil {
			t.Errorf("%q was read as the day %v", s, got)
		}
	}
}

func TestAValueThatBreaksAPromiseIsAnErrorThatSaysWhere(t *testing.T) {
	for _, c := range []struct {
		as    queries.Type
		value any
		words string
	}{
		{queries.Text, nil, "NULL, where a value is promised"},
		{queries.Text, int64(3), "3 is no text"},
		{queries.Integer, 0.5, "0.5 is no integer"},
		{queries.Integer, "3", `"3" is no integer`},
		{queries.Real, "0.5", `"0.5" is no real`},
		{queries.Real, int64(9007199254740993), "9007199254740993 is no real"},
		{queries.Time, "yesterday", `"yesterday" is not spelled like 2006-01-02 15:04:05.000`},
		{queries.Time, int64(0), "0 is no time"},
		{queries.Day, "2026-11-23 10:00:00.000", "is not spelled like 2006-01-02"},
		{queries.Day, strings.Repeat("long ", 1000), "long"},
	} {
		for _, format := range []string{"parquet", "xlsx"} {
			table := report.Of([]string{"good", "bad"}, [][]any{{"x", sound(c.as)}, {"x", sound(c.as)}, {"x", c.value}})
			table.Described = []queries.Column{{Name: "good", Type: queries.Text}, {Name: "bad", Type: c.as}}
			f, _ := Formats().Named(format)
			err := f.Write(new(nowhere), table, report.Options{})
			if err == nil || !strings.Contains(err.Error(), c.words) || !strings.HasPrefix(err.Error(), "column bad of row 3: ") || len(err.Error()) > 200 {
				t.Errorf("%v as %s in %s: %v", c.value, c.as, format, err)
			}
		}
	}
}

// sound returns a value that a column of the type may have.
func sound(as queries.Type) any {
	return map[queries.Type]any{
		queries.Text: "", queries.Integer: 1, queries.Real: int64(1), queries.Time: "2026-11-23 10:00:00.000", queries.Day: "2026-11-23",
	}[as]
}

func TestParquetNeedsColumnsThatAreDescribed(t *testing.T) {
	f, _ := Formats().Named("parquet")
	for _, query := range []string{"SELECT 1 AS a", "SELECT 1 AS a WHERE false"} {
		if err := f.Write(new(nowhere), queried(t, query, nil), report.Options{}); err == nil || !strings.Contains(err.Error(), "not known") {
			t.Error(err)
		}
	}
}
