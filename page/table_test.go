package page

import (
	"io"
	"strings"
	"testing"

	"importarchive/report"
)

func TestACellOfALongTextScrollsAndItsTooltipIsShort(t *testing.T) {
	for _, column := range []string{"job_id", "collection", "reason"} {
		long := strings.Repeat("<ü>", 11000)
		cell := string(appendCell(nil, tableColumn{Name: column}, long, ""))
		if !strings.Contains(cell, `<div class="clamp" tabindex="0" title="`+strings.Repeat("&lt;ü&gt;", 66)+`&lt;ü…">`+strings.Repeat("&lt;ü&gt;", 11000)+"</div></td>") {
			t.Errorf("%s: %.300s", column, cell)
		}
		if cell := string(appendCell(nil, tableColumn{Name: column}, strings.Repeat("x", clampText), "")); strings.Contains(cell, "clamp") {
			t.Errorf("%s: %s", column, cell)
		}
	}
}

func TestAPageHoldsNoMoreThanABrowserShows(t *testing.T) {
	for rows, words := range map[int]string{browserRows: "", browserRows + 1: "a page cannot hold more than 100,000 rows; csv, jsonl and parquet can"} {
		table := report.Of([]string{"a"}, nil)
		table.Rows = func(yield func([]any, error) bool) {
			for range rows {
				if !yield([]any{"x"}, nil) {
					return
				}
			}
		}
		err := HTML().Write(io.Discard, table, report.Options{})
		if (err == nil) != (words == "") || err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
}
