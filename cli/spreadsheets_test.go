package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"importarchive/db"
	"importarchive/db/sqlite"
)

// hostileTexts is an archive of Milvus ids with texts that a spreadsheet cuts, runs or
// alters.
func hostileTexts(t *testing.T) string {
	return newArchive(t, func(st *sqlite.Archive) {
		failed := func(id, collection, reason string) db.Job {
			return db.Job{ID: id, Collection: collection, State: db.Failed, RawState: "Failed", Reason: reason}
		}
		newStory(t, st, "prod").lists(
			time.Hour,
			failed("447293415892374528", "products", strings.Repeat("row 1 has no vector; ", 2000)),
			failed("447293415892374529", "=HYPERLINK(1)", "作业 +1"),
			failed("447293415892374530", "products", "@SUM(A1)"),
		)
	})
}

func TestAWorkbookGoesToStdoutAndSaysWhatItCut(t *testing.T) {
	t.Parallel()
	config := settingsFor(t, hostileTexts(t), "prod")
	const cut = "1 text of column reason cut to the 32,767 characters that a cell of Excel holds; csv, jsonl and parquet have all\n"
	for _, c := range []struct {
		sheet  string
		stderr string
		args   []string
	}{
		{"Failures", cut, []string{"report", "failures"}},
		{"Jobs", cut, []string{"jobs"}},
		{"Jobs", "", []string{"jobs", "--job", "447293415892374529"}},
		{"Timeline", "", []string{"history", "447293415892374529"}},
		{"Saved reports", "", []string{"report"}},
	} {
		args := append([]string{"--config", config}, append(c.args, "--format", "xlsx")...)
		r := call(t, args...)
		r.wants(t, exitDone)
		if r.stderr != c.stderr {
			t.Errorf("%v says %q", c.args, r.stderr)
		}
		book, err := excelize.OpenReader(strings.NewReader(r.stdout))
		if err != nil {
			t.Fatal(err)
		}
		if names := book.GetSheetList(); len(names) != 1 || names[0] != c.sheet {
			t.Errorf("%v: the sheets are %q", c.args, names)
		}
		r = outside{width: 80}.call(t, args...)
		if r.wants(t, exitUsage); r.stdout != "" || !strings.Contains(r.stderr, "> FILE.xlsx") {
			t.Errorf("%v on a terminal: %q, %.20q", c.args, r.stderr, r.stdout)
		}
	}
}

// A person sorts a sheet by its times, and adds up its numbers.
func TestAWorkbookOfJobsHasTypedCells(t *testing.T) {
	t.Parallel()
	r := call(t, "--config", settingsFor(t, hostileTexts(t), "prod"), "jobs", "--format", "xlsx")
	r.wants(t, exitDone)
	book, err := excelize.OpenReader(strings.NewReader(r.stdout))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows("Jobs")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]excelize.CellType{
		"job_id": excelize.CellTypeInlineString, "collection": excelize.CellTypeInlineString,
		"first_seen_at": excelize.CellTypeUnset, "state": excelize.CellTypeInlineString, // unset is a number
	}
	for i, name := range rows[0] {
		want, asked := types[name]
		cell, err := excelize.CoordinatesToCellName(i+1, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := book.GetCellType("Jobs", cell); err != nil || asked && got != want {
			t.Errorf("%s is of type %v, not %v (%v)", name, got, want, err)
		}
	}
}

func TestAnExportSaysWhatAWorkbookHadToCut(t *testing.T) {
	t.Parallel()
	config, dir := settingsFor(t, hostileTexts(t), "prod"), t.TempDir()
	r := call(t, "--config", config, "export", "--format", "xlsx", "--what", "jobs,transitions", "--out", dir)
	if r.wants(t, exitDone); !strings.HasPrefix(r.stderr, "jobs.xlsx: 1 text of column reason cut to the 32,767 characters") {
		t.Errorf("it says %q", r.stderr)
	}
	if m := manifestIn(t, dir); len(m.Files[0].Cut) != 1 || m.Files[0].Cut[0].Texts != 1 || len(m.Files[1].Cut) != 0 {
		t.Errorf("the manifest has %+v", m.Files)
	}
}

func TestCSVForSpreadsheetsIsAskedForByAFlag(t *testing.T) {
	t.Parallel()
	config, dir := settingsFor(t, hostileTexts(t), "prod"), t.TempDir()
	const marked, id, formula = "\ufeffcluster,", "prod,'447293415892374529,", ",'=HYPERLINK(1),"
	for _, args := range [][]string{
		{"jobs", "--csv-for-spreadsheets"},
		{"jobs", "--csv-for-spreadsheets", "--format", "csv"},
		{"report", "failures", "--csv-for-spreadsheets"},
		{"report", "--csv-for-spreadsheets", "failures", "--format=csv"},
	} {
		r := call(t, append([]string{"--config", config}, args...)...)
		r.wants(t, exitDone)
		if !strings.HasPrefix(r.stdout, marked) || !strings.Contains(r.stdout, id) || !strings.Contains(r.stdout, formula) {
			t.Errorf("%v: %.300q", args, r.stdout)
		}
	}
	for _, c := range []struct {
		flag   []string
		sheets bool
	}{{[]string{"--csv-for-spreadsheets"}, true}, {nil, false}} {
		call(t, append([]string{"--config", config, "export", "--what", "jobs", "--out", dir}, c.flag...)...).wants(t, exitDone)
		text, err := os.ReadFile(filepath.Join(dir, "jobs.csv"))
		if err != nil {
			t.Fatal(err)
		}
		sheets := strings.HasPrefix(string(text), marked) && strings.Contains(string(text), id)
		if m := manifestIn(t, dir); sheets != c.sheets || m.ForSpreadsheets != c.sheets || !c.sheets && !strings.Contains(string(text), "\nprod,447293415892374529,=HYPERLINK(1),") {
			t.Errorf("%v: for spreadsheets %v, the manifest says %v", c.flag, sheets, m.ForSpreadsheets)
		}
	}
	for _, args := range [][]string{
		{"jobs", "--format", "jsonl"},
		{"report", "failures", "--format", "table"},
		{"history", "447293415892374529", "--format", "xlsx"},
		{"export", "--format", "parquet", "--out", dir},
	} {
		call(t, append([]string{"--config", config}, append(args, "--csv-for-spreadsheets")...)...).wants(t, exitUsage, "about csv, not")
	}
}
