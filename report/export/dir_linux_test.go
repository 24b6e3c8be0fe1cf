package export

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"importarchive/db/dbtest"
)

func TestAFullDiskIsNamedAndLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system for this")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); errors.Is(err, unix.EPERM) {
		t.Skip("this root may not mount file systems: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	st, out := archiveForExport(t), filepath.Join(dir, "out")
	dbtest.Live(t, st)
	exportOf(t, out, "csv", "jobs", "clusters").mustWrite(t, st.Reader)
	before := contents(t, out)
	manyJobs(t, st, 5000)
	if _, err := exportOf(t, out, "csv", "clusters", "jobs").Write(t.Context(), st.Reader); err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), out) {
		t.Error(err)
	}
	after := contents(t, out)
	if len(after) != len(before) || after["jobs.csv"] != before["jobs.csv"] || after[ManifestFile] != before[ManifestFile] {
		t.Errorf("%d files before, %d after", len(before), len(after))
	}
}

func TestADirectoryThatMayNotBeWrittenIsNamed(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	st, dir := archiveForExport(t), t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := exportOf(t, dir, "csv", "jobs").Write(t.Context(), st.Reader); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
}
