package cli

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"importarchive/db"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// checkClusters looks at all clusters at the same time, as many as the
// settings allow. A nil reader is an archive that can't be read.
func (p *program) checkClusters(ctx context.Context, cfg *Config, reader *sql.DB) []checked {
	each := make([][]checked, len(cfg.Clusters))
	var group errgroup.Group
	group.SetLimit(max(1, cfg.Sync.Parallel))
	pacer := remote.NewPacer()
	for i := range cfg.Clusters {
		group.Go(func() error {
			cl := &cfg.Clusters[i]
			found := p.checkService(ctx, cl, pacer)
			if reader != nil {
				found = append(found, p.checkArchived(ctx, cl, reader)...)
				found = append(found, checkTimes(ctx, cl.Name, reader)...)
			}
			for _, c := range found {
				each[i] = append(each[i], c.of(cl.Name))
			}
			return nil
		})
	}
	_ = group.Wait() // what is wrong with a cluster is among what was found
	var all []checked
	for _, found := range each {
		all = append(all, found...)
	}
	return all
}

// checkPatience is how long a check waits for a service. A person is waiting
// too, and another check is soon made.
const checkPatience = 15 * time.Second

func (p *program) checkService(ctx context.Context, cl *Cluster, pacer *remote.Pacer) []checked {
	key, err := cl.Key()
	if err != nil {
		return []checked{problem("key", "put the cluster's API key there, readable for this user", "%v", err)}
	}
	found := []checked{fine("key", "readable")}
	if key == (remote.Secret{}) {
		found[0] = fine("key", "none is set")
	}
	target := cl.Target
	target.Timeout, target.RetryFor = min(target.Timeout, checkPatience), min(target.RetryFor, checkPatience)
	page, date, err := remote.NewClient(target, p.Transport, pacer, p.Now).Probe(ctx)
	received := page.Received
	if err != nil {
		found = append(found, problem("service", serviceAdvice(err), "%s: %v", cl.BaseURL, err))
		received = p.Now()
	} else {
		found = append(found, fine("service", "%s answered with %s on its first page, in %d ms",
			cl.BaseURL, counted(int64(len(page.Jobs)), "job"), page.Received.Sub(page.Asked).Milliseconds()))
		if n := len(page.Rejects); n > 0 {
			found = append(found, problem("service", "every sync will be partial: send the vendor what the view rejects has of them",
				"%d records of the first page can't be archived: %s", n, page.Rejects[0].Reason))
		}
	}
	if !date.IsZero() {
		found = append(found, checkServiceClock(received, date))
	}
	return found
}

func serviceAdvice(err error) string {
	var re *remote.Error
	if !errors.As(err, &re) {
		return "try again"
	}
	switch re.Kind {
	case remote.Auth:
		return "put in a key that may list this cluster's import jobs (api_key or api_key_file)"
	case remote.NotFound:
		return "compare cluster_id, region or base_url, and api with what the console shows"
	case remote.RateLimited:
		return "lower rate in the settings; others may be using the same key"
	case remote.Unavailable:
		return "look at the network, the proxy and base_url or region; the service itself may be down"
	case remote.Protocol:
		return "compare api, and base_url or region: what answered is not this service"
	case remote.Settings:
		return "compare the cluster's table in the settings with what the service says here"
	}
	return "try again"
}

// clockTolerance is far more than an answer takes, and than NTP leaves.
const clockTolerance = 30 * time.Second

func checkServiceClock(ours, theirs time.Time) checked {
	off := ours.Sub(theirs)
	switch {
	case off > clockTolerance:
		return problem("clock", "set this machine's clock by NTP", "this machine's clock is %s ahead of the service's", span(off))
	case off < -clockTolerance:
		return problem("clock", "set this machine's clock by NTP", "this machine's clock is %s behind the service's", span(-off))
	}
	return fine("clock", "agrees with the service's")
}

// checkArchived compares the settings with what the archive knows of the
// cluster.
func (p *program) checkArchived(ctx context.Context, cl *Cluster, reader *sql.DB) []checked {
	var took sql.NullFloat64
	err := reader.QueryRowContext(ctx, `SELECT
			(SELECT seconds FROM runs WHERE cluster = name AND outcome = 'complete' ORDER BY started_at DESC, id DESC LIMIT 1)
		FROM clusters WHERE name = ?`, cl.Name).Scan(&took)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return []checked{note("identity", "its first sync is still to come", "not in the archive yet")}
	case err != nil:
		return []checked{broken("identity", err)}
	}
	found := []checked{fine("identity", "the archive knows it as the same cluster")}
	err = db.Identity(ctx, reader, db.Cluster{Name: cl.Name, API: cl.Dialect.Name, ClusterID: cl.ClusterID})
	if err != nil {
		found[0] = problem("identity", "the archive keeps what it has; in the settings, rename the cluster or correct its cluster_id", "%v", err)
	}
	every := sync.Expected(cl.Schedule, p.Now())
	if listing := seconds(took.Float64); listing > every {
		found = append(found, note("schedule", "let it run less often, or raise page_size or rate",
			"its last complete listing took %s, and the schedule (%s) wants one every %s", span(listing), cl.Schedule.Spelling, span(every)))
	}
	return found
}
