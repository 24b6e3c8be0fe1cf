package config

// Backup is the [backup] table: backups that the service makes.
type Backup struct {
	Schedule Schedule // none: the service makes no backups
	Dir      string   // as typed; "" for none
	Keep     int
}

func (t *table) backup(sync Sync) Backup {
	b := Backup{
		Schedule: t.optionalSchedule("schedule", sync.Timezone),
		Keep:     t.integer("keep", 1, 10_000, "it takes 1 to 10000"),
	}
	b.Dir = t.folder("dir", "/var/backups/importarchive", b.Schedule.Set(), "the folder for the backups")
	return b
}
