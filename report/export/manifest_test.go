package export

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"importarchive/db"
	"importarchive/db/dbtest"
)

func TestTheManifestSaysWhatAWorkbookHadToCut(t *testing.T) {
	st := archiveForExport(t)
	s := dbtest.Tell(t, st, "any")
	s.Begin()
	var jobs []db.Job
	for _, id := range []string{"447293415892374528", "447293415892374529", "447293415892374530"} {
		j := dbtest.Listed(id, db.Failed)
		j.Reason = "no"
		jobs = append(jobs, j)
	}
	jobs[0].Reason, jobs[2].Reason = strings.Repeat("row 1 has no vector; ", 2000), strings.Repeat("作", 32768)
	s.Page(jobs...)
	s.Complete()
	for format, want := range map[string]Cuts{"xlsx": {{"reason", 2}}, "csv": {}, "jsonl": {}, "parquet": {}, "html": {}} {
		m := exportOf(t, t.TempDir(), format, "jobs", "transitions").mustWrite(t, st.Reader)
		if diff := cmp.Diff(want, m.Files[0].Cut); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
		if got := m.Remarks(); len(got) != len(want) || len(got) == 1 &&
			got[0] != "jobs.xlsx: 2 texts of column reason cut to the 32,767 characters that a cell of Excel holds; csv, jsonl and parquet have all" {
			t.Errorf("%s: %q", format, got)
		}
	}
}

func TestParquetSaysWhichVersionWroteIt(t *testing.T) {
	st := archiveForExport(t)
	for version, want := range map[string]string{
		"v0.1.0 58a23b8ae01f": "importarchive version 0.1.0(build 58a23b8ae01f)",
		"(devel)":             "importarchive version devel(build unknown)",
		"":                    "importarchive version unknown(build unknown)",
	} {
		dir := t.TempDir()
		e := exportOf(t, dir, "parquet", "jobs")
		e.Version = version
		e.mustWrite(t, st.Reader)
		f, err := os.Open(filepath.Join(dir, "jobs.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(f, st.Size())
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Metadata().CreatedBy; got != want {
			t.Errorf("%q: %q", version, got)
		}
	}
}
