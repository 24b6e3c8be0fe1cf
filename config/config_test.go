package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// noEnv is an environment without any variable.
func noEnv(string) (string, bool) { return "", false }

// writeConfig writes a config.toml to a new directory, and changes to it.
func writeConfig(t testing.TB, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("config.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load reads settings that must be valid.
func load(t testing.TB, text string, lookupenv func(string) (string, bool)) *Config {
	t.Helper()
	writeConfig(t, text)
	cfg, err := Load("config.toml", lookupenv)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const goodCluster = `
[[clusters]]
name = "own"
api = "milvus-v2"
base_url = "http://localhost:19530"
`

// Each file of testdata has settings in txtar's format, each with its expected
// problems; settings without problems are valid. The NAME=value lines at the
// file's head are the environment.
func TestEveryProblemIsNamedWithItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		file, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { tellStories(t, file) })
	}
}

var storyHeader = regexp.MustCompile(`(?m)^-- (.+)\.(toml|problems) --\n`)

func tellStories(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	headers := storyHeader.FindAllStringSubmatchIndex(string(data), -1)
	head := string(data[:headers[0][0]])
	env := make(map[string]string)
	for line := range strings.Lines(head) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			env[name] = value
		}
	}
	var names []string
	settings, problems := make(map[string]string), make(map[string]string)
	for i, h := range headers {
		end := len(data)
		if i+1 < len(headers) {
			end = headers[i+1][0]
		}
		name, part := string(data[h[2]:h[3]]), string(data[h[1]:end])
		if string(data[h[4]:h[5]]) == "problems" {
			problems[name] = part
			continue
		}
		names = append(names, name)
		settings[name] = part
	}
	written := head
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			got := problemsOf(t, settings[name], env)
			if diff := cmp.Diff(problems[name], got); diff != "" && !*update {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			written += "-- " + name + ".toml --\n" + settings[name]
			if got != "" {
				written += "-- " + name + ".problems --\n" + got
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, []byte(written), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func problemsOf(t *testing.T, text string, env map[string]string) string {
	if !strings.Contains(text, "clusters") {
		text += goodCluster
	}
	writeConfig(t, text)
	cfg, err := Load("config.toml", func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	})
	if (cfg == nil) == (err == nil) {
		t.Fatalf("settings %v with error %v", cfg, err)
	}
	if err == nil {
		return ""
	}
	if ps := Problems(nil); !errors.As(err, &ps) {
		t.Fatalf("the error is a %T", err)
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a secret is shown:\n%v", err)
	}
	return err.Error() + "\n"
}

func TestAClusterInheritsFromSyncWhatItDoesNotSay(t *testing.T) {
	cfg := load(t, `
[sync]
schedule = "0 8 * * *"
timezone = "Asia/Shanghai"
page_size = 50
timeout = "10s"
retry_for = "1m"
rate = 2.5
gone_after = 3
details = false
quick = false
complete_every = "2h"
[[clusters]]
name = "inherits"
api = "zilliz-v1"
cluster_id = "in01-1"
region = "ali-cn-hangzhou"
api_key = " key\n"
[[clusters]]
name = "overrides"
api = "milvus-v2"
base_url = "HTTP://LocalHost:19530/prefix/"
database = "books"
schedule = "@every 90s"
page_size = 7
timeout = "20s"
rate = 0
details = true
quick = true
`, noEnv)

	type values struct {
		Name, Dialect, BaseURL, ClusterID, Database, Key, Schedule string
		PageSize, GoneAfter                                        int
		Timeout, RetryFor                                          time.Duration
		Rate                                                       float64
		Details                                                    bool
		CompleteEvery                                              time.Duration
		Next                                                       string
	}
	now := time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)
	var got []values
	for _, cl := range cfg.Clusters {
		key, err := cl.Key()
		if err != nil {
			t.Error(err)
		}
		got = append(got, values{
			cl.Name, cl.Dialect.Name, cl.BaseURL, cl.ClusterID, cl.Database, key.Reveal(), cl.Schedule.Spelling,
			cl.PageSize, cl.GoneAfter, cl.Timeout, cl.RetryFor, cl.Rate, cl.Details, cl.CompleteEvery, cl.Schedule.Next(now).UTC().Format(time.DateTime),
		})
	}
	want := []values{
		{
			"inherits", "zilliz-v1", "https://controller.api.ali-cn-hangzhou.cloud.zilliz.com.cn", "in01-1", "", "key", "0 8 * * *",
			50, 3, 10 * time.Second, time.Minute, 2.5, false, 0, "2026-11-24 00:00:00",
		},
		{
			"overrides", "milvus-v2", "http://LocalHost:19530/prefix", "", "books", "", "@every 90s",
			7, 3, 20 * time.Second, time.Minute, 0, true, 2 * time.Hour, "2026-11-23 23:01:30",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
}

func TestAnEmptyFileHasTheDefaults(t *testing.T) {
	cfg := load(t, goodCluster, noEnv)
	if got := cfg.Archive.Path; got != "archive.db" {
		t.Errorf("archive.path %q", got)
	}
	s := cfg.Sync
	if s.Schedule.Spelling != "@every 5m" || s.Timezone != time.UTC || !s.OnStart || s.Parallel != 64 || s.PageSize != 100 ||
		s.Timeout != 30*time.Second || s.RetryFor != 2*time.Minute || s.Rate != 10 || s.GoneAfter != 2 || !s.Details || !cfg.Clusters[0].Details ||
		!s.Quick || cfg.Clusters[0].CompleteEvery != time.Hour {
		t.Errorf("sync %+v", s)
	}
	if cfg.Serve.Listen != "127.0.0.1:8321" || cfg.Log != (Log{"info", "auto"}) {
		t.Errorf("serve %+v, log %+v", cfg.Serve, cfg.Log)
	}
}

func TestPrintedSettingsShowNoKey(t *testing.T) {
	cfg := load(t, goodCluster+`api_key = "s3cr3t"`, noEnv)
	key, err := cfg.Clusters[0].Key()
	if err != nil || key.Reveal() != "s3cr3t" {
		t.Errorf("%q, %v", key.Reveal(), err)
	}
	if got := fmt.Sprintf("%v %+v %#v %v", cfg, cfg, cfg, key); strings.Contains(got, "s3cr3t") {
		t.Error(got)
	}
}

func TestARegionGivesItsHost(t *testing.T) {
	for _, row := range []struct{ api, region, want string }{
		{"zilliz-v1", "ali-cn-hangzhou", "https://controller.api.ali-cn-hangzhou.cloud.zilliz.com.cn"},
		{"zilliz-v1", "tc-ap-shanghai", "https://controller.api.tc-ap-shanghai.cloud.zilliz.com.cn"},
		{"zilliz-v1", "hwc-cn-north-4", "https://controller.api.hwc-cn-north-4.cloud.zilliz.com.cn"},
		{"zilliz-v1", "gcp-us-west1", "https://controller.api.gcp-us-west1.zillizcloud.com"},
		{"zilliz-v2", "ali-cn-hangzhou", "https://api.cloud.zilliz.com.cn"},
		{"zilliz-v2", "aws-us-east-2", "https://api.cloud.zilliz.com"},
	} {
		cfg := load(t, `
[[clusters]]
name = "prod"
cluster_id = "in01-1"
api_key = "key"
api = "`+row.api+`"
region = "`+row.region+`"
`, noEnv)
		if got := cfg.Clusters[0].BaseURL; got != row.want {
			t.Errorf("%s %s is at %s, want %s", row.api, row.region, got, row.want)
		}
	}
}
