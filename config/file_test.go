package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"importarchive/longtest"
)

func TestAFileThatCannotBeReadSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("big.toml", make([]byte, maxSettings+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ path, want string }{
		{"config.toml", "config.toml: there is no file " + filepath.Join(dir, "config.toml") + ": copy config.example.toml there and fill it in, or name another file with --config"},
		{".", ".: is a directory, not a file"},
		{"big.toml", "big.toml: is bigger than 1024 KiB"},
		{"big.toml/config.toml", "big.toml/config.toml: not a directory"},
	} {
		cfg, err := Load(row.path, noEnv)
		if cfg != nil || err == nil || err.Error() != row.want {
			t.Errorf("%s: %v\nwant %s", row.path, err, row.want)
		}
		if ps := Problems(nil); !errors.As(err, &ps) {
			t.Errorf("%s: the error is a %T", row.path, err)
		}
	}
}

func TestAFileWithoutPermissionSaysSo(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	writeConfig(t, goodCluster)
	if err := os.Chmod("config.toml", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Load("config.toml", noEnv); err == nil || err.Error() != "config.toml: permission denied" {
		t.Error(err)
	}
}

func TestFilesOfWindowsAreFine(t *testing.T) {
	text := "\ufeff" + strings.ReplaceAll("log.level = \"debug\"\n"+goodCluster, "\n", "\r\n")
	if cfg := load(t, text, noEnv); cfg.Log.Level != "debug" {
		t.Errorf("log.level %q", cfg.Log.Level)
	}
	text = "\ufeff[log]\r\n\r\nlevel = 5\r\n" + strings.ReplaceAll(goodCluster, "\n", "\r\n")
	writeConfig(t, text)
	if _, err := Load("config.toml", noEnv); err == nil || !strings.HasPrefix(err.Error(), "config.toml:3: log.level: ") {
		t.Error(err)
	}
}

func TestAVeryDeepFileIsNoTrouble(t *testing.T) {
	t.Parallel()
	many := longtest.Size(50_000, 200_000)
	for _, text := range []string{
		strings.Repeat("a.", many) + "a = 1",
		"[" + strings.Repeat("a.", many) + "a]",
		"sync = " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000),
		"sync = " + strings.Repeat("[", many),
		strings.Repeat("a", many) + " = 1",
	} {
		if _, err := Parse("config.toml", []byte(text), noEnv); err == nil {
			t.Errorf("%.20s… is good", text)
		}
	}
}

func TestAKeyFileIsReadAtEachUse(t *testing.T) {
	cfg := load(t, goodCluster+`api_key_file = "key"`, noEnv)
	key := cfg.Clusters[0].Key
	if _, err := key(); !errors.Is(err, fs.ErrNotExist) || err.Error() != `api_key_file "key": no such file or directory` {
		t.Error("without the file:", err)
	}
	for _, row := range []struct{ content, want, err string }{
		{"first\n", "first", ""},
		{" \tsecond\r\n\r\n", "second", ""},
		{"root:Milvus", "root:Milvus", ""},
		{"", "", `api_key_file "key": is empty`},
		{" \n", "", `api_key_file "key": is empty`},
		{"\ufeffroot:Milvus\r\n", "root:Milvus", ""},
		{"root:a pass word\n", "root:a pass word", ""},
		{"one\ntwo\n", "", `api_key_file "key": has a line break or another control character inside, which no header can carry`},
		{"one\x00", "", `api_key_file "key": has a line break or another control character inside, which no header can carry`},
		{"one\xff", "", `api_key_file "key": is not UTF-8 text: save it as UTF-8`},
		{"\ufeff\ufeffone", "", `api_key_file "key": begins or ends with an invisible character, such as a second byte order mark: copy it again`},
		{"one\u200b\n", "", `api_key_file "key": begins or ends with an invisible character, such as a second byte order mark: copy it again`},
		{strings.Repeat("k", maxKey+1), "", `api_key_file "key": is bigger than 16 KiB`},
	} {
		if err := os.WriteFile("key", []byte(row.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := key()
		if row.err == "" && (err != nil || got.Reveal() != row.want) {
			t.Errorf("%q gives %q, %v", row.content, got.Reveal(), err)
		}
		if row.err != "" && (err == nil || err.Error() != row.err) {
			t.Errorf("%.20q gives %v, want %s", row.content, err, row.err)
		}
	}
}

func TestAKeyPutWhereItsFileBelongsIsNotShown(t *testing.T) {
	cfg := load(t, goodCluster+`api_key_file = "${KEY}"`, func(string) (string, bool) { return "s3cr3t", true })
	if _, err := cfg.Clusters[0].Key(); err == nil || err.Error() != `api_key_file "${KEY}": no such file or directory` {
		t.Error(err)
	}
}

func TestAClusterWithoutAKeyHasAnEmptyOne(t *testing.T) {
	cfg := load(t, goodCluster, noEnv)
	if key, err := cfg.Clusters[0].Key(); err != nil || key.Reveal() != "" {
		t.Errorf("%q, %v", key.Reveal(), err)
	}
}
