package sync_test

import (
	"math/rand/v2"
	"time"

	"importarchive/sync/remote/simulator"
)

// randomLies are lists that are not so, with what describe says meanwhile, and
// manners that look like lies.
func randomLies(r *rand.Rand, c *simulator.Cluster, began time.Time, schedule time.Duration) []simulator.Fault {
	c.NullEmpty, c.TwoPhase, c.Release = r.IntN(2) == 0, r.IntN(2) == 0, pick(r, "", "2.5")
	if r.IntN(2) == 0 {
		c.DisagreeShare = 0.3
		words := pick(r, [2]string{"Cancel", "Failed"}, [2]string{"Importing", "Failed"}, [2]string{"Failed", "Importing"}, [2]string{"Completed", "Uncommitted"})
		c.ListWord, c.DescribeWord = words[0], words[1]
	}
	away := simulator.Fault{Kind: simulator.Away}
	empty := simulator.Fault{Kind: simulator.Away, Call: simulator.List}
	omits := simulator.Fault{Kind: simulator.Omits, Part: 0.1 + 0.5*r.Float64()}
	stale := simulator.Fault{Kind: simulator.Stale, Delay: time.Duration(1+r.IntN(20)) * time.Minute}
	grants := simulator.Fault{Kind: simulator.Denied, Collection: pick(r, "products", "reviews")}
	silent := pick(r,
		simulator.Fault{Kind: simulator.Away, Call: simulator.Describe},
		simulator.Fault{Kind: simulator.Denied, Call: simulator.Describe},
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 404, Call: simulator.Describe},
		simulator.Fault{Kind: simulator.HTTPStatus, Status: 405, Call: simulator.Describe},
	)
	var some []simulator.Fault
	for range 1 + r.IntN(3) {
		together := pick(r,
			[]simulator.Fault{away},
			[]simulator.Fault{empty},
			[]simulator.Fault{empty, silent},
			[]simulator.Fault{omits},
			[]simulator.Fault{omits, silent},
			[]simulator.Fault{stale},
			[]simulator.Fault{stale, silent},
			[]simulator.Fault{grants},
			[]simulator.Fault{{Kind: simulator.Denied}},
			[]simulator.Fault{{Kind: simulator.NullList}},
			[]simulator.Fault{{Kind: simulator.NullList, FromPage: 2}},
			[]simulator.Fault{{Kind: simulator.Ghosts, Delay: time.Duration(1+r.IntN(600)) * time.Second, Call: simulator.List}},
		)
		from := began.Add(time.Duration(r.IntN(20)) * schedule)
		until := from.Add(time.Duration(1+r.IntN(12)) * schedule)
		share := pick(r, 0, 0, 0.3)
		for _, f := range together {
			f.From, f.Until, f.Share = from, until, share
			some = append(some, f)
		}
	}
	return some
}
