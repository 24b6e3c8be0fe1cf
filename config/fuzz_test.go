package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// For any file: no panic, either settings or problems, no line beyond the file,
// and no value of the environment in a message.
func FuzzConfig(f *testing.F) {
	stories, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(stories, exampleFile) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range storyHeader.Split(string(data), -1) {
			f.Add(part)
		}
	}
	const secret = "Zq7-from the environment"
	lookupenv := func(name string) (string, bool) { return secret, name != "UNSET" }

	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := Parse("config.toml", []byte(text), lookupenv)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("settings %v with error %v", cfg, err)
		}
		if err == nil {
			for _, cl := range cfg.Clusters {
				if cl.Key == nil || cl.Schedule.Schedule == nil || cl.PageSize < 1 || cl.Timeout <= 0 || cl.BaseURL == "" {
					t.Errorf("a cluster that isn't whole: %+v", cl)
				}
			}
			return
		}
		var ps Problems
		if !errors.As(err, &ps) || len(ps) == 0 {
			t.Fatalf("the error is a %T", err)
		}
		for _, p := range ps {
			if p.Line < 0 || p.Line > strings.Count(text, "\n")+1 || p.Text == "" {
				t.Errorf("no such place: %+v", p)
			}
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the environment is shown:\n%v", err)
		}
	})
}
