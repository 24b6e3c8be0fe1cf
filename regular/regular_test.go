//go:build !windows

package regular

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "importarchive/longtest"
)

func TestOnlyRegularFilesAreReadAndNoneBlocks(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, text := range map[string]string{"file": "text", "bom": "\ufefftext", "empty": "", "big": strings.Repeat("x", 2049), "utf16": "\xff\xfet\x00"} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Skip("no pipes here: ", err)
	}
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for link, to := range map[string]string{"link": "file", "to-pipe": "pipe", "broken": "none", "loop": "loop"} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, story := range []struct{ name, want string }{
		{at("file"), "text"},
		{at("link"), "text"},
		{at("bom"), "text"},
		{at("empty"), ""},
		{at("big"), "is bigger than 2 KiB"},
		{at("utf16"), "is UTF-16 text: save it as UTF-8"},
		{at("pipe"), "is a pipe, not a regular file"},
		{at("to-pipe"), "is a pipe, not a regular file"},
		{at("socket"), "no such device or address"},
		{at("broken"), "no such file or directory"},
		{at("loop"), "too many levels of symbolic links"},
		{folder, "is a directory, not a file"},
		{"/dev/zero", "is a device, not a regular file"},
		{"/dev/tty", "a device"},
	} {
		text, err := Read(story.name, 2048)
		got := string(text)
		if err != nil {
			got = err.Error()
		}
		if got != story.want && (story.name != "/dev/tty" || err == nil) { // without a terminal it can't be opened
			t.Errorf("%s: %s", story.name, got)
		}
	}
}

func TestTooManyOpenFilesIsSaid(t *testing.T) {
	err := cause(&os.PathError{Op: "open", Path: "x", Err: syscall.EMFILE})
	if want := "too many open files: raise LimitNOFILE of the unit, or ulimit -n"; err.Error() != want {
		t.Error(err)
	}
}
