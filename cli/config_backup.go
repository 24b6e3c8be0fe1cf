package cli

// BackupConfig is the [backup] table: copies that the service makes.
type BackupConfig struct {
	Schedule Schedule // none: the service makes none
	Dir      string   // as typed; "" when none is set
	Keep     int
}

func (b *BackupConfig) scheduled() bool { return b.Schedule.Schedule != nil }

func (t *table) backup(sync SyncConfig) BackupConfig {
	b := BackupConfig{
		Schedule: t.optionalSchedule("schedule", sync.Timezone),
		Keep:     t.integer("keep", 1, 10_000, "it takes 1 to 10000"),
	}
	b.Dir = t.folder("dir", "/var/backups/importarchive", b.scheduled(), "where the backups go")
	return b
}
