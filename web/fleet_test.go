package web

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/longtest"
)

// fleet tells of 300 clusters that were read a minute ago, but for those in trouble.
func fleet(t *testing.T, trouble map[int]func(*dbtest.Story)) *told {
	t.Helper()
	// Freshness is by SQLite's clock, which is the machine's.
	now := time.Now().UTC().Truncate(time.Millisecond)
	began := now.Add(-10 * 24 * time.Hour)
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{Now: func() time.Time { return began }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range 300 {
		s := dbtest.Tell(t, st, fleetName(i))
		s.Now = now.Add(-time.Minute)
		if tell := trouble[i]; tell != nil {
			tell(s)
			continue
		}
		s.Lists(dbtest.Listed("a", db.Completed), dbtest.Listed("b", db.Running))
	}
	return &told{st: st, now: now}
}

func fleetName(i int) string { return fmt.Sprintf("prod-eu-central-%03d", i) }

// The kinds of trouble.
var (
	stale = func(s *dbtest.Story) {
		s.Now = s.Now.Add(-3 * time.Hour)
		s.Lists(dbtest.Listed("a", db.Completed))
		s.Begin()
		s.Close(db.Failure)
	}
	never = func(s *dbtest.Story) {
		s.Begin()
		s.Close(db.Failure)
	}
	failing = func(s *dbtest.Story) {
		s.Now = s.Now.Add(-5 * time.Minute)
		s.Lists(dbtest.Listed("a", db.Completed))
		s.Begin()
		s.Close(db.Failure)
	}
	hiding = func(s *dbtest.Story) {
		s.Begin()
		s.Page(dbtest.Listed("a", db.Completed))
		s.Run.Absences = db.Absences{Asked: 2, Denied: 2}
		s.Complete()
	}
)

// firstScreen returns the clusters in trouble that stand in the first screen of a
// desk and of a phone.
func firstScreen(t *testing.T, a *told, name string) map[string][]string {
	t.Helper()
	args := []string{"testdata/fleet.mjs", needBrowser(t), run(t, a, nil).origin}
	if pictures := os.Getenv("PICTURES"); pictures != "" {
		args = append(args, pictures, name)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	seen := map[string][]string{}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestFourInTroubleOf300StandInTheFirstScreen(t *testing.T) {
	longtest.Only(t)
	a := fleet(t, map[int]func(*dbtest.Story){150: stale, 299: never, 151: failing, 298: hiding})
	want := []string{fleetName(299), fleetName(150), fleetName(151), fleetName(298)}
	for screen, got := range firstScreen(t, a, "fleet-4") {
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", screen, got)
		}
	}
}

func TestTheWorstOf40InTroubleStandInTheFirstScreen(t *testing.T) {
	longtest.Only(t)
	trouble := map[int]func(*dbtest.Story){}
	for i := range 40 {
		trouble[260+i] = []func(*dbtest.Story){failing, stale, hiding, failing}[i%4]
	}
	trouble[299] = never
	for screen, got := range firstScreen(t, fleet(t, trouble), "fleet-40") {
		if want := []string{fleetName(299), fleetName(261), fleetName(265), fleetName(269)}; len(got) < 4 || !slices.Equal(got[:4], want) {
			t.Errorf("%s: %q", screen, got)
		}
	}
}
