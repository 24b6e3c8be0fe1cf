package sync_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/db"
	"importarchive/sync/remote"
)

// choking is a service that can't tell of some of its jobs.
type choking struct {
	newestFirstList
	on   map[string]bool
	told map[string]bool
}

func (c *choking) Describe(_ context.Context, id string) (remote.Details, error) {
	asked := time.Now()
	time.Sleep(time.Millisecond)
	if c.on[id] {
		return remote.Details{}, &remote.Error{Kind: remote.Protocol, Err: errors.New("data is missing")}
	}
	c.told[id] = true
	return remote.Details{Asked: asked, Received: time.Now()}, nil
}

func (c *choking) Confirm(ctx context.Context, id string) (remote.Details, error) {
	return c.Describe(ctx, id)
}

// A sync by an external cron is a new process each time, which does not know the
// failed queries of the ones before.
func TestJobsWithFailingQueriesDoNotKeepARunFromOtherJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQuick(t)
		service := &choking{on: map[string]bool{"job-20": true, "job-19": true, "job-18": true}, told: map[string]bool{}}
		service.bear(4, "ImportRunning")
		service.bear(16, "ImportCompleted")
		for range 40 {
			q.start()
			q.engine.Clusters[0].Remote, q.engine.Clusters[0].Details = service, true
			q.sync(db.ByHand)
		}
		if len(service.told) != 17 {
			t.Errorf("of 17 jobs that it could tell of it was asked for %d", len(service.told))
		}
		q.expectText("17", `SELECT count(*) FROM jobs WHERE described_at IS NOT NULL`)
	})
}
