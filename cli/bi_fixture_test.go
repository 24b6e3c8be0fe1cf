package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/sqlite"
)

// milvusIDs are ids as Milvus makes them: 18 digits, above 2^53, next to each
// other. Of four of them a double keeps one at the most apart from the others.
func milvusIDs() []string {
	var ids []string
	for i := range 40 {
		ids = append(ids, strconv.Itoa(447293415892374500+i))
	}
	return ids
}

// milvusArchive is an archive of Milvus' ids only. Its jobs are of the last hours:
// the page asks for those of the last days.
func milvusArchive(t *testing.T) string {
	return newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "lab-milvus")
		s.cluster.API, s.cluster.ClusterID = "milvus-v2", ""
		later := time.Since(noon)
		var begun, ended []db.Job
		for i, id := range milvusIDs() {
			begun = append(begun, db.Job{ID: id, Collection: []string{"products", "orders"}[i%2], State: db.Running, RawState: "Importing"})
			done := begun[i]
			switch i % 4 {
			case 0, 1:
				done.State, done.RawState = db.Completed, "Completed"
			case 2:
				done.State, done.RawState, done.Reason = db.Failed, "Failed", "no vector"
			}
			ended = append(ended, done)
		}
		s.lists(3*time.Hour-later, begun...)
		s.lists(2*time.Hour-later, append(ended[:len(ended)-1:len(ended)-1], db.Job{ID: "-" + ended[len(ended)-1].ID})...)
		for i, id := range milvusIDs()[:3] {
			size := int64(6<<30 + i) // more than 32 bits
			s.tells(id, db.Details{
				Progress: percent(100), ProgressRaw: "100", FileSize: &size, TotalRows: whole(1200), ImportedRows: whole(1200),
				CreatedAt: noon.Add(later - 181*time.Minute), CompletedAt: noon.Add(later - 125*time.Minute),
				Files: []db.File{{Name: "products/1.parquet", Size: &size, TotalRows: whole(1200), ImportedRows: whole(1200), RawState: "Completed"}},
			})
		}
	})
}

// recipeFolder is a folder as docs/bi.md has it: the archive and its settings, a
// backup, the saved queries, exports in each format, and one that was loaded.
func recipeFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	archive := filepath.Join(folder, "archive.db")
	copyFile(t, milvusArchive(t), archive)
	settings := filepath.Join(folder, "config.toml")
	copyFile(t, settingsFor(t, archive, "lab-milvus"), settings)
	if err := os.CopyFS(filepath.Join(folder, "queries"), os.DirFS("../queries")); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"parquet", "csv", "jsonl", "xlsx"} {
		call(t, "--config", settings, "export", "--format", format, "--out", filepath.Join(folder, "export")).wants(t, exitDone)
	}
	call(t, "--config", settings, "export", "--what", "jobs,transitions,runs", "--format", "parquet", "--out", filepath.Join(folder, "loaded")).wants(t, exitDone)
	if err := os.Mkdir(filepath.Join(folder, "backups"), 0o700); err != nil {
		t.Fatal(err)
	}
	call(t, "--config", settings, "backup", filepath.Join(folder, "backups", "archive-20261123T120000Z.db")).wants(t, exitDone)
	return folder
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

var longNumber = regexp.MustCompile(`\d{17,}|\d\.\d{3,}e\+1[0-9]`)

// idsIn returns the numbers of a text that are as long as an id, each once.
func idsIn(text string) []string {
	ids := longNumber.FindAllString(text, -1)
	slices.Sort(ids)
	return slices.Compact(ids)
}
