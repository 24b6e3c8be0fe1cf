package config

import (
	"testing"
	"time"

	"importarchive/db"
)

func TestAgesAreReadInDaysToo(t *testing.T) {
	const day = 24 * time.Hour
	r := load(t, goodCluster+"\n[retention]\ncompleted = \"365d\"\nfailed = \"2w3d\"\ncancelled = \"1d12h\"\nlost = \"8760h\"\nruns = \"90m\"\n", noEnv).Retention
	want := db.Retention{Completed: 365 * day, Failed: 17 * day, Cancelled: 36 * time.Hour, Lost: 365 * day, Runs: 90 * time.Minute}
	if r.Keep != want || r.Schedule.Set() {
		t.Errorf("%+v, want %+v", r, want)
	}
}

func TestByDefaultEverythingIsKept(t *testing.T) {
	if r := load(t, goodCluster, noEnv).Retention; r != (Retention{}) {
		t.Errorf("%+v", r)
	}
}
