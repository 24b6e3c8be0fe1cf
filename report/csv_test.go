package report

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

func TestASpreadsheetRunsNoTextAndAltersNone(t *testing.T) {
	for text, want := range map[string]string{
		`=HYPERLINK("http://x","y")`: `'=HYPERLINK("http://x","y")`,
		"+1":                         "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1",
		"449123456789012345": "'449123456789012345", "007": "'007", "12E5": "'12E5", "1.50": "'1.50",
		"1e400": "'1e400", ".5": "'.5", "$5": "'$5", "12,5": "'12,5", "50%": "'50%", "1 000": "'1 000", "(7)": "'(7)", "1.2.3": "'1.2.3",
		"1/2": "'1/2", "3:45": "'3:45", "3 PM": "'3 PM", "20261-1": "'20261-1", "2-Jan": "'2-Jan", "mar1": "'mar1", "Sept 2026": "'Sept 2026",
		"March": "March", "decoder2": "decoder2", "marbles_2": "marbles_2", "true": "'true", "FALSE": "'FALSE", "truest": "truest", "2026-11-23": "2026-11-23", "3D": "3D", "12a4": "12a4",
		"": "", "42": "42", "1.5": "1.5", "docs=1": "docs=1", "job-1": "job-1", "作业": "作业", " =1": " =1", "2026-11-23 10:00:00.000": "2026-11-23 10:00:00.000",
		"inf": "inf", "nan": "nan", "\xff": "\xff",
	} {
		if got := sheetText(text); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

func TestOnlyTextsOfASpreadsheetsCSVAreAltered(t *testing.T) {
	table := func() *Table {
		return Of([]string{"job_id", "n", "reason"}, [][]any{{"-7", int64(-7), nil}, {"作业", -1.5, "=1,2"}, {"a", int64(1) << 53, nil}, {"b", int64(1)<<53 + 1, nil}})
	}
	got := written(t, "csv", table(), Options{Spreadsheet: true})
	if want := "\ufeffjob_id,n,reason\r\n'-7,-7,\r\n作业,-1.5,\"'=1,2\"\r\na,9007199254740992,\r\nb,'9007199254740993,\r\n"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if got, want := written(t, "csv", table(), Options{}), "job_id,n,reason\r\n-7,-7,\r\n作业,-1.5,\"=1,2\"\r\na,9007199254740992,\r\nb,9007199254740993,\r\n"; got != want {
		t.Errorf("unasked: %q, not %q", got, want)
	}
}

// FuzzASpreadsheetsCSV holds that only an apostrophe is added, and that no cell
// begins a formula.
func FuzzASpreadsheetsCSV(f *testing.F) {
	f.Add("=1", "a;=1")
	f.Add("\"\r\n=", "00")
	f.Fuzz(func(t *testing.T, a, b string) {
		var out bytes.Buffer
		format, _ := Formats().Named("csv")
		if err := format.Write(&out, Of([]string{"a", "b"}, [][]any{{a, b}}), Options{Spreadsheet: true}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		for i, text := range []string{a, b} {
			// encoding/csv reads \r\n in a field as \n.
			got, want := rows[1][i], strings.ReplaceAll(text, "\r\n", "\n")
			if strings.TrimPrefix(got, "'") != strings.TrimPrefix(want, "'") || strings.HasPrefix(got, "=") {
				t.Errorf("%q is written as %q", text, got)
			}
		}
	})
}
