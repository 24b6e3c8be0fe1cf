package config

// Names lists the names of the clusters.
func (cfg *Config) Names() (names []string) {
	for i := range cfg.Clusters {
		names = append(names, cfg.Clusters[i].Name)
	}
	return names
}

// On returns the clusters that are not switched off.
func (cfg *Config) On() (all []*Cluster) {
	for i := range cfg.Clusters {
		if cfg.Clusters[i].Enabled {
			all = append(all, &cfg.Clusters[i])
		}
	}
	return all
}

// Synced lists the names of the clusters that are not switched off.
func (cfg *Config) Synced() (names []string) {
	for _, cl := range cfg.On() {
		names = append(names, cl.Name)
	}
	return names
}

// Off lists the names of the clusters that are switched off.
func (cfg *Config) Off() (names []string) {
	for i := range cfg.Clusters {
		if !cfg.Clusters[i].Enabled {
			names = append(names, cfg.Clusters[i].Name)
		}
	}
	return names
}

// SharedLists groups the names of clusters that read the same list, by their
// settings. A cluster that shares its list with no other is in no group, and neither is
// one that is switched off.
func (cfg *Config) SharedLists() [][]string {
	return cfg.Alike(func(i int) string {
		if !cfg.Clusters[i].Enabled {
			return ""
		}
		return cfg.Clusters[i].ListName()
	})
}

// Alike groups the names of clusters with the same key, in the order of the
// settings. A cluster whose key is "" is in no group.
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
