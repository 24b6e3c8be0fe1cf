package config

// Backup is the [backup] table: copies that the service makes.
type Backup struct {
	Schedule Schedule // none: the service makes none
	Dir      string   // as typed; "" when none is set
	Keep     int
}

func (b *Backup) Scheduled() bool { return b.Schedule.Schedule != nil }

func (t *table) backup(sync Sync) Backup {
	b := Backup{
		Schedule: t.optionalSchedule("schedule", sync.Timezone),
		Keep:     t.integer("keep", 1, 10_000, "it takes 1 to 10000"),
	}
	b.Dir = t.folder("dir", "/var/backups/importarchive", b.Scheduled(), "where the backups go")
	return b
}
