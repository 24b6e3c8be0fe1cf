package check

import (
	"testing"
	"time"

	"importarchive/config"
	_ "importarchive/longtest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestTheScheduleIsShownInItsZone(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	s, err := config.ParseSchedule("0 21 * * *", zone)
	if err != nil {
		t.Fatal(err)
	}
	want := `"0 21 * * *" fires at 2026-11-23 21:00:00, 2026-11-24 21:00:00, 2026-11-25 21:00:00, 2026-11-26 21:00:00, 2026-11-27 21:00:00 CST`
	if got := preview(config.Schedule{Schedule: s, Spelling: "0 21 * * *"}, noon, zone); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
