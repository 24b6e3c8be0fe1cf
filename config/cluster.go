package config

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"importarchive/network"
	"importarchive/sync/remote"
)

// MilvusV2 is the dialect of a self-hosted server. It has no regions and no
// cluster ids, and may need no key.
const MilvusV2 = "milvus-v2"

// cluster reads one [[clusters]] table. It inherits from [sync] what the table
// doesn't override.
func (t *table) cluster(sync *Sync) Cluster {
	cl := Cluster{
		Name:      t.clusterName(),
		Schedule:  override(t, "schedule", sync.Schedule, func(key string) Schedule { return t.schedule(key, sync.Timezone) }),
		Enabled:   t.boolean("enabled"),
		GoneAfter: sync.GoneAfter,
		Details:   override(t, "details", sync.Details, t.boolean),

		CompleteEvery: override(t, "complete_every", sync.CompleteEvery, t.completeEvery),
		Target: remote.Target{
			Timeout:  override(t, "timeout", sync.Timeout, t.timeout),
			RetryFor: sync.RetryFor,
			Rate:     override(t, "rate", sync.Rate, t.rate),
			Network:  t.network(sync.Network),
		},
	}
	if !override(t, "quick", sync.Quick, t.boolean) {
		cl.CompleteEvery = 0
	}
	cl.Dialect = t.dialect()
	cl.PageSize = t.pageSize(cl.Dialect, sync.PageSize)
	cl.ClusterID = t.clusterID(cl.Dialect)
	cl.Database = t.database(cl.Dialect)
	base := t.base(cl.Dialect)
	cl.BaseURL = strings.TrimRight(base.String(), "/")
	cl.Key = t.key(cl.Dialect)
	t.refuseOpenKey(base, cl.Network)
	return cl
}

// override reads a key that the table has. Without it the value is the inherited one.
func override[T any](t *table, key string, inherited T, read func(key string) T) T {
	if t.has(key) {
		return read(key)
	}
	return inherited
}

func (t *table) clusterName() string {
	if !t.has("name") {
		t.missing("name", "your own name for the cluster, by which the archive knows it")
		return ""
	}
	x, ok := t.text("name", "a string")
	switch {
	case !ok:
	case x.value == "":
		t.problem("name", "is empty")
	case strings.TrimSpace(x.value) != x.value:
		t.problem("name", "%v begins or ends with white space", x)
	case strings.ContainsFunc(x.value, isControl):
		t.problem("name", "%v has a control character", x)
	case utf8.RuneCountInString(x.value) > 100:
		t.problem("name", "is longer than 100 characters")
	}
	return x.value
}

// distinctNames finds clusters of one name: in the archive they would be one
// cluster.
func distinctNames(tables []*table, clusters []Cluster) {
	first := make(map[string]*table)
	for i, t := range tables {
		name := clusters[i].Name
		if name == "" {
			continue
		}
		if other := first[name]; other != nil {
			t.problem("name", "%s on line %d has this name already", other.where, other.line("name"))
			continue
		}
		first[name] = t
	}
}

// dialect returns nil and adds a problem if the file doesn't name a dialect. Then
// settings that depend on the dialect are not checked.
func (t *table) dialect() *remote.Dialect {
	names := strings.Join(remote.DialectNames(), ", ")
	if !t.has("api") {
		t.missing("api", "one of "+names)
		return nil
	}
	x, ok := t.text("api", "a string")
	if !ok {
		return nil
	}
	d, ok := remote.DialectNamed(x.value)
	if !ok {
		t.problem("api", "%v is none of %s", x, names)
		return nil
	}
	return d
}

// pageSize returns the page size of the cluster, or the inherited one, which may
// be right for [sync] and wrong for this cluster's API.
func (t *table) pageSize(d *remote.Dialect, inherited int) int {
	least, most, takes := 1, 100, "it takes 1 to 100"
	if d != nil {
		least, most = d.MinPageSize, min(d.MaxPageSize, 100)
		takes = d.Name + " takes " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
	}
	if t.has("page_size") {
		return t.integer("page_size", least, most, takes)
	}
	if inherited > 0 { // 0: [sync] already has a problem
		sync := &table{settings: t.settings, kind: "sync", where: "sync", shown: "sync"}
		inRange(sync, "page_size", inherited, inherited, least, most, "small", "large", takes)
	}
	return inherited
}

func (t *table) clusterID(d *remote.Dialect) string {
	if d != nil && d.WantsClusterID && !t.has("cluster_id") {
		t.missing("cluster_id", `such as "in01-0123456789abcde"`)
	}
	x, _ := t.word("cluster_id")
	return x.value
}

func (t *table) database(d *remote.Dialect) string {
	if d != nil && d.Name != MilvusV2 && t.has("database") {
		t.problem("database", "is for %s only", MilvusV2)
	}
	x, _ := t.word("database")
	return x.value
}

// base returns the URL of the service, from base_url or from the region. After a
// problem it is the zero URL.
func (t *table) base(d *remote.Dialect) *url.URL {
	if t.has("base_url") {
		return t.baseURL(d)
	}
	x, ok := t.word("region")
	switch {
	case t.has("region") && (!ok || d == nil):
		return &url.URL{}
	case d != nil && d.Name == MilvusV2:
		t.missing("base_url", `such as "http://localhost:19530"; milvus-v2 has no regions`)
		return &url.URL{}
	case !ok:
		t.missing("region", `such as "ali-cn-hangzhou", or base_url`)
		return &url.URL{}
	}
	base, err := d.BaseURL(x.value)
	if err != nil {
		t.problem("region", "%v is not a region: it has lower-case letters, digits and dashes, such as gcp-us-west1", x)
	}
	u, err := url.Parse(base)
	if err != nil {
		return &url.URL{} // unreachable: a region is letters, digits and dashes
	}
	return u
}

// baseURL never quotes the URL: it refuses a user in it, which may be a key.
func (t *table) baseURL(d *remote.Dialect) *url.URL {
	x, ok := t.text("base_url", "a string")
	if !ok {
		return &url.URL{}
	}
	u, err := parseBase(x.value)
	if err != nil {
		t.problem("base_url", "%v", err)
		return &url.URL{}
	}
	if d != nil {
		if own := d.OwnPath(u.Path); own != "" {
			t.problem("base_url", "ends with %s, which the program adds itself: remove that", own)
		}
	}
	return u
}

func parseBase(s string) (*url.URL, error) {
	u, err := parseURL(s, `"https://host" or "https://host:8443/prefix"`)
	switch {
	case err != nil:
		return nil, err
	case u.User != nil:
		return nil, errors.New("has a user or a password in it: remove that and use api_key")
	case strings.ContainsAny(s, "?#"):
		return nil, errors.New("has a query or a fragment (? or #): it must end with the host or a path")
	}
	if port := u.Port(); port != "" && !isPort(port) {
		return nil, errPort
	}
	return u, nil
}

var errPort = errors.New("has a port that is not within 1 to 65535")

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n != 0
}

// parseURL parses an address of HTTP. The error never quotes it.
func parseURL(s, example string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL: write it like " + example)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("begins with neither https:// nor http://")
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	}
	return u, nil
}

// refuseOpenKey finds keys that would cross a network unencrypted.
func (t *table) refuseOpenKey(base *url.URL, n network.Settings) {
	allowed := t.boolean("insecure_http")
	hasKey := t.has("api_key") || t.has("api_key_file")
	if hasKey && base.Scheme == "http" && !stays(base.Hostname(), n) && !allowed {
		t.problem("base_url", "http:// would send the key unencrypted: use https://, or set insecure_http = true")
	}
}
