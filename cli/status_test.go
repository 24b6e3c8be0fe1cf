package cli

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"importarchive/db/sqlite"
)

func TestStatusOfAFreshAndAStaleCluster(t *testing.T) {
	archive := twoClusters(t)
	r := call(t, "--config", settingsFor(t, archive, "prod", "staging"), "status")
	r.wants(t, exitAttention)
	golden(t, "status.txt", strings.ReplaceAll(r.stdout, archive, "archive.db"))
}

func TestStatusAsJSON(t *testing.T) {
	archive := twoClusters(t)
	r := call(t, "--config", settingsFor(t, archive, "prod", "staging", "later"), "status", "--json")
	r.wants(t, exitAttention)
	golden(t, "status.json", strings.ReplaceAll(r.stdout, archive, "archive.db"))
}

func TestStatusIsFineWhileEveryClusterOfTheSettingsIsFresh(t *testing.T) {
	r := call(t, "--config", settingsFor(t, twoClusters(t), "prod"), "status")
	r.wants(t, exitDone, "the cluster is fresh", "not in the settings")
	if strings.Contains(r.stdout, "stale") {
		t.Errorf("a cluster that is not in the settings is stale:\n%s", r.stdout)
	}
}

func TestStatusNeedsALookWhenAClusterNeverHadACompleteListing(t *testing.T) {
	call(t, "--config", settingsFor(t, twoClusters(t), "prod", "later"), "status").wants(t, exitAttention, "later never had a conclusive run")
}

func TestOneFailureOfAFreshClusterIsShownAndNoReasonForAnExitCode(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		s.lists(5 * time.Minute)
		s.fails(time.Minute, "unavailable", "page 1: unavailable: HTTP 503")
	})
	call(t, "--config", settingsFor(t, archive, "prod"), "status").wants(t, exitDone, "prod: the last run failed: page 1: unavailable")
}

func TestACompleteListingIsFreshForTwiceTheSchedule(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) { newStory(t, st, "prod").lists(10 * time.Minute) })
	config := settingsFor(t, archive, "prod") // @every 5m; the listing ended 9m58s before noon
	outside{now: noon.Add(2 * time.Second)}.call(t, "--config", config, "status").wants(t, exitDone, "10m ago")
	outside{now: noon.Add(2*time.Second + time.Millisecond)}.call(t, "--config", config, "status").wants(t, exitAttention, "still open")
}

func TestStatusShowsARunUnderWay(t *testing.T) {
	archive := newArchive(t, func(st *sqlite.Archive) {
		s := newStory(t, st, "prod")
		s.lists(5 * time.Minute)
		s.begin(90 * time.Second)
	})
	call(t, "--config", settingsFor(t, archive, "prod"), "status").wants(t, exitDone, "running for 1m30s")
}

func TestStatusShowsThatTheClockIsBehind(t *testing.T) {
	r := outside{now: noon.Add(-time.Hour)}.call(t, "--config", settingsFor(t, twoClusters(t), "prod"), "status")
	r.wants(t, exitDone, "ahead of this machine's clock")
}

func TestReadingCommandsWithoutAnArchiveSayWhatToDo(t *testing.T) {
	config := settingsFor(t, filepath.Join(t.TempDir(), "none.db"), "prod")
	for _, args := range [][]string{{"status"}, {"jobs"}, {"history", "x"}} {
		call(t, append([]string{"--config", config}, args...)...).wants(t, exitFailed, "there is no archive yet", "sync")
	}
}

func TestReadingCommandsRefuseBrokenSettings(t *testing.T) {
	for _, args := range [][]string{{"status"}, {"jobs"}, {"history", "x"}, {"check"}} {
		call(t, append([]string{"--config", "testdata/none.toml"}, args...)...).wants(t, exitUsage, "none.toml")
	}
}

func TestColoursAreForTerminalsWhoseUserWantsThem(t *testing.T) {
	config := settingsFor(t, twoClusters(t), "prod", "staging")
	for _, x := range []struct {
		outside outside
		colored bool
	}{
		{outside{}, false},
		{outside{width: 100}, true},
		{outside{width: 100, noColor: true}, false},
		{outside{width: 100, term: "dumb"}, false},
		{outside{width: 100, term: "xterm"}, true},
	} {
		r := x.outside.call(t, "--config", config, "status")
		if got := strings.Contains(r.stdout, "\x1b["); got != x.colored {
			t.Errorf("%+v: colours %v", x.outside, got)
		}
	}
}
