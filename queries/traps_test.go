package queries_test

import (
	"testing"
)

// What a reader sums or counts first has to be right.
func TestTheNaturalCountsOfTheViewsCountEachJobOnce(t *testing.T) {
	t.Parallel()
	reader := openReader(t, randomArchive(t, 9, 30))
	for natural, exact := range map[string]string{
		`SELECT count(*) FROM jobs WHERE state = 'running'`:        `SELECT count(*) FROM jobs WHERE last_state = 'running' AND gone_at IS NULL`,
		`SELECT count(*) FROM jobs WHERE state = 'lost'`:           `SELECT sum(lost) FROM outcomes`,
		`SELECT sum(min_of) FROM durations`:                        `SELECT count(max_seconds) FROM jobs`,
		`SELECT sum(max_of) FROM durations`:                        `SELECT count(max_seconds) FROM jobs`,
		`SELECT sum(appeared) FROM days`:                           `SELECT count(*) FROM jobs`,
		`SELECT sum(lost) FROM days`:                               `SELECT count(*) FROM jobs WHERE outcome = 'lost'`,
		`SELECT sum(jobs) FROM collections`:                        `SELECT count(*) FROM jobs`,
		`SELECT sum(open_jobs) FROM collections`:                   `SELECT count(*) FROM jobs WHERE outcome = 'open'`,
		`SELECT sum(archived) FROM clusters`:                       `SELECT count(*) FROM jobs`,
		`SELECT sum(listed) FROM clusters`:                         `SELECT count(*) FROM jobs WHERE gone_at IS NULL`,
		`SELECT sum(jobs) FROM loads`:                              `SELECT count(*) FROM jobs WHERE state = 'completed' AND max_seconds IS NOT NULL AND coalesce(imported_rows, total_rows, file_size) IS NOT NULL`,
		`SELECT sum(appeared) FROM runs`:                           `SELECT count(*) FROM jobs`,
		`SELECT count(*) FROM transitions WHERE kind = 'appeared'`: `SELECT count(*) FROM jobs`,
	} {
		if got, want := allRows(t, reader, natural)[0][0], allRows(t, reader, exact)[0][0]; got != want || want == int64(0) {
			t.Errorf("%s is %v, but %s is %v", natural, got, exact, want)
		}
	}
}
