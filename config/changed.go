package config

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

// digest stands for what the settings file says somewhere. The text itself is
// not kept: it may hold a key.
type digest [sha256.Size]byte

// digests has all tables by their names and the keys of each by theirs, such
// as "export" and "export.dir". Variables are as written: the environment
// does not change while the program runs.
func (f *settings) digests() map[string]digest {
	all := map[string]digest{}
	note := func(where string, v any) { all[where] = sha256.Sum256(fmt.Appendf(nil, "%#v", v)) }
	for name, v := range f.values {
		note(name, v)
		table, _ := v.(map[string]any)
		for key, v := range table {
			note(child(name, key), v)
		}
	}
	return all
}

// changed says whether two settings files say something else in one of these
// tables or keys.
func (cfg *Config) Changed(other *Config, where []string) bool {
	return slices.ContainsFunc(where, func(w string) bool { return cfg.written[w] != other.written[w] })
}
