package config

// SharedLists groups the names of the clusters whose settings say that they are
// one list. A list that one cluster reads alone is no group.
func (cfg *Config) SharedLists() [][]string {
	return cfg.Alike(func(i int) string { return cfg.Clusters[i].List() })
}

// Alike groups the names of the clusters for which key gives the same; "" is like
// no other. The groups are in the order of the settings.
func (cfg *Config) Alike(key func(cluster int) string) [][]string {
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
