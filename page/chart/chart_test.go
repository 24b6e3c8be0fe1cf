package chart

import (
	"math"
	"strconv"
	"testing"
	"time"

	_ "importarchive/longtest"
)

func TestAStackIsAsHighAsItsParts(t *testing.T) {
	today := time.Date(2026, 5, 20, 15, 30, 0, 0, time.UTC)
	day := Day{Date: today, Appeared: 90, Ends: [4]int64{60, 20, 10, 10}}
	c := DrawDays([]Day{day, {Date: today}}, time.Time{})
	ground := float64(PlotHeight)
	for i, b := range c.Days[0].Bars {
		y, _ := strconv.ParseFloat(b.Y, 64)
		height, _ := strconv.ParseFloat(b.Height, 64)
		if math.Abs(y+height-ground) > 0.01 {
			t.Errorf("%s stands at %v, not on %v", b.Kind, y+height, ground)
		}
		if want := float64(day.Ends[i]) * (PlotHeight - plotTop) / 100; math.Abs(height+0.5-want) > 0.01 {
			t.Errorf("%s is %v high, want %v", b.Kind, height, want)
		}
		ground = y - 0.5
	}
	if len(c.Days[1].Bars) > 0 || c.Days[1].Appeared != nil {
		t.Error("a day without jobs has bars")
	}
}

func TestAxesHaveRoundSteps(t *testing.T) {
	for greatest, want := range map[int64][2]int64{
		0: {1, 1}, 1: {1, 1}, 4: {1, 4}, 5: {2, 3}, 9: {5, 2}, 40: {10, 4}, 41: {20, 3}, 1540: {500, 4}, 9_000_001: {5_000_000, 2},
	} {
		if step, steps := roundSteps(greatest); step != want[0] || steps != want[1] {
			t.Errorf("%d: %d steps of %d, want %v", greatest, steps, step, want)
		}
	}
	for _, values := range [][]float64{nil, {0}, {0.001}, {5, 5}, {3600}, {1, 1e9}, {1e9}} {
		a := NewSpanAxis(values)
		if !(a.least < a.most) || len(a.Ticks()) < 2 {
			t.Errorf("%v: from %v to %v", values, a.least, a.most)
		}
		for _, v := range append(values, 0) {
			if at := a.At(v); at < 0 || at > 1 || math.IsNaN(at) {
				t.Errorf("%v lies at %v", v, at)
			}
		}
	}
}
