package page

import (
	"fmt"
	"time"
)

const (
	plotHeight = 220 // of the columns
	plotTop    = 10
	leastBar   = 2 // one failure among thousands must be seen
)

// daysChart is a column a day: how jobs ended, stacked, and how many appeared
// as a line across.
type daysChart struct {
	ID, Title, Desc      string
	Height, Plot, LabelY int
	Slot                 string // the width of a day
	Before               string // the width of what lies before the first look; "": nothing
	Ticks                []mark
	Days                 []dayColumn
	Legend               []swatch
}

type dayColumn struct {
	Day, Left, Tooltip string
	Bars               []bar
	Appeared           *appearedMark
	Label              *dayLabel
}

type appearedMark struct {
	X, End, Y string
	Value     int64
}

type dayLabel struct {
	X, Anchor, Text string
	Minor           bool // left out where there is little room
}

// dayCounts are one day's sums over all clusters.
type dayCounts struct {
	day      time.Time
	appeared int64
	ends     [4]int64 // as endings names them
}

func (d *dayCounts) ended() (total int64) {
	for _, n := range d.ends {
		total += n
	}
	return total
}

// endings gives the ways a job can end, in the order in which they are
// stacked.
func endings() [4]string { return [4]string{"completed", "failed", "cancelled", "lost"} }

func drawDays(days []dayCounts, looked time.Time) *daysChart {
	var total dayCounts
	var greatest int64
	for i := range days {
		greatest = max(greatest, days[i].ended(), days[i].appeared)
		total.appeared += days[i].appeared
		for kind, n := range days[i].ends {
			total.ends[kind] += n
		}
	}
	step, steps := roundSteps(greatest)
	scale := float64(plotHeight-plotTop) / float64(step*steps)
	first, last := days[0].day, days[len(days)-1].day
	c := &daysChart{
		ID: "daily-chart", Title: fmt.Sprintf("Jobs a day, %s to %s", first.Format("2 January"), last.Format("2 January 2006")),
		Height: plotHeight + 26, Plot: plotHeight, LabelY: plotHeight + 18, Slot: percent(1 / float64(len(days))),
		Legend: []swatch{{Kind: "appeared", Word: "appeared", Total: grouped(total.appeared)}},
	}
	if before := looked.Sub(first); before > 0 {
		c.Before = percent(min(1, float64(before/(24*time.Hour))/float64(len(days))))
	}
	c.Desc = fmt.Sprintf("A column for each of %d days. %s appeared", len(days), plural(total.appeared, "job", "jobs"))
	for kind, word := range endings() {
		c.Legend = append(c.Legend, swatch{Kind: word, Word: word, Total: grouped(total.ends[kind])})
		c.Desc += fmt.Sprintf(", %s %s", grouped(total.ends[kind]), word)
	}
	if c.Before != "" {
		c.Legend = append(c.Legend, swatch{Kind: "before", Word: "before the first look"})
	}
	c.Desc += ". The table below has the same numbers."
	for n := int64(0); n <= step*steps; n += step {
		c.Ticks = append(c.Ticks, mark{Y: decimal(plotHeight - float64(n)*scale), Label: brief(n)})
	}
	for i := range days {
		c.Days = append(c.Days, drawDay(&days[i], i, len(days), scale))
	}
	return c
}

// drawDay stacks the ends of a day from the ground up.
func drawDay(d *dayCounts, i, days int, scale float64) dayColumn {
	slot := 1 / float64(days)
	left := float64(i) * slot
	column := dayColumn{
		Day: d.day.Format(time.DateOnly), Left: percent(left),
		Tooltip: fmt.Sprintf("%s: %s appeared", d.day.Format("Monday 2 January"), grouped(d.appeared)),
	}
	y := float64(plotHeight)
	for kind, word := range endings() {
		n := d.ends[kind]
		column.Tooltip += fmt.Sprintf(", %s %s", grouped(n), word)
		if n == 0 {
			continue
		}
		height := max(leastBar, float64(n)*scale)
		y -= height
		// A hair of the background parts it from the one above.
		column.Bars = append(column.Bars, bar{
			Kind: word, Value: n, X: percent(left + 0.16*slot), Width: percent(0.68 * slot),
			Y: decimal(y + 0.5), Height: decimal(height - 0.5),
		})
	}
	if d.appeared > 0 {
		column.Appeared = &appearedMark{
			X: percent(left + 0.06*slot), End: percent(left + 0.94*slot), Y: decimal(plotHeight - float64(d.appeared)*scale), Value: d.appeared,
		}
	}
	switch back := days - 1 - i; {
	case back == 0 && days <= 10: // this day is not over
		column.Label = &dayLabel{X: percent(left + slot/2), Anchor: "middle", Text: "today"}
	case back == 0:
		column.Label = &dayLabel{X: "100%", Anchor: "end", Text: "today"}
	case days <= 10 || back%7 == 0:
		column.Label = &dayLabel{X: percent(left + slot/2), Anchor: "middle", Text: d.day.Format("2 Jan"), Minor: days > 10 && back%14 != 0}
	}
	return column
}
