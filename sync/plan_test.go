package sync

import (
	"fmt"
	"testing"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// pageOf makes a page of the jobs with these numbers.
func pageOf(number int, count int64, from, to int) *remote.Page {
	at := storyStart.Add(time.Duration(number) * time.Second)
	p := &remote.Page{Number: number, Count: count, Asked: at, Received: at.Add(time.Second)}
	for i := from; i < to; i++ {
		p.Jobs = append(p.Jobs, remote.Job{ID: fmt.Sprint("job-", i), RawState: "ImportCompleted"})
	}
	return p
}

// knowing is what is known of so many jobs, all listed.
func knowing(jobs int) *db.Known {
	k := db.NewKnown()
	for i := range jobs {
		e := k.Add(fmt.Sprint("job-", i))
		k.Remember(e, &db.Job{State: db.Completed, RawState: "ImportCompleted"})
	}
	return k
}

func TestHowFarAheadAListingIsAskedFor(t *testing.T) {
	ahead := func(p *remote.Page) *remote.Page { p.Ahead = 1; return p }
	for _, story := range []struct {
		name    string
		known   int
		pages   []*remote.Page
		through []int
		anew    bool // after the last of them
		why     string
	}{
		{
			"to the page before the last, by the total and the largest page", 95,
			[]*remote.Page{pageOf(1, 95, 0, 10), pageOf(2, 95, 10, 20), pageOf(3, 95, 20, 25)},
			[]int{9, 9, 9},
			false, "the service counts 95 jobs and listed 25",
		},
		{
			"nowhere without a total", 30,
			[]*remote.Page{pageOf(1, 10, 0, 10), pageOf(2, 10, 10, 20), pageOf(3, -1, 20, 30)},
			[]int{0, 0, 0},
			false, "",
		},
		{
			"nowhere where a page gave no total", 40,
			[]*remote.Page{pageOf(1, -1, 0, 10), pageOf(2, 40, 10, 20), pageOf(3, 40, 20, 30), pageOf(4, 40, 30, 40)},
			[]int{0, 0, 0, 0},
			false, "",
		},
		{
			"nowhere in a first listing", 0,
			[]*remote.Page{pageOf(1, 95, 0, 10), pageOf(2, 95, 10, 20)},
			[]int{0, 0},
			false, "the service counts 95 jobs and listed 20",
		},
		{
			"from behind the news on", 95,
			[]*remote.Page{pageOf(1, 96, 95, 96), pageOf(2, 96, 0, 10), pageOf(3, 96, 10, 20)},
			[]int{0, 10, 10},
			false, "the service counts 96 jobs and listed 21",
		},
		{
			"nowhere any more, when news come behind", 90,
			[]*remote.Page{pageOf(1, 95, 0, 10), pageOf(2, 95, 85, 95)},
			[]int{9, 0},
			true, "the service counts 95 jobs and listed 20",
		},
		{
			"nowhere any more, also later", 90,
			[]*remote.Page{pageOf(1, 95, 0, 10), pageOf(2, 95, 85, 95), pageOf(3, 95, 10, 20)},
			[]int{9, 0, 0},
			false, "the service counts 95 jobs and listed 30",
		},
		{
			"nowhere when the total has changed", 50,
			[]*remote.Page{pageOf(1, 50, 0, 10), pageOf(2, 49, 10, 20)},
			[]int{4, 0},
			false, "the service's own count changed while the list was read",
		},
		{
			"nowhere when a page brings nothing new", 50,
			[]*remote.Page{pageOf(1, 50, 0, 10), pageOf(2, 50, 0, 10)},
			[]int{4, 0},
			false, "the service counts 50 jobs and listed 10",
		},
		{
			"not beyond reason", 50,
			[]*remote.Page{pageOf(1, 1<<62, 0, 10)},
			[]int{maxAhead},
			false, fmt.Sprintf("the service counts %d jobs and listed 10", int64(1<<62)),
		},
		{
			"and a total that stops coming is a disturbance", 20,
			[]*remote.Page{pageOf(1, 20, 0, 10), ahead(pageOf(2, -1, 10, 20))},
			[]int{1, 0},
			false, "the service stopped counting while pages were read side by side",
		},
		{
			"and so is a page that was asked for too early", 19,
			[]*remote.Page{pageOf(1, 25, 0, 10), pageOf(2, 25, 10, 20), ahead(pageOf(3, 25, 20, 25))},
			[]int{2, 0, 0},
			false, "a page was read before one with news in front of it",
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			l := newListing(knowing(story.known), 2)
			for i, p := range story.pages {
				l.page(p, false)
				if l.ahead.through != story.through[i] {
					t.Errorf("after page %d as far as %d, want %d", i+1, l.ahead.through, story.through[i])
				}
			}
			if l.ahead.anew != story.anew || l.disturbed() != story.why {
				t.Errorf("anew %v, disturbed %q, want %v, %q", l.ahead.anew, l.disturbed(), story.anew, story.why)
			}
		})
	}
}

// TestWhatALoosePageShowsIsArchivedAndNoMore: its jobs were seen, and the listing
// counts them when they come in their place.
func TestWhatALoosePageShowsIsArchivedAndNoMore(t *testing.T) {
	k := knowing(30)
	l := newListing(k, 1)
	l.page(pageOf(1, 31, 0, 10), false)
	batch, _ := l.loose(pageOf(3, 31, 18, 31), false)
	if len(batch.Changes) != 1 || batch.Changes[0].Kind != db.Appeared || batch.Changes[0].Job.ID != "job-30" {
		t.Fatalf("%+v", batch.Changes)
	}
	l.loose(pageOf(4, 31, 25, 31), false) // twice is no harm
	l.page(pageOf(2, 31, 10, 20), false)
	if l.listed != 20 || l.twice {
		t.Fatalf("%d listed, twice: %v", l.listed, l.twice)
	}
	for c := range l.absences(l.absent()) {
		t.Errorf("%+v, though it was seen", c)
	}
	l.page(pageOf(3, 31, 20, 31), false)
	if why := l.disturbed(); why != "" || l.listed != 31 {
		t.Errorf("%d listed, disturbed: %s", l.listed, why)
	}
	if l.page(pageOf(4, 31, 20, 21), false); l.disturbed() == "" {
		t.Error("a job that comes twice in its place is taken for one that came loose")
	}
}
