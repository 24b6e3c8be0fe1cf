package cli

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/queries"
	"importarchive/report"
)

// validate refuses filters that make no sense, and converts since, until and
// asOf to times as the archive spells them.
func (f *jobFilter) validate(now time.Time) (err error) {
	if f.limit < 0 {
		return usageError("--limit %d is below 0", f.limit)
	}
	for _, word := range f.states {
		if err := oneOf("--state", word, stateWords()); err != nil {
			return err
		}
	}
	if f.since, err = timeFlag("since", f.since, now); err != nil {
		return err
	}
	if f.until, err = timeFlag("until", f.until, now); err != nil {
		return err
	}
	if f.since != "" && f.until != "" && f.since >= f.until {
		return usageError("--since (%s) is not before --until (%s): nothing could match", f.since, f.until)
	}
	if !f.wantAsOf {
		return nil
	}
	if f.asOf == "" {
		return usageError("--as-of is empty")
	}
	asOf, err := report.ParseTime(f.asOf, now)
	if err != nil {
		return usageError("--as-of %w", err)
	}
	if asOf.After(now) {
		return usageError("--as-of (%s) is in the future", queries.SpellTime(asOf))
	}
	f.asOf = queries.SpellTime(asOf)
	return nil
}

// words returns the filter as the user would type it.
func (f *jobFilter) words() (words []string) {
	for _, name := range f.clusters {
		words = append(words, "--cluster "+name)
	}
	if f.wantCollection {
		words = append(words, "--collection "+f.collection)
	}
	if len(f.states) > 0 {
		words = append(words, "--state "+strings.Join(f.states, ","))
	}
	if f.wantID {
		words = append(words, "--job "+f.job)
	}
	for _, at := range [][2]string{{"--since", f.since}, {"--until", f.until}, {"--as-of", f.asOf}} {
		if at[1] != "" {
			words = append(words, fmt.Sprintf("%s %q", at[0], at[1]))
		}
	}
	if f.gone {
		words = append(words, "--gone")
	}
	return words
}

// The conditions of --since and --until, each with a second one on recency, in whose
// order the jobs are read: it is at most a day before first_seen_at, and the second
// beyond that is more than what julianday() rounds. The plus keeps SQLite from using
// the index of first_seen_at and sorting all that match.
const (
	sinceFirstSeen = "+first_seen_at >= :since AND recency >= (julianday(:since) - 2440587.5) * 86400000 - 86401000"
	untilFirstSeen = "+first_seen_at < :until AND recency < (julianday(:until) - 2440587.5) * 86400000 + 1000"
)

// query returns the SQL and the values of its parameters. No text from the user
// is part of the SQL.
func (f *jobFilter) query() (string, map[string]any) {
	values := map[string]any{}
	var where []string
	add := func(condition, name string, value any) {
		where, values[name] = append(where, condition), value
	}
	if f.wantID {
		add("job_id = :job", "job", f.job)
	}
	if len(f.states) > 0 {
		where = append(where, inStates(f.states))
	}
	if len(f.clusters) > 0 {
		where = append(where, f.inClusters(values))
	}
	if f.wantCollection {
		add(f.inCollection(), "collection", f.collection)
	}
	if f.since != "" {
		add(sinceFirstSeen, "since", f.since)
	}
	if f.until != "" {
		add(untilFirstSeen, "until", f.until)
	}
	if f.gone {
		where = append(where, "gone_at IS NOT NULL")
	}
	if f.since == "" && !f.sortable() {
		// Always true. It makes SQLite follow the index from the newest job on,
		// instead of sorting all jobs.
		where = append(where, "recency > 0")
	}
	query := "SELECT * FROM jobs\nWHERE " + strings.Join(where, "\n  AND ") + "\nORDER BY recency DESC, nth, cluster"
	if f.limit > 0 {
		query += "\nLIMIT :limit"
		values["limit"] = int64(f.limit)
		if f.forPeople() {
			values["limit"] = int64(f.limit) + 1 // one more says that there are more
		}
	}
	return query, values
}

