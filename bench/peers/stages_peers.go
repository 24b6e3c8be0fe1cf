package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// imported is the limit of storing: the sqlite3 shell's .import of the rows that
// the first sync stored, into the same schema with the same indexes. Empty
// cells must become NULL, so it goes by a table in memory.
func (b *bench) imported(ctx context.Context) error {
	if !works("sqlite3") {
		b.missing["sqlite3"] = true
		return nil
	}
	for table, columns := range importedColumns {
		// Into a file: what this process holds counts as its children's at their most.
		_, err := run(ctx, b.folder, "sqlite3", "-csv", "bench.db", ".once "+table+".csv", "SELECT "+columns+" FROM "+table+" ORDER BY 1, 2")
		if err != nil {
			return err
		}
	}
	b.remove("imported.db")
	if _, err := run(ctx, b.folder, "cp", "empty.db", "imported.db"); err != nil {
		return err
	}
	script := `PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE texts (id, text); CREATE TEMP TABLE jobs (cluster, seq, job_id, collection, state, raw_state, appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms);
CREATE TEMP TABLE transitions (id, run, cluster, seq, collection, kind, to_state, to_raw_state, not_before_ms, observed_ms);
.mode csv
.import --schema temp archive_texts.csv texts
.import --schema temp archive_jobs.csv jobs
.import --schema temp archive_transitions.csv transitions
BEGIN;
INSERT OR IGNORE INTO archive_texts (` + importedColumns["archive_texts"] + `) SELECT * FROM texts;
INSERT INTO archive_jobs (` + importedColumns["archive_jobs"] + `) SELECT cluster, seq, job_id, collection, state, raw_state,
	nullif(appeared_after_ms, ''), first_seen_ms, nullif(state_after_ms, ''), state_seen_ms, asked_ms, seen_ms FROM jobs;
INSERT INTO archive_transitions (` + importedColumns["archive_transitions"] + `) SELECT id, 1, cluster, seq, collection, kind, to_state, to_raw_state,
	nullif(not_before_ms, ''), observed_ms FROM transitions;
COMMIT;
`
	if err := os.WriteFile(filepath.Join(b.folder, "import.sql"), []byte(script), 0o600); err != nil {
		return err
	}
	if err := b.measured(ctx, "long .import", "imported.db", "sqlite3", "-bail", "imported.db", ".read import.sql"); err != nil {
		return err
	}
	return b.holds(ctx, "imported.db", "archive_jobs", b.jobs)
}

var importedColumns = map[string]string{
	"archive_texts":       "id, text",
	"archive_jobs":        "cluster, seq, job_id, collection, state, raw_state, appeared_after_ms, first_seen_ms, state_after_ms, state_seen_ms, asked_ms, seen_ms",
	"archive_transitions": "id, run, cluster, seq, collection, kind, to_state, to_raw_state, not_before_ms, observed_ms",
}

// shellPeer is curl, jq and sqlite3 in their best form: all pages in one call
// of curl over as many connections, one call of jq, one upsert.
const shellPeer = `set -e
rm -rf pages && mkdir pages
curl -sS --fail -Z --parallel-max ` + connections + ` "$1/v1/vector/collections/import/list?clusterId=$2&pageSize=100&currentPage=[1-$3]" -o 'pages/#1.json'
cat pages/*.json | jq -r '.data.tasks[] | [.jobId, .collectionName, .state] | @csv' > all.csv
sqlite3 -bail shell.db <<'SQL'
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS jobs (job_id TEXT PRIMARY KEY, collection TEXT, state TEXT, first_seen TEXT, last_seen TEXT);
CREATE TEMP TABLE new (job_id, collection, state);
.mode csv
.import --schema temp all.csv new
INSERT INTO jobs SELECT job_id, collection, state, datetime('now'), datetime('now') FROM new WHERE true
ON CONFLICT (job_id) DO UPDATE SET collection = excluded.collection, state = excluded.state, last_seen = excluded.last_seen;
SQL
`

const utilsPeer = `set -e
rm -rf pages && mkdir pages
curl -sS --fail -Z --parallel-max ` + connections + ` "$1/v1/vector/collections/import/list?clusterId=$2&pageSize=100&currentPage=[1-$3]" -o 'pages/#1.json'
cat pages/*.json | jq -c '.data.tasks[]' | sqlite-utils upsert utils.db jobs - --nl --pk jobId
`

// peer is another program that does the work.
type peer struct {
	name, stores string
	needs        []string
	argv         func(b *bench) []string
}

var peers = []peer{
	{"importarchive", "bench.db", nil, func(b *bench) []string {
		return []string{b.binary, "--config", "bench.toml", "--log-level", "error", "sync"}
	}},
	{"naive Go", "naive.db", nil, func(b *bench) []string { return b.role("naive", b.peerJobs, "naive.db") }},
	{"shell", "shell.db", []string{"bash", "curl", "jq", "sqlite3"}, func(b *bench) []string { return b.script(shellPeer) }},
	{"sqlite-utils", "utils.db", []string{"bash", "curl", "jq", "sqlite-utils"}, func(b *bench) []string { return b.script(utilsPeer) }},
}

func (b *bench) script(text string) []string {
	return []string{"bash", "-c", text, "peer", b.service.base, clusterID(0), strconv.Itoa((b.peerJobs + 99) / 100)}
}

func (b *bench) preparePeers(context.Context) error {
	if err := b.becomes(world{Jobs: b.peerJobs}); err != nil {
		return err
	}
	return b.settings(1, "quick = false")
}

func (b *bench) peersRound(ctx context.Context) error {
	for _, p := range peers {
		if lacks := p.lacks(); lacks != "" {
			b.missing[lacks] = true
			continue
		}
		b.remove(p.stores)
		table := map[bool]string{true: "archive_jobs", false: "jobs"}[p.name == "importarchive"]
		for _, phase := range []string{"first", "unchanged"} {
			if err := b.measured(ctx, fmt.Sprintf("peers %s %s", phase, p.name), p.stores, p.argv(b)...); err != nil {
				return err
			}
			if err := b.holds(ctx, p.stores, table, b.peerJobs); err != nil {
				return err
			}
		}
	}
	return nil
}

// lacks returns the first program that is not installed, or not whole.
func (p *peer) lacks() string {
	for _, name := range p.needs {
		if !works(name) {
			return name
		}
	}
	return ""
}

func works(program string) bool { return exec.Command(program, "--version").Run() == nil }
