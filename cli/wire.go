package cli

import (
	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/web/metrics"
)

// engine builds what syncs these clusters into a store, and counts what that
// asks of the services; nil for nobody who wants to know.
func (p *program) engine(cfg *config.Config, st db.Store, counts *metrics.Traffic, log zerolog.Logger) *sync.Engine {
	return &sync.Engine{Store: st, Clusters: p.clusters(cfg, counts), Parallel: cfg.Sync.Parallel, Now: p.Now, Log: log}
}

// clusters builds those of the settings, with a pace of their own.
func (p *program) clusters(cfg *config.Config, counts *metrics.Traffic) []sync.Cluster {
	pacer := remote.NewPacer()
	var all []sync.Cluster
	for i := range cfg.Clusters {
		cl := &cfg.Clusters[i]
		client := remote.NewClient(cl.Target, p.Transport, pacer, p.Now)
		if counts != nil {
			client.Observe(traffic{counts.Cluster(cl.Name)})
		}
		all = append(all, sync.Cluster{
			Name: cl.Name, API: cl.Dialect.Name, ClusterID: cl.ClusterID, BaseURL: cl.BaseURL,
			Schedule: cl.Schedule, GoneAfter: cl.GoneAfter, Details: cl.Details, CompleteEvery: cl.CompleteEvery,
			Remote: client,
		})
	}
	return all
}

// tasks builds what the service does on schedules of its own, beside the syncs.
func (p *program) tasks(cfg *config.Config, st *db.SQLite, log zerolog.Logger) []*task {
	var all []*task
	if e := &cfg.Export; e.Scheduled() {
		all = append(all, &task{
			name: "export", reads: []string{"export", "sync.timezone"}, schedule: e.Schedule, now: p.Now, log: log.With().Str("dir", e.Dir).Logger(),
			do: scheduledExport(e, st.Reader(), pageTitle(cfg.Archive.Path)),
		})
	}
	if b := &cfg.Backup; b.Scheduled() {
		all = append(all, &task{
			name: "backup", reads: []string{"backup", "sync.timezone"}, schedule: b.Schedule, now: p.Now, log: log.With().Str("dir", b.Dir).Logger(),
			do: scheduledBackup(b, st.Reader(), cfg.Archive.Path),
		})
	}
	if r := &cfg.Retention; r.Scheduled() {
		all = append(all, &task{
			name: "prune", reads: []string{"retention", "sync.timezone"}, schedule: r.Schedule, now: p.Now, log: log,
			do: scheduledPrune(r, st),
		})
	}
	return all
}
