package service

import (
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db"
	"importarchive/network"
	"importarchive/sync"
	"importarchive/sync/remote"
	"importarchive/web/metrics"
)

// NewEngine returns an engine that syncs the clusters of the settings into a store, except
// those that are switched off.
// It has its own pacer. counts, if not nil, counts its requests. A nil transport stands
// for the network, as the settings say.
func NewEngine(cfg *config.Config, st db.Store, counts *metrics.Traffic, transport http.RoundTripper, now func() time.Time, log zerolog.Logger) *sync.Engine {
	e := &sync.Engine{Store: st, Parallel: cfg.Sync.Parallel, Now: now, Log: log}
	pacer, networks := remote.NewPacer(), network.Shared{Now: now}
	for _, cl := range cfg.On() {
		way := transport
		if way == nil {
			way = networks.For(cl.Network)
		}
		client := remote.NewClient(cl.Target, way, pacer, now)
		if counts != nil {
			client.Observe(traffic{counts.Cluster(cl.Name)})
		}
		e.Clusters = append(e.Clusters, sync.Cluster{
			Name: cl.Name, API: cl.Dialect.Name, ClusterID: cl.ClusterID, BaseURL: cl.BaseURL,
			Schedule: cl.Schedule, GoneAfter: cl.GoneAfter, Details: cl.Details, CompleteEvery: cl.CompleteEvery,
			Remote: client,
		})
	}
	return e
}

// traffic counts the requests and waits of one client.
type traffic struct{ *metrics.ClusterTraffic }

// Asked implements [remote.Observer].
func (t traffic) Asked(status int, kind remote.Kind, again bool) {
	t.ClusterTraffic.Asked(status, string(kind), again)
}

// Waited implements [remote.Observer].
func (t traffic) Waited(why remote.Wait, took time.Duration) {
	t.ClusterTraffic.Waited(string(why), took)
}
