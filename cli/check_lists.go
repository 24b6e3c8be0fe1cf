package cli

import (
	"slices"
	"strings"

	"importarchive/config"
	"importarchive/sync/remote"
)

// sameLists groups the clusters whose settings say that they are one list. A list
// that one cluster reads alone is no group.
func sameLists(cfg *config.Config) [][]string {
	return alike(cfg, func(i int) string { return cfg.Clusters[i].List() })
}

// alike groups the names of the clusters for which key gives the same; "" is like
// no other. The groups are in the order of the settings.
func alike(cfg *config.Config, key func(cluster int) string) [][]string {
	names := map[string][]string{}
	var order []string
	for i := range cfg.Clusters {
		k := key(i)
		if k == "" {
			continue
		}
		if names[k] == nil {
			order = append(order, k)
		}
		names[k] = append(names[k], cfg.Clusters[i].Name)
	}
	var groups [][]string
	for _, k := range order {
		if len(names[k]) > 1 {
			groups = append(groups, names[k])
		}
	}
	return groups
}

// idsOf is what two first pages of one list have in common, in whatever order.
func idsOf(p *remote.Page) string {
	var ids []string
	for i := range p.Jobs {
		ids = append(ids, p.Jobs[i].ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, "\x00")
}

const onceForEach = "keep one of them, because each job is archived once for each. In milvus-v2 database filters nothing: a server lists the jobs of all its databases"

// checkLists looks for clusters that archive the same jobs. It is no problem of the
// archive, and two users of one Milvus may be shown different parts of its list.
// Shown is what each first page had.
func checkLists(cfg *config.Config, shown []string) []checked {
	var found []checked
	bySettings := sameLists(cfg)
	for _, names := range bySettings {
		found = append(found, note("settings", onceForEach, "%s ask one service for one list", strings.Join(names, ", ")))
	}
	for _, names := range alike(cfg, func(i int) string { return shown[i] }) {
		known := slices.ContainsFunc(bySettings, func(group []string) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(group, name) })
		})
		if !known {
			found = append(found, note("settings", "compare their tables in the settings: if they are one list under two addresses, keep one of them; a replica lists the same jobs too",
				"%s show the same jobs on their first pages", strings.Join(names, ", ")))
		}
	}
	return found
}