// queryAsOf applies the filters to the saved report as-of. The report has
// parameters for some. The others that hold for a job at all times narrow the
// jobs from which the report starts: a common table expression of the name jobs
// hides the view.
func (f *jobFilter) queryAsOf(saved string) (string, map[string]any) {
	values := map[string]any{"at": f.asOf, "limit": int64(0)}
	if !slices.Equal(f.states, []string{"open"}) {
		values["gone"] = int64(1) // a job in any other state may have been gone
	}
	if len(f.states) > 0 {
		values["state"] = strings.Join(f.states, ",")
	}
	if f.wantCollection {
		values["collection"] = f.collection
	}
	query := "SELECT * FROM (\n" + strings.TrimRight(saved, "; \n") + "\n)"
	if from := f.fromAsOf(values); len(from) > 0 {
		query = "WITH jobs AS NOT MATERIALIZED (SELECT * FROM main.jobs WHERE " + strings.Join(from, " AND ") + ")\n" + query
	}
	if f.gone {
		query += "\nWHERE gone_at IS NOT NULL"
	}
	if f.limit > 0 {
		query += "\nLIMIT :show"
		values["show"] = int64(f.limit) + 1 // one more says that there are more
		if !f.forPeople() {
			values["show"] = int64(f.limit)
		}
	}
	return query, values
}

// fromAsOf returns the conditions on the jobs from which the report starts. A
// single cluster becomes the report's parameter, for which it has an index.
func (f *jobFilter) fromAsOf(values map[string]any) (from []string) {
	if f.wantID {
		from, values["job"] = append(from, "job_id = :job"), f.job
	}
	switch len(f.clusters) {
	case 0:
	case 1:
		values["cluster"] = f.clusters[0]
	default:
		from = append(from, f.inClusters(values))
	}
	if f.since != "" {
		from, values["since"] = append(from, sinceFirstSeen), f.since
	}
	if f.until != "" {
		from, values["until"] = append(from, untilFirstSeen), f.until
	}
	return from
}

// sortable reports whether a part of the filter matches so few jobs that sorting
// them is faster than reading jobs from the newest on.
func (f *jobFilter) sortable() bool {
	return f.wantID || f.few != "" || slices.Equal(f.states, []string{"failed"})
}

// fewJobs names the part of the filter that matches few jobs: sorting them all is
// faster than finding them among the others, newest first. "" is none.
type fewJobs string

const (
	fewOfClusters   fewJobs = "clusters"
	fewOfCollection fewJobs = "collection"
)

func (f *jobFilter) inClusters(values map[string]any) string {
	condition := inClusters(f.clusters, values)
	if f.few != fewOfClusters {
		// The plus keeps SQLite from using the clusters' index and sorting all
		// their jobs to find the newest.
		condition = "+" + condition
	}
	return condition
}

func (f *jobFilter) inCollection() string {
	if f.few == fewOfCollection || slices.Equal(f.states, []string{"failed"}) {
		return "collection = :collection" // uses an index
	}
	return "+collection = :collection"
}

// fewJobsOf returns which part of the filter matches few jobs, by the archive's sums.
func fewJobsOf(ctx context.Context, reader *sql.DB, f *jobFilter) (fewJobs, error) {
	const few = 100_000
	count := func(query string, values map[string]any) (jobs int64, err error) {
		err = reader.QueryRowContext(ctx, query, named(values)...).Scan(&jobs)
		return jobs, err
	}
	if f.wantCollection && !f.wantAsOf { // at an earlier time a job may have had another collection
		// Counted in all clusters, because the index begins with the collection.
		jobs, err := count("SELECT coalesce(sum(jobs), 0) FROM collections WHERE collection = :collection", map[string]any{"collection": f.collection})
		if err != nil || jobs < few {
			return fewOfCollection, err
		}
	}
	if len(f.clusters) > 0 {
		values := map[string]any{}
		in := strings.Replace(inClusters(f.clusters, values), "cluster IN", "name IN", 1)
		jobs, err := count("SELECT coalesce(sum(archived), 0) FROM clusters WHERE "+in, values)
		if err != nil || jobs < few {
			return fewOfClusters, err
		}
	}
	return "", nil
}

// unfinished is the condition of the partial index of unfinished jobs. SQLite
// uses that index only for a query with the same condition.
const unfinished = "state <> 'completed' AND state <> 'failed' AND state <> 'cancelled'"

// inStates returns the condition for words of --state. They are valid, so they
// can be part of the SQL.
func inStates(words []string) string {
	if len(words) == 1 && (words[0] == "failed" || words[0] == "cancelled") {
		return "state = '" + words[0] + "'" // has its own index
	}
	var states, any []string
	for _, word := range words {
		switch word {
		case "open", "lost":
			any = append(any, "outcome = '"+word+"'")
		default:
			states = append(states, "'"+word+"'")
		}
	}
	if states != nil {
		any = append(any, "state IN ("+strings.Join(states, ", ")+")")
	}
	condition := "(" + strings.Join(any, " OR ") + ")"
	if !slices.ContainsFunc(words, func(word string) bool { return db.State(word).Terminal() }) {
		condition += " AND " + unfinished // implied, but SQLite doesn't see it
	}
	return condition
}
