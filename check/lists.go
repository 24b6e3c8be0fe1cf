package check

import (
	"slices"
	"strings"

	"importarchive/config"
	"importarchive/sync/remote"
)

// idsOf returns the ids of a page, sorted. Two first pages of one list have the
// same ids.
func idsOf(p *remote.Page) string {
	var ids []string
	for i := range p.Jobs {
		ids = append(ids, p.Jobs[i].ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, "\x00")
}

// OnceForEach is the advice for clusters that read one list.
const OnceForEach = "keep one of them, because each job is archived once for each. In milvus-v2, database filters nothing: a server lists the jobs of all its databases"

// lists finds clusters that archive the same jobs. shown has the ids of each
// cluster's first page. The finding is only a note: the archive is right, and one
// Milvus may show different parts of its list to two users.
func lists(cfg *config.Config, shown []string) []Finding {
	var found []Finding
	bySettings := cfg.SharedLists()
	for _, names := range bySettings {
		found = append(found, note("settings", OnceForEach, "%s read one list of one service", strings.Join(names, ", ")))
	}
	for _, names := range cfg.Alike(func(i int) string { return shown[i] }) {
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
