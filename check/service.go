package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"importarchive/config"
	"importarchive/db"
	"importarchive/network"
	"importarchive/report"
	"importarchive/sync/remote"
)

// serviceTimeout is how long a check waits for a service. It is short, because a
// person waits for the result.
const serviceTimeout = 15 * time.Second

// service checks the key, reads one page of the list, and queries one of its jobs. It
// returns an empty page if it can't read one.
func (env *Env) service(ctx context.Context, cl *config.Cluster, pacer *remote.Pacer) ([]Finding, remote.Page) {
	key, err := cl.Key()
	if err != nil {
		return []Finding{problem("key", "put the cluster's API key there, readable for this user", "%v", err)}, remote.Page{}
	}
	found := []Finding{ok("key", "readable")}
	if key == (remote.Secret{}) {
		found[0] = ok("key", "none is set")
	}
	if err := cl.Network.Check(env.Now()); err != nil {
		return append(found, problem("network", "put a right file there, readable for this user, or correct the settings", "%v", err)), remote.Page{}
	}
	target := cl.Target
	target.Timeout, target.RetryFor = min(target.Timeout, serviceTimeout), min(target.RetryFor, serviceTimeout)
	client := remote.NewClient(target, env.Transport, pacer, env.Now)
	page, err := client.Probe(ctx)
	if err != nil {
		found = append(found, problem("service", serviceAdvice(cl, err), "%s: %v", cl.BaseURL, err))
	} else {
		found = append(found, ok("service", "%s answered with %s on its first page, in %d ms",
			cl.BaseURL, report.Counted(int64(len(page.Jobs)+page.Further), "job"), page.Received.Sub(page.Asked).Milliseconds()))
		if n := len(page.Rejects); n > 0 {
			found = append(found, problem("service", "a sync is partial whenever these are others than before: send the vendor what the view rejects has of them",
				"%d records of the first page can't be archived: %s", n, page.Rejects[0].Reason))
		}
	}
	if len(page.Jobs) > 0 {
		found = append(found, oneJob(ctx, client, cl, page.Jobs[0].ID))
	}
	if cl.Database != "" && remote.KindOf(err) != remote.Unavailable {
		found = append(found, database(ctx, client, cl))
	}
	if page.Clock.Known {
		found = append(found, serviceClock(page.Clock.Offset))
	}
	return found, page
}

// oneJob queries one job, which may need another grant than the list, or a newer
// server. The job must just have been listed: in Milvus before 2.4.5, a query for an
// unknown job crashes the coordinator.
func oneJob(ctx context.Context, client *remote.Client, cl *config.Cluster, jobID string) Finding {
	const (
		check = "details"
		cost  = "until then the service can't confirm that jobs are gone, so a run whose list lacks jobs is partial, and the reasons of failures stay unknown"
	)
	_, err := client.Describe(ctx, jobID)
	switch {
	case err == nil:
		return ok(check, "the service answers a query for one job")
	case errors.Is(err, remote.ErrForgotten):
		return ok(check, "the service answers a query for one job: it has forgotten that job since it listed it")
	case errors.Is(err, remote.ErrCantDescribe):
		return note(check, "only a newer server has the call: without it, absences can't be confirmed, and the reasons of failures stay unknown",
			"the server has no call for a single job: %v", err)
	case remote.KindOf(err) == remote.Auth:
		advice := serviceAdvice(cl, err)
		if cl.Dialect.Name == config.MilvusV2 {
			advice += "; Milvus before 2.6.7 may deny this call, which names no collection, to every role but admin"
		}
		return problem(check, advice+"; "+cost, "the key may list jobs, but not query a single one: %v", err)
	}
	return problem(check, serviceAdvice(cl, err)+"; "+cost, "the service lists jobs, but does not answer a query for a single one: %v", err)
}

