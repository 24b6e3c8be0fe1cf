package config

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

const exampleFile = "../config.example.toml"

func TestTheExampleLoadsAsItIs(t *testing.T) {
	cfg, err := Load(exampleFile, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Clusters) != 1 || cfg.Clusters[0].BaseURL != "https://controller.api.ali-cn-hangzhou.cloud.zilliz.com.cn" {
		t.Errorf("clusters %+v", cfg.Clusters)
	}
}

// exampleKey matches a line of the example that sets a key, or a comment that would.
var exampleKey = regexp.MustCompile(`^(?:# )?([a-z_]+) = (.*)$`)

// The example shows each key that the code has, and no other.
func TestTheExampleShowsEveryKeyWithItsDefault(t *testing.T) {
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[string]map[string]any)
	table := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			table = strings.Trim(line, "[]")
			shown[table] = make(map[string]any)
		}
		m := exampleKey.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		var value map[string]any
		if err := toml.Unmarshal([]byte("x = "+m[2]), &value); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if _, twice := shown[table][m[1]]; twice {
			t.Errorf("%s: stands there twice", line)
		}
		shown[table][m[1]] = value["x"]
	}

	for _, table := range slices.Sorted(maps.Keys(Keys[""])) {
		for key, value := range shown[table] {
			known, ok := Keys[table][key]
			if table == "clusters" && known == nil && Keys["sync"][key] != nil {
				known = Keys["sync"][key] // an override shows what it overrides
			}
			if !ok {
				t.Errorf("[%s] %s: the program doesn't know it", table, key)
			} else if diff := cmp.Diff(known, value); known != nil && diff != "" {
				t.Errorf("[%s] %s (-default +shown):\n%s", table, key, diff)
			}
		}
		for key := range Keys[table] {
			if _, ok := shown[table][key]; !ok {
				t.Errorf("[%s] %s: not in the example", table, key)
			}
		}
	}
}
