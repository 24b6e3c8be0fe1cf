package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"importarchive/config"
)

// schedules shows when each schedule fires next. A schedule of several clusters is
// shown once.
func schedules(_ context.Context, env *Env) []Finding {
	cfg := env.Config
	type scheduled struct {
		config.Schedule
		names []string
	}
	var all []scheduled
	for _, cl := range cfg.On() {
		at := slices.IndexFunc(all, func(s scheduled) bool { return s.Spelling == cl.Schedule.Spelling })
		if at < 0 {
			at, all = len(all), append(all, scheduled{Schedule: cl.Schedule})
		}
		all[at].names = append(all[at].names, cl.Name)
	}
	several := len(all) > 1
	var found []Finding
	for _, s := range all {
		text := preview(s.Schedule, env.Now(), cfg.Sync.Timezone)
		if several {
			text += " (" + strings.Join(s.names, ", ") + ")"
		}
		found = append(found, ok("schedule", "%s", text))
	}
	for _, task := range []struct {
		name string
		config.Schedule
	}{{"export", cfg.Export.Schedule}, {"backup", cfg.Backup.Schedule}, {"prune", cfg.Retention.Schedule}} {
		if task.Schedule.Set() {
			found = append(found, ok("schedule", "%s: %s", task.name, preview(task.Schedule, env.Now(), cfg.Sync.Timezone)))
		}
	}
	return found
}

// previewed is how many times of each schedule are shown.
const previewed = 5

func preview(s config.Schedule, now time.Time, zone *time.Location) string {
	var times []string
	t := now.In(zone)
	for range previewed {
		t = s.Next(t)
		layout := time.TimeOnly
		if len(times) == 0 || t.YearDay() != now.In(zone).YearDay() {
			layout = time.DateTime
		}
		times = append(times, t.In(zone).Format(layout))
	}
	text := fmt.Sprintf("%q fires at %s %s", s.Spelling, strings.Join(times, ", "), t.In(zone).Format("MST"))
	if strings.HasPrefix(strings.TrimSpace(s.Spelling), "@every") {
		text += ", if the service starts now"
	}
	return text
}

// folders checks that the folders exist to which the service writes on schedule. It
// can't check the permission to write, because a check writes nothing.
func folders(_ context.Context, env *Env) []Finding {
	cfg := env.Config
	var found []Finding
	for _, folder := range []struct{ key, path string }{{"export.dir", cfg.Export.Dir}, {"retention.export", cfg.Retention.Export}} {
		if folder.path == "" {
			continue
		}
		switch st, err := os.Stat(folder.path); {
		case errors.Is(err, fs.ErrNotExist):
			found = append(found, note("folder", "the service creates it with its first file", "%s of %s is not there yet", folder.path, folder.key))
		case err != nil:
			found = append(found, problem("folder", "change "+folder.key+" in the settings", "%v", err))
		case !st.IsDir():
			found = append(found, problem("folder", "change "+folder.key+" in the settings", "%s is not a folder", folder.path))
		}
	}
	return found
}
