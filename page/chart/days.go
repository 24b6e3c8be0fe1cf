package chart

import (
	"fmt"
	"time"

	"importarchive/report"
)

const (
	PlotHeight = 220 // of the columns
	plotTop    = 10
	leastBar   = 2 // so that one failure among thousands can be seen
)

// Days is a chart with a column for each day: how jobs ended, stacked, and how
// many appeared, as a line across.
type Days struct {
	ID, Title, Desc      string
	Height, Plot, LabelY int
	Slot                 string // the width of a day
	Before               string // the width of the time before the first run; "": none
	Ticks                []Mark
	Days                 []dayColumn
	Legend               []Swatch
}

type dayColumn struct {
	Day, Left, Tooltip string
	Bars               []Bar
	Appeared           *appearedMark
	Label              *Mark
}

type appearedMark struct {
	X, End, Y string
	Value     int64
}

// Day has the counts of one day.
type Day struct {
	Date     time.Time
	Appeared int64
	Ends     [4]int64 // in the order of [Endings]
}

// Ended returns how many jobs ended, in whatever way.
func (d *Day) Ended() (total int64) {
	for _, n := range d.Ends {
		total += n
	}
	return total
}

// Endings returns the ways a job can end, in the order in which a column stacks
// them.
func Endings() [4]string { return [4]string{"completed", "failed", "cancelled", "lost"} }

// DrawDays draws these days, the last of which is today; firstRun is when the
// archive began.
func DrawDays(days []Day, firstRun time.Time) *Days {
	var total Day
	var greatest int64
	for i := range days {
		greatest = max(greatest, days[i].Ended(), days[i].Appeared)
		total.Appeared += days[i].Appeared
		for kind, n := range days[i].Ends {
			total.Ends[kind] += n
		}
	}
	step, steps := roundSteps(greatest)
	scale := float64(PlotHeight-plotTop) / float64(step*steps)
	first, last := days[0].Date, days[len(days)-1].Date
	c := &Days{
		ID: "daily-chart", Title: fmt.Sprintf("Jobs a day, %s to %s", first.Format("2 January"), last.Format("2 January 2006")),
		Height: PlotHeight + 26, Plot: PlotHeight, LabelY: PlotHeight + 18, Slot: Percent(1 / float64(len(days))),
		Legend: []Swatch{{Kind: "appeared", Word: "appeared", Total: report.Grouped(total.Appeared)}},
	}
	if before := firstRun.Sub(first); before > 0 {
		c.Before = Percent(min(1, float64(before/(24*time.Hour))/float64(len(days))))
	}
	c.Desc = fmt.Sprintf("A column for each of %d days. %s appeared", len(days), report.Counted(total.Appeared, "job"))
	for kind, word := range Endings() {
		c.Legend = append(c.Legend, Swatch{Kind: word, Word: word, Total: report.Grouped(total.Ends[kind])})
		c.Desc += fmt.Sprintf(", %s %s", report.Grouped(total.Ends[kind]), word)
	}
	if c.Before != "" {
		c.Legend = append(c.Legend, Swatch{Kind: "before", Word: "before the first run"})
	}
	c.Desc += ". The table below has the same numbers."
	for n := int64(0); n <= step*steps; n += step {
		c.Ticks = append(c.Ticks, Mark{Y: report.Decimal(PlotHeight - float64(n)*scale), Label: brief(n)})
	}
	for i := range days {
		c.Days = append(c.Days, drawDay(&days[i], i, len(days), scale))
	}
	return c
}

// drawDay stacks the ends of a day from the ground up.
func drawDay(d *Day, i, days int, scale float64) dayColumn {
	slot := 1 / float64(days)
	left := float64(i) * slot
	column := dayColumn{
		Day: d.Date.Format(time.DateOnly), Left: Percent(left),
		Tooltip: fmt.Sprintf("%s: %s appeared", d.Date.Format("Monday 2 January"), report.Grouped(d.Appeared)),
	}
	y := float64(PlotHeight)
	for kind, word := range Endings() {
		n := d.Ends[kind]
		column.Tooltip += fmt.Sprintf(", %s %s", report.Grouped(n), word)
		if n == 0 {
			continue
		}
		height := max(leastBar, float64(n)*scale)
		y -= height
		// Half a pixel of background separates it from the one above.
		column.Bars = append(column.Bars, Bar{
			Kind: word, Value: n, X: Percent(left + 0.16*slot), Width: Percent(0.68 * slot),
			Y: report.Decimal(y + 0.5), Height: report.Decimal(height - 0.5),
		})
	}
	if d.Appeared > 0 {
		column.Appeared = &appearedMark{
			X: Percent(left + 0.06*slot), End: Percent(left + 0.94*slot), Y: report.Decimal(PlotHeight - float64(d.Appeared)*scale), Value: d.Appeared,
		}
	}
	switch back := days - 1 - i; {
	case back == 0 && days <= 10: // today is not over
		column.Label = &Mark{X: Percent(left + slot/2), Anchor: "middle", Label: "today"}
	case back == 0:
		column.Label = &Mark{X: "100%", Anchor: "end", Label: "today"}
	case days <= 10 || back%7 == 0:
		column.Label = &Mark{X: Percent(left + slot/2), Anchor: "middle", Label: d.Date.Format("2 Jan"), Minor: days > 10 && back%14 != 0}
	}
	return column
}
