package config

import (
	"fmt"
	"slices"
	"strings"
)

// Keys has every key of the settings file by its table, with its default as TOML
// decodes it; nil for none. The code that reads a key takes the default from here,
// and a key that is not here is an error.
var Keys = map[string]map[string]any{
	"archive": {"path": "archive.db"},
	"sync": {
		"schedule":   "@every 5m",
		"timezone":   "UTC",
		"on_start":   true,
		"parallel":   int64(64),
		"page_size":  int64(100),
		"timeout":    "30s",
		"retry_for":  "2m",
		"rate":       int64(10),
		"gone_after": int64(2),
		"details":    true,

		"quick":          true,
		"complete_every": "1h",

		"ca_file": "", "cert_file": "", "key_file": "", "proxy": "",
	},
	"clusters": {
		"name": nil, "enabled": true, "api": nil, "cluster_id": nil,
		"region": nil, "base_url": nil, "insecure_http": false,
		"api_key": nil, "api_key_file": nil,
		"database": nil, // nil: the service's default

		// As in [sync].
		"schedule": nil, "page_size": nil, "timeout": nil, "rate": nil, "details": nil,
		"quick": nil, "complete_every": nil,
		"ca_file": nil, "cert_file": nil, "key_file": nil, "proxy": nil,
	},
	"export": {"schedule": "", "what": []any{}, "format": "csv", "dir": ""},
	"backup": {"schedule": "", "dir": "", "keep": int64(7)},
	"retention": {
		"schedule": "", "completed": "", "failed": "", "cancelled": "", "lost": "", "runs": "", "rejects": "", "export": "",
	},
	"notify": {
		"webhook": "", "webhook_file": nil, "token": nil, "token_file": nil,
		"on":        []any{"failed", "lost", "stale", "recovered", "retention", "clock"},
		"heartbeat": "", "heartbeat_file": nil, "insecure_http": false,
		"ca_file": nil, "proxy": nil, // as in [sync]
	},
	"serve": {
		"listen": "127.0.0.1:8321", "hosts": []any{},
		"token": nil, "token_file": nil, "user": nil, "password": nil, "password_file": nil,
	},
	"log": {"level": "info", "format": "auto"},

	// The file itself.
	"": {
		"archive": nil, "sync": nil, "clusters": nil, "export": nil, "backup": nil,
		"retention": nil, "notify": nil, "serve": nil, "log": nil,
	},
}

// removed has the keys of earlier versions by table, and why they are gone.
var removed = map[string]map[string]string{
	"sync":     {"prefetch": noPrefetch},
	"clusters": {"prefetch": noPrefetch},
}

const noPrefetch = "pages are read in order now, with one fetched ahead"

// tableOrder is the order in which a key in the wrong table is searched for.
var tableOrder = []string{"sync", "clusters", "archive", "export", "backup", "retention", "notify", "serve", "log"}

// suggestion suggests a key for an unknown one, as the end of a sentence. It
// returns "" if none is close.
func suggestion(table, key string) string {
	if near := nearest(key, Keys[table]); near != "" {
		return fmt.Sprintf(": did you mean %s?", header(table, near))
	}
	for _, other := range tableOrder {
		for known := range Keys[other] {
			if other != table && fold(known) == fold(key) {
				return fmt.Sprintf(": %s belongs in %s", known, header("", other))
			}
		}
	}
	return ""
}

// header returns a key of the file as the header of a table, and any other key
// unchanged.
func header(table, key string) string {
	switch {
	case table != "":
		return key
	case key == "clusters":
		return "[[clusters]]"
	default:
		return "[" + key + "]"
	}
}

// nearest returns the known key that is closest to a key; "" if none is close.
func nearest(key string, known map[string]any) string {
	best, least := "", 0
	for candidate := range known {
		allowed := 2
		if len(candidate) <= 4 {
			allowed = 1
		}
		a, b := fold(key), fold(candidate)
		if diff := len(a) - len(b); diff < -allowed || diff > allowed {
			continue
		}
		d := distance(a, b)
		if d <= allowed && (best == "" || d < least || d == least && candidate < best) {
			best, least = candidate, d
		}
	}
	return best
}

// fold makes pageSize, page-size and page_size equal.
func fold(key string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))
}

// distance is the edit distance of two texts, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + slices.Min([]int{diagonal, row[j], row[j+1]})
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
