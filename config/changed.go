package config

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

// digest is the hash of a part of the settings file. The text itself may contain
// a key, so it is not kept.
type digest [sha256.Size]byte

// digests returns the digests of all tables and of all their keys, by names such
// as "export" and "export.dir". Variables are hashed as written: the environment
// doesn't change while the program runs.
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

// Changed reports whether two settings files differ in one of these tables or
// keys.
func (cfg *Config) Changed(other *Config, where []string) bool {
	return slices.ContainsFunc(where, func(w string) bool { return cfg.written[w] != other.written[w] })
}
