package queries_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"importarchive/db"
	"importarchive/longtest"
	"importarchive/queries"
)

// position is where a job stood at a moment: the transition that began its
// state, the newest one, and the newest that says whether it is listed.
type position struct {
	began, newest, present row
}

// replay returns the positions of all jobs at a moment, by cluster and id.
func replay(transitions []row, at string) map[string]position {
	all := map[string]position{}
	for _, tr := range transitions {
		if tr["observed_at"].(string) > at {
			continue
		}
		key := fmt.Sprint(tr["cluster"], " ", tr["job_id"])
		s := all[key]
		s.newest = tr
		if tr["kind"] == "appeared" || tr["kind"] == "moved" {
			s.began = tr
		}
		if tr["kind"] != "moved" && tr["kind"] != "renamed" {
			s.present = tr
		}
		all[key] = s
	}
	return all
}

func (s position) gone() bool { return s.present == nil || s.present["kind"] == "gone" }

// listedState is nil for a job that is not listed.
func (s position) listedState() any {
	if s.gone() {
		return nil
	}
	return s.began["to_state"]
}

// someMoments returns some of the times at which something was observed, and
// some in between.
func someMoments(transitions []row) []string {
	all := []string{"2020-04-01 00:00:00.000", "2020-06-01 00:00:00.000"}
	for i := 0; i < len(transitions); i += 1 + len(transitions)/3 {
		at := transitions[i]["observed_at"].(string)
		all = append(all, at, at[:22]+"9")
	}
	slices.Sort(all)
	return all
}

func asOfIsTheHistoryReplayed(t *testing.T, reader *sql.DB) {
	transitions := rowsOf(t, reader, `SELECT * FROM transitions ORDER BY id`, nil)
	first, place := map[string]any{}, map[string]int{}
	for i, j := range newestFirst(rowsOf(t, reader, `SELECT * FROM jobs`, nil)) {
		key := fmt.Sprint(j["cluster"], " ", j["job_id"])
		first[key], place[key] = j["first_seen_at"], i
	}
	for turn, at := range someMoments(transitions) {
		asked := filters(map[string]any{"gone": int64(1), "limit": int64(0)}, map[string]any{"limit": int64(0)})
		asked = append(asked, stateFilters(turn)...)
		for _, given := range share(turn, asked) {
			given["at"] = at
			want := []row{}
			for key, s := range replay(transitions, at) {
				one := row{
					"cluster": s.newest["cluster"], "job_id": s.newest["job_id"], "collection": s.newest["collection"],
					"state": s.began["to_state"], "raw_state": s.began["to_raw_state"], "last_state_at": s.began["observed_at"],
					"first_seen_at": first[key], "gone_at": nil, "outcome": "open",
				}
				switch state := one["state"].(string); {
				case db.State(state).Terminal():
					one["outcome"] = state
				case s.gone():
					one["outcome"], one["state"] = "lost", "lost"
				}
				if s.gone() {
					one["gone_at"] = s.present["observed_at"]
				}
				if matches(given, one) && (given["gone"] != nil || !s.gone()) && inState(given, one) {
					want = append(want, one)
				}
			}
			slices.SortFunc(want, func(a, b row) int {
				return cmp.Compare(place[fmt.Sprint(a["cluster"], " ", a["job_id"])], place[fmt.Sprint(b["cluster"], " ", b["job_id"])])
			})
			differ(t, "as-of", given, firstOf(given, want, 50), reportRows(t, reader, "as-of", given))
		}
	}
}

