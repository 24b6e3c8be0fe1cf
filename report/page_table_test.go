package report

import (
	"strings"
	"testing"
)

func TestAPageHoldsNoMoreThanABrowserShows(t *testing.T) {
	f, _ := FileFormat("html")
	for rows, words := range map[int]string{browserRows: "", browserRows + 1: "a page cannot hold more than 100,000 rows; csv, jsonl and parquet can"} {
		table := Of([]string{"a"}, nil)
		table.Rows = func(yield func([]any, error) bool) {
			for range rows {
				if !yield([]any{"x"}, nil) {
					return
				}
			}
		}
		err := f.Write(new(nowhere), table, Options{})
		if (err == nil) != (words == "") || err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
}