// database checks that the server has the database of the settings. The list of jobs
// doesn't show that: for an unknown database the server lists the same jobs, except
// those for which the user has no grant.
func database(ctx context.Context, client *remote.Client, cl *config.Cluster) Finding {
	const check, shown = "database", 10
	names, err := client.Databases(ctx)
	switch {
	case err != nil:
		return ok(check, "it is unknown whether the server has %q, because it doesn't list its databases for this user: %v", cl.Database, err)
	case slices.Contains(names, cl.Database):
		return ok(check, "the server has %q", cl.Database)
	}
	some := strings.Join(names[:min(len(names), shown)], ", ")
	if len(names) > shown {
		some += ", …"
	}
	return problem(check, "correct database in the cluster's settings, or grant a role of this user something in it: the server checks grants there, and omits jobs without one",
		"the server lists no database %q for this user, only: %s", cl.Database, cmp.Or(some, "none"))
}

func serviceAdvice(cl *config.Cluster, err error) string {
	switch remote.KindOf(err) {
	case remote.Auth:
		if cl.Dialect.Name == config.MilvusV2 {
			return grantAdvice(cl, err)
		}
		return "put in a key that may list this cluster's import jobs (api_key or api_key_file)"
	case remote.NotFound:
		if re, ok := errors.AsType[*remote.Error](err); ok && re.Code == "" {
			return "compare base_url and api: the server has no such path" // no answer of the API, whose errors have a code
		}
		if cl.Dialect.Name == config.MilvusV2 {
			return "compare base_url and database with what the server has"
		}
		return "compare cluster_id, region or base_url, and api with what the console shows"
	case remote.RateLimited:
		return "lower rate in the settings; others may be using the same key"
	case remote.Unavailable:
		advice := "check the network, the proxy, and base_url or region; the service itself may be down"
		if cl.Network.Proxy == (network.Proxy{}) {
			advice = "check the network, and base_url or region; the service itself may be down. Where a proxy leads out, set proxy: the environment's proxies are ignored"
		}
		return advice
	case remote.TLS:
		return "correct ca_file, cert_file and key_file in the settings, or base_url"
	case remote.Proxy:
		return `correct proxy in the cluster's settings or in [sync]; proxy = "" is no proxy for this cluster`
	case remote.Suspended:
		return "resume the cluster, or set enabled = false in its table: then it is not asked for any more, and its archive stays"
	case remote.Protocol:
		return "compare api, and base_url or region: what answered is not this service"
	case remote.Settings:
		return "compare the cluster's table in the settings with what the service says here"
	}
	return "try again"
}

// grantAdvice distinguishes a user that Milvus doesn't know from a user whose role
// may not list imports. It uses the names of Milvus' own documentation.
func grantAdvice(cl *config.Cluster, err error) string {
	if re, ok := errors.AsType[*remote.Error](err); ok && (re.Status == http.StatusUnauthorized || re.Code == "1400" || re.Code == "1800") {
		return `put in "user:password" of a user of this server (api_key or api_key_file)`
	}
	return fmt.Sprintf("grant a role of this user the privilege Import on all collections (collection_name \"*\") of the database %q; "+
		"the privilege groups CollectionReadWrite and CollectionAdmin have it too", cmp.Or(cl.Database, "default"))
}

// clockTolerance is much more than the error of a clock that NTP sets.
const clockTolerance = 30 * time.Second

// serviceClock judges how far the service's clock is from ours.
func serviceClock(offset time.Duration) Finding {
	const advice = "set this machine's clock by NTP"
	where := "ahead of"
	if offset > 0 {
		where = "behind"
	}
	switch {
	case db.OffsetDoubt(offset) != "":
		return problem("clock", db.MendClock+"; until then ages are not judged, and nothing of this cluster is pruned",
			"this machine's clock is %s %s the service's", report.Span(offset.Abs()), where)
	case offset.Abs() > clockTolerance:
		return problem("clock", advice, "this machine's clock is %s %s the service's", report.Span(offset.Abs()), where)
	}
	return ok("clock", "agrees with the service's")
}
