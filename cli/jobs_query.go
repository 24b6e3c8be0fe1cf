package cli

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/report"
)

// validate refuses what can't be meant, and makes since and until times as
// the archive spells them.
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
		return usageError("--as-of (%s) is in the future", spellTime(asOf))
	}
	f.asOf = spellTime(asOf)
	return nil
}

// words spells the filter as it is typed.
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

// query gives the SQL and the values of its parameters. What the user typed is
// never part of the SQL.
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
		add("first_seen_at >= :since", "since", f.since)
	}
	if f.until != "" {
		add("first_seen_at < :until", "until", f.until)
	}
	if f.gone {
		where = append(where, "gone_at IS NOT NULL")
	}
	if f.since == "" && !f.sortable() {
		// Always so. It makes SQLite follow the index from the newest job on
		// instead of sorting all there are, whatever it thinks of them.
		where = append(where, "first_seen_at > ''")
	}
	query := "SELECT * FROM jobs\nWHERE " + strings.Join(where, "\n  AND ") + "\nORDER BY first_seen_at DESC, cluster, job_id"
	if f.limit > 0 {
		query += "\nLIMIT :limit"
		values["limit"] = int64(f.limit)
		if f.forPeople() {
			values["limit"] = int64(f.limit) + 1 // tells whether there are more
		}
	}
	return query, values
}

// sortable says that there is a better way to the jobs than from the newest
// one on: few enough match a part of the filter to sort them.
func (f *jobFilter) sortable() bool {
	return f.wantID || f.few != "" || slices.Equal(f.states, []string{"failed"})
}

// fewJobs names the part of the filter that so few jobs match that sorting
// them all is quicker than looking for them among the others, newest first.
type fewJobs string

const (
	fewOfClusters   fewJobs = "clusters"
	fewOfCollection fewJobs = "collection"
)

func (f *jobFilter) inClusters(values map[string]any) string {
	condition := inClusters(f.clusters, values)
	if f.few != fewOfClusters {
		// The plus keeps SQLite from starting there, and sorting all jobs of
		// the clusters to find the newest.
		condition = "+" + condition
	}
	return condition
}

func (f *jobFilter) inCollection() string {
	if f.few == fewOfCollection || slices.Equal(f.states, []string{"failed"}) {
		return "collection = :collection" // by an index
	}
	return "+collection = :collection"
}

// fewJobsOf looks into the archive's sums.
func fewJobsOf(ctx context.Context, reader *sql.DB, f *jobFilter) (fewJobs, error) {
	const few = 100_000
	count := func(query string, values map[string]any) (jobs int64, err error) {
		err = reader.QueryRowContext(ctx, query, named(values)...).Scan(&jobs)
		return jobs, err
	}
	if f.wantCollection && !f.wantAsOf { // then it may have had another
		// Of all clusters: the index is of collections, whoever has them.
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

// unfinished spells what the index of jobs that have not finished is limited
// to. SQLite reads it only where a condition says just that.
const unfinished = "state <> 'completed' AND state <> 'failed' AND state <> 'cancelled'"

// inStates spells a condition in words of ours.
func inStates(words []string) string {
	if len(words) == 1 && (words[0] == "failed" || words[0] == "cancelled") {
		return "state = '" + words[0] + "'" // it has an index of its own
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
		condition += " AND " + unfinished // follows, but not for SQLite
	}
	return condition
}