func diffIsBetweenTwoReplays(t *testing.T, reader *sql.DB) {
	transitions := rowsOf(t, reader, `SELECT * FROM transitions ORDER BY id`, nil)
	times := someMoments(transitions)
	for i, from := range times[:len(times)-1] {
		to := times[min(len(times)-1, i+1+i%3)]
		before, after := replay(transitions, from), replay(transitions, to)
		for _, given := range share(i, filters(map[string]any{"limit": int64(0)}, map[string]any{"limit": int64(4)})) {
			given["from"], given["to"] = from, to
			seen, want := map[string]row{}, []row{}
			for _, tr := range slices.Backward(transitions) {
				at, key := tr["observed_at"].(string), fmt.Sprint(tr["cluster"], " ", tr["job_id"])
				if at <= from || at > to {
					continue
				}
				if seen[key] == nil {
					seen[key] = row{
						"cluster": tr["cluster"], "job_id": tr["job_id"], "collection": tr["collection"], "transitions": int64(0),
						"was": before[key].listedState(), "became": after[key].listedState(), "last_at": at, "id": tr["id"],
					}
				}
				seen[key]["first_at"], seen[key]["transitions"] = at, seen[key]["transitions"].(int64)+1
			}
			for _, one := range seen {
				if matches(given, one) {
					want = append(want, one)
				}
			}
			slices.SortFunc(want, func(a, b row) int {
				return cmp.Or(cmp.Compare(b["last_at"].(string), a["last_at"].(string)), cmp.Compare(b["id"].(int64), a["id"].(int64)))
			})
			for i, one := range want {
				want[i] = pick(one, "cluster", "job_id", "collection", "was", "became", "transitions", "first_at", "last_at")
			}
			differ(t, "diff", given, firstOf(given, want, 100), reportRows(t, reader, "diff", given))
		}
	}
}

// stateFilters returns filters on states for the report as-of, combined with
// the others on which its choice of an index depends. Each turn gets a seventh
// of them.
func stateFilters(turn int) (chosen []map[string]any) {
	var all []map[string]any
	states := []string{"open", "lost", "failed,lost", "cancelled,open", "completed,pending"}
	for _, s := range db.States {
		states = append(states, string(s))
	}
	for _, words := range states {
		all = append(all,
			map[string]any{"state": words},
			map[string]any{"state": words, "gone": int64(1), "limit": int64(0)},
			map[string]any{"state": words, "gone": int64(1), "limit": int64(3)},
			map[string]any{"state": words, "gone": int64(1), "cluster": "b"},
			map[string]any{"state": words, "gone": int64(1), "collection": "films"},
		)
	}
	for i := turn % 7; i < len(all); i += 7 {
		chosen = append(chosen, all[i])
	}
	return chosen
}

// inState reports whether a row passes the filter on states.
func inState(given map[string]any, one row) bool {
	words, filtered := given["state"].(string)
	if !filtered {
		return true
	}
	state := one["state"].(string)
	return slices.ContainsFunc(strings.Split(words, ","), func(word string) bool {
		switch word {
		case "open":
			return !db.State(state).Terminal() && state != "lost"
		}
		return word == state
	})
}

// The reports as-of and diff choose an index by how many jobs there are. A small
// archive always takes the same one. This test rewrites the limits in the SQL, so
// that each way runs, and compares the results.
// [TestReportsSayWhatTheRowsSay] proves that they are right.
func TestEveryWayToTheJobsFindsTheSame(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	reader := openReader(t, randomArchive(t, 5, 70))
	transitions := rowsOf(t, reader, `SELECT * FROM transitions ORDER BY id`, nil)
	times := someMoments(transitions)
	ways := map[string]*strings.Replacer{
		"newest":          strings.NewReplacer("50000", "0", "5000", "0", "10000", "0"),
		"newest, staying": strings.NewReplacer("50000", "0", "5000", "0", "10000", "0", "8 days", "3 hours"),
		"cluster":         strings.NewReplacer("WHEN (SELECT sum(jobs)", "WHEN FALSE AND (SELECT sum(jobs)"),
	}
	for way, by := range ways {
		for i, at := range times {
			for _, given := range stateFilters(i) {
				given["at"] = at
				compareWays(t, reader, "as-of", way, by, given)
			}
			for _, given := range filters() {
				given["limit"] = int64(i % 3 * 4) // 0: all
				asOf := map[string]any{"at": at}
				maps.Copy(asOf, given)
				compareWays(t, reader, "as-of", way, by, asOf)
				asOf["gone"] = int64(1)
				compareWays(t, reader, "as-of", way, by, asOf)
				diff := map[string]any{"from": at, "to": times[min(i+2, len(times)-1)]}
				maps.Copy(diff, given)
				compareWays(t, reader, "diff", way, by, diff)
			}
		}
	}
}

func compareWays(t *testing.T, reader *sql.DB, name, way string, by *strings.Replacer, given map[string]any) {
	t.Helper()
	q := queries.Report(name)
	other := by.Replace(q.SQL)
	if other == q.SQL {
		t.Fatalf("%s has no other way for %s", name, way)
	}
	differ(t, name+" by "+way, given, rowsOf(t, reader, q.SQL, given), rowsOf(t, reader, other, given))
}
