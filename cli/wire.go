package cli

import (
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/sync"
	"importarchive/sync/remote"
)

// engine builds what syncs these clusters into a store.
func (p *program) engine(cfg *Config, st db.Store, log zerolog.Logger) *sync.Engine {
	pacer := remote.NewPacer()
	e := &sync.Engine{Store: st, Parallel: cfg.Sync.Parallel, Now: p.Now, Log: log}
	for i := range cfg.Clusters {
		cl := &cfg.Clusters[i]
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: cl.Name, API: cl.Dialect.Name, ClusterID: cl.ClusterID, BaseURL: cl.BaseURL,
			Schedule: cl.Schedule, GoneAfter: cl.GoneAfter,
			Remote: remote.NewClient(cl.Target, p.Transport, pacer, p.Now),
		})
	}
	return e
}

// tasks builds what the service does on schedules of its own, beside the syncs.
func (p *program) tasks(cfg *Config, st *db.SQLite, log zerolog.Logger) []*task {
	var all []*task
	if e := &cfg.Export; e.scheduled() {
		all = append(all, &task{
			name: "export", schedule: e.Schedule, now: p.Now, log: log.With().Str("dir", e.Dir).Logger(),
			do: scheduledExport(e, st.Reader(), pageTitle(cfg.Archive.Path)),
		})
	}
	if r := &cfg.Retention; r.scheduled() {
		all = append(all, &task{name: "prune", schedule: r.Schedule, now: p.Now, log: log, do: scheduledPrune(r, st)})
	}
	return all
}

// chosen gives the clusters with these names, or all for none.
func chosen(clusters []sync.Cluster, names []string) []sync.Cluster {
	if len(names) == 0 {
		return clusters
	}
	return slices.DeleteFunc(slices.Clone(clusters), func(cl sync.Cluster) bool { return !slices.Contains(names, cl.Name) })
}

// oneOf refuses a word that is not among those allowed.
func oneOf(what, word string, allowed []string) error {
	if slices.Contains(allowed, word) {
		return nil
	}
	return usageError("%s %q is not one of %s", what, word, strings.Join(allowed, ", "))
}
