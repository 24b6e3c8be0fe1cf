package simulator_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"importarchive/sync/remote/simulator"
)

// milvus is a cluster of one kind that forgets nothing.
var milvus = simulator.Cluster{ID: "milvus.example", Dialect: "milvus-v2", Since: epoch, Jobs: 30}

const (
	saysAway      = `{"code":65535,"message":"rpc error: code = Unavailable `
	saysDenied    = `{"code":65535,"message":"rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to reader in the ` + "`default`" + ` database"}`
	saysForgotten = `{"code":2101,"message":"import job does not exist, jobID=7: importing data failed on server side"}`
)

func lyingMilvus(faults ...simulator.Fault) *simulator.World {
	w := simulator.New(1, (&clock{epoch}).now, milvus)
	w.Script(faults...)
	return w
}

// hidden are the jobs that lists have hidden, sorted.
func hidden(w *simulator.World, c simulator.Cluster) (all []string) {
	for id, lies := range w.Lies(c.ID) {
		if slices.ContainsFunc(lies, func(l simulator.Lie) bool { return !l.Listed }) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// born are the jobs of a world, sorted.
func born(w *simulator.World, c simulator.Cluster) (all []string) {
	for _, l := range w.Truth(c.ID) {
		all = append(all, l.ID)
	}
	slices.Sort(all)
	return all
}

func TestListsAreEmptyWhileTheCoordinatorIsAway(t *testing.T) {
	w := lyingMilvus(simulator.Fault{Kind: simulator.Away, Until: epoch.Add(1)})
	if resp, body := fetch(t, w, request(t.Context(), milvus, 1, 10)); resp.StatusCode != 200 || body != `{"code":0,"data":{"records":[]}}` {
		t.Errorf("HTTP %d %s", resp.StatusCode, body)
	}
	if resp, body := fetch(t, w, about(t.Context(), milvus, "describe", oldest(w, milvus))); resp.StatusCode != 200 || !strings.HasPrefix(body, saysAway) {
		t.Errorf("HTTP %d %s", resp.StatusCode, body)
	}
	if got := hidden(w, milvus); !slices.Equal(got, born(w, milvus)) || len(w.Shown(milvus.ID)) != 0 || len(w.Descriptions(milvus.ID)) != 0 {
		t.Errorf("%d jobs are hidden, %d shown", len(got), len(w.Shown(milvus.ID)))
	}
}

func TestDescribeMayTellTheTruthWhileListsAreEmpty(t *testing.T) {
	for _, dialect := range dialects {
		c := milvus
		c.Dialect = dialect
		w := simulator.New(1, (&clock{epoch}).now, c)
		w.Script(simulator.Fault{Kind: simulator.Away, Call: simulator.List})
		id := oldest(w, c)
		if e := ask(t, w, c, 1, 10); len(e.jobs()) != 0 || e.Data.Count != nil && *e.Data.Count != 0 {
			t.Errorf("%s: %+v", dialect, e.Data)
		}
		if _, body := fetch(t, w, about(t.Context(), c, "describe", id)); !strings.Contains(body, id) || w.Descriptions(c.ID)[id].Times != 1 {
			t.Errorf("%s: %s", dialect, body)
		}
	}
}

func TestWhoMayNotImportIsRefused(t *testing.T) {
	w := lyingMilvus(simulator.Fault{Kind: simulator.Denied})
	for _, r := range []*http.Request{request(t.Context(), milvus, 1, 10), about(t.Context(), milvus, "describe", oldest(w, milvus))} {
		if resp, body := fetch(t, w, r); resp.StatusCode != 403 || body != saysDenied {
			t.Errorf("HTTP %d %s", resp.StatusCode, body)
		}
	}
	if len(w.Lies(milvus.ID)) != 0 {
		t.Error("a refusal counts as a lie")
	}
}

func TestAMissingGrantHidesTheJobsOfItsCollection(t *testing.T) {
	w := lyingMilvus(simulator.Fault{Kind: simulator.Denied, Collection: "reviews"})
	listed := ids(list(t, w, milvus, 10))
	slices.Sort(listed)
	away := hidden(w, milvus)
	if len(listed) < 5 || len(away) < 5 || len(listed)+len(away) != 30 || !slices.Equal(listed, slices.Sorted(maps.Keys(w.Shown(milvus.ID)))) {
		t.Errorf("%d listed, %d shown, %d hidden", len(listed), len(w.Shown(milvus.ID)), len(away))
	}
	for _, l := range w.Truth(milvus.ID) {
		denied := l.Moments[0].Collection == "reviews"
		resp, body := fetch(t, w, about(t.Context(), milvus, "describe", l.ID))
		if slices.Contains(away, l.ID) != denied || (resp.StatusCode == 403) != denied || (body == saysDenied) != denied {
			t.Errorf("%s of %s: HTTP %d %s", l.ID, l.Moments[0].Collection, resp.StatusCode, body)
		}
	}
	if _, body := fetch(t, w, about(t.Context(), milvus, "describe", "7")); body != saysForgotten {
		t.Error(body)
	}
}

func TestAStaleListIsThatOfSomeTimeAgo(t *testing.T) {
	for _, dialect := range dialects {
		c := lively(dialect)
		c.Order = simulator.NewestFirst // a shuffle would be another one
		now, past := clock{epoch}, clock{epoch.Add(-10 * time.Minute)}
		stale, before := simulator.New(1, now.now, c), simulator.New(1, past.now, c)
		stale.Script(simulator.Fault{Kind: simulator.Stale, Delay: 10 * time.Minute})
		told := map[string]int{}
		for range 60 {
			now.advance(7 * time.Minute)
			past.advance(7 * time.Minute)
			got, want := list(t, stale, c, 100), list(t, before, c, 100)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: at %v the list is not that of %v", dialect, now.t, past.t)
			}
			for _, l := range stale.Truth(c.ID) {
				_, listed := standing(l, now.t)
				if _, body := fetch(t, stale, about(t.Context(), c, "describe", l.ID)); listed != strings.Contains(body, `"data"`) {
					t.Errorf("%s: describe lags too: %s", dialect, body)
				}
			}
		}
		for _, lies := range stale.Lies(c.ID) {
			for _, lie := range lies {
				told[lie.State]++
			}
		}
		for _, state := range []string{"", "pending", "running", "completed"} {
			if told[state] == 0 {
				t.Errorf("%s: no lie has the state %q", dialect, state)
			}
		}
	}
}

// With each kind of lie, a page's claim about a job is in Shown if it is true and in
// Lies if not, and so is the claim that a listing lacks a job.
func TestEachClaimOfAListIsShownOrALie(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"none":    {Kind: simulator.Omits},
		"away":    {Kind: simulator.Away, Share: .3},
		"grants":  {Kind: simulator.Denied, Collection: "reviews"},
		"stale":   {Kind: simulator.Stale, Delay: 20 * time.Minute, Share: .5},
		"omitted": {Kind: simulator.Omits, Part: .2, Every: 2},
		"ghosts":  {Kind: simulator.Ghosts, Delay: time.Hour},
		"no ids":  {Kind: simulator.Nameless, Part: .3, Share: .6},
	} {
		for _, dialect := range dialects {
			c, at := lively(dialect), clock{epoch}
			c.TwoPhase = true
			w := simulator.New(5, at.now, c)
			w.Script(fault)
			for range 30 {
				at.advance(17 * time.Minute)
				checkClaims(t, name+", "+dialect, w, c, at.t, list(t, w, c, 100))
			}
			if lied := len(w.Lies(c.ID)) > 0; lied != (name != "none" && name != "ghosts") {
				t.Errorf("%s, %s: lies are told: %v", name, dialect, lied)
			}
		}
	}
}

func checkClaims(t *testing.T, name string, w *simulator.World, c simulator.Cluster, at time.Time, listed []record) {
	t.Helper()
	shown, lies := w.Shown(c.ID), w.Lies(c.ID)
	said := map[string]record{}
	for _, j := range listed {
		if j.Reason == nil || !strings.HasPrefix(*j.Reason, "import job does not exist") {
			said[j.JobID] = j
		}
	}
	for _, l := range w.Truth(c.ID) {
		m, listed := standing(l, at)
		j, said := said[l.ID]
		so := listed == said && (!said || m.RawState == j.State && m.Collection == j.CollectionName)
		s := shown[l.ID]
		lied := slices.ContainsFunc(lies[l.ID], func(lie simulator.Lie) bool {
			return lie.At.Equal(at) && lie.Listed == said && lie.RawState == j.State && lie.Collection == j.CollectionName
		})
		if lied == so || s.Last.Equal(at) != (so && said) || so && said && s.RawStates[len(s.RawStates)-1] != j.State {
			t.Fatalf("%s, %s: at %v the list says %+v, shown are %+v, lies are %+v: %+v", name, l.ID, at, j, s, lies[l.ID], l.Moments)
		}
	}
}

func TestOmittedJobsAreTheSameEachTime(t *testing.T) {
	w := lyingMilvus(simulator.Fault{Kind: simulator.Omits, Part: .4})
	first, second := ids(list(t, w, milvus, 10)), ids(list(t, w, milvus, 10))
	slices.Sort(first)
	slices.Sort(second)
	if len(first) < 10 || len(first) > 25 || !slices.Equal(first, second) {
		t.Errorf("%d, then %d jobs", len(first), len(second))
	}
}

// A job without its id is still counted, with its state.
func TestJobsWithoutIDsStayListed(t *testing.T) {
	w := lyingMilvus(simulator.Fault{Kind: simulator.Nameless, Part: .4})
	without := 0
	for _, r := range list(t, w, milvus, 10) {
		if r.JobID == "" && r.State == "Completed" {
			without++
		}
	}
	if without < 5 || without > 20 || len(hidden(w, milvus)) != without || !slices.Equal(hidden(w, milvus), nameless(w, milvus)) {
		t.Errorf("%d records are without an id, hidden are %v", without, hidden(w, milvus))
	}
}

func nameless(w *simulator.World, c simulator.Cluster) (all []string) {
	for id, lies := range w.Lies(c.ID) {
		if slices.ContainsFunc(lies, func(l simulator.Lie) bool { return l.Nameless }) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

func TestALieHitsAWholeListing(t *testing.T) {
	honest := ids(list(t, faulty(), settled, 7))
	w := faulty(simulator.Fault{Kind: simulator.Omits, Part: .4, Share: .5})
	lied := 0
	var omitting []string
	for range 40 {
		got := ids(list(t, w, settled, 7))
		if slices.Equal(got, honest) {
			continue
		}
		if lied++; omitting == nil {
			omitting = got
		}
		if !slices.Equal(got, omitting) {
			t.Fatalf("pages of two listings: %v", got)
		}
	}
	if lied < 10 || lied > 30 || len(hidden(w, settled)) != 30-len(omitting) {
		t.Errorf("%d of 40 listings lie", lied)
	}
}

func TestAMilvusListsAsFailedWhatItForgetsMeanwhile(t *testing.T) {
	at := clock{epoch}
	c := lively("milvus-v2")
	w := simulator.New(1, at.now, c)
	w.Script(simulator.Fault{Kind: simulator.Ghosts, Delay: 10 * time.Minute})
	ghosts := 0
	for range 100 {
		at.advance(5 * time.Minute)
		truth := map[string]simulator.Life{}
		for _, l := range w.Truth(c.ID) {
			truth[l.ID] = l
		}
		for _, j := range list(t, w, c, 100) {
			l := truth[j.JobID]
			_, listed := standing(l, at.t)
			if ghost := j.Reason != nil && *j.Reason == "import job does not exist, jobID="+j.JobID; ghost == listed || ghost && (j.State != "Failed" || *j.Progress != 0) {
				t.Fatalf("%+v is %+v", j, l)
			}
			if !listed {
				ghosts++
				if !slices.ContainsFunc(l.Moments, func(m simulator.Moment) bool { return m.Kind == "gone" && m.At.After(at.t.Add(-10*time.Minute)) }) {
					t.Errorf("%s left long ago", l.ID)
				}
			}
		}
	}
	if ghosts == 0 {
		t.Error("no ghost is listed")
	}
}

func TestANullListHidesWhatItStandsFor(t *testing.T) {
	for _, story := range []struct {
		count  simulator.Count
		from   int // page
		hidden int
	}{
		{simulator.CountTotal, 1, 0}, // it says that it is wrong
		{simulator.CountPage, 1, 0},
		{simulator.CountAbsent, 1, 30},
		{simulator.CountTotal, 2, 20},
		{simulator.CountAbsent, 3, 10},
	} {
		c := settled
		c.Count = story.count
		w := simulator.New(1, (&clock{epoch}).now, c)
		w.Script(simulator.Fault{Kind: simulator.NullList, FromPage: story.from})
		if got := len(list(t, w, c, 10)); got != 10*(story.from-1) {
			t.Errorf("%d listed", got)
		}
		if got := len(hidden(w, c)); got != story.hidden || len(w.Shown(c.ID)) != 10*(story.from-1) {
			t.Errorf("%q, from page %d: %d hidden, %d shown", story.count, story.from, got, len(w.Shown(c.ID)))
		}
	}
}

func TestAnEmptyPageMayHaveANullForAList(t *testing.T) {
	for dialect, null := range map[string]string{"zilliz-v1": `"tasks":null`, "zilliz-v2": `"records":null`, "milvus-v2": `"records":null`} {
		c := simulator.Cluster{ID: "a.example", Dialect: dialect, NullEmpty: true}
		if _, body := fetch(t, simulator.New(1, (&clock{epoch}).now, c), request(t.Context(), c, 1, 10)); !strings.Contains(body, null) {
			t.Errorf("nothing is listed: %s", body)
		}
		c.Jobs = 15
		w := simulator.New(1, (&clock{epoch}).now, c)
		if _, body := fetch(t, w, request(t.Context(), c, 1, 10)); strings.Contains(body, "null") {
			t.Errorf("some are listed: %s", body)
		}
		if _, body := fetch(t, w, request(t.Context(), c, 3, 10)); strings.Contains(body, null) != (dialect != "milvus-v2") {
			t.Errorf("past the end: %s", body)
		}
		if len(w.Lies(c.ID)) != 0 {
			t.Errorf("%s: an empty page counts as a lie", dialect)
		}
	}
}

func TestListAndDescribeMayDisagreeForGood(t *testing.T) {
	for _, words := range []struct{ list, describe, states string }{
		{"Cancel", "Failed", "cancelled failed"},
		{"Importing", "Failed", "running failed"},
		{"Failed", "Importing", "failed running"},
		{"Done", "Completed", "unknown completed"},
	} {
		for _, dialect := range dialects[1:] {
			c := milvus
			c.Dialect, c.DisagreeShare, c.ListWord, c.DescribeWord = dialect, .5, words.list, words.describe
			w := simulator.New(1, (&clock{epoch}).now, c)
			listed := map[string]record{}
			for _, j := range list(t, w, c, 10) {
				listed[j.JobID] = j
			}
			disagree := 0
			for _, l := range w.Truth(c.ID) {
				_, body := fetch(t, w, about(t.Context(), c, "describe", l.ID))
				var told struct{ Data struct{ State string } }
				if err := json.Unmarshal([]byte(body), &told); err != nil {
					t.Fatal(err)
				}
				m := l.Moments[len(l.Moments)-1]
				if m.RawState != listed[l.ID].State || m.DescribedRaw != told.Data.State || !slices.Equal(w.Descriptions(c.ID)[l.ID].RawStates, []string{told.Data.State}) {
					t.Fatalf("listed as %s, described as %s: %+v", listed[l.ID].State, told.Data.State, m)
				}
				if m.RawState == words.list && m.DescribedRaw == words.describe && m.State+" "+m.DescribedState == words.states {
					disagree++
				}
			}
			if disagree < 8 || disagree > 22 || len(w.Lies(c.ID)) != 0 {
				t.Errorf("%s, %v: %d of 30 disagree", dialect, words, disagree)
			}
		}
	}
}

func TestATwoPhaseImportHasThreeWordsForOneState(t *testing.T) {
	for _, dialect := range dialects {
		c, at := lively(dialect), clock{epoch}
		c.TwoPhase = true
		w := simulator.New(1, at.now, c)
		for range 100 {
			at.advance(2 * time.Minute)
			for _, j := range list(t, w, c, 100) {
				if loaded := j.State == "Uncommitted" || j.State == "Committing"; loaded && *j.Progress != 99 {
					t.Errorf("%+v", j)
				}
			}
		}
		whole := 0
		for id, s := range w.Shown(c.ID) {
			words, states := strings.Join(s.RawStates, " "), strings.Join(s.States, " ")
			if !regexp.MustCompile(`^(pending ?)?(running ?)?(completed|failed|cancelled)?$`).MatchString(states) {
				t.Errorf("%s: %s", id, states)
			}
			if words == "Pending Importing Uncommitted Committing Completed" {
				whole++
			}
		}
		if (whole > 0) != (dialect != "zilliz-v1") { // which is older than two phases
			t.Errorf("%s: %d jobs were shown with every word", dialect, whole)
		}
	}
}

func TestEachQuestionIsKnownWithItsAnswer(t *testing.T) {
	at := clock{epoch}
	down := simulator.Fault{Kind: simulator.HTTPStatus, Call: simulator.Describe, Times: 1}
	faults := []simulator.Fault{
		{Kind: simulator.Cut, Call: simulator.Describe, Times: 1},
		{Kind: simulator.Refused, Call: simulator.Describe, After: 1, Times: 1},
		{Kind: simulator.Away, After: 2, Times: 1},
		{Kind: simulator.Denied, After: 3, Times: 1},
		down, down, down,
	}
	for i, status := range []int{500, 404, 405} {
		faults[4+i].After, faults[4+i].Status = 4+i, status
	}
	for _, story := range []struct{ release, says string }{{"", saysForgotten}, {"2.5", `{"code":2100,"message":"importing data failed: import job does not exist, jobID=7"}`}} {
		c := milvus
		c.Release = story.release
		w := simulator.New(1, at.now, c)
		w.Script(faults...)
		id := oldest(w, c)
		var want []simulator.Question
		for _, answer := range []simulator.Verdict{
			simulator.Silent, simulator.Silent, simulator.Silent, simulator.Silent, simulator.Silent,
			simulator.NoCall, simulator.NoCall, simulator.Exists, simulator.Exists,
		} {
			at.advance(time.Second)
			_ = read(w.Transport().RoundTrip(about(t.Context(), c, "describe", id)))
			want = append(want, simulator.Question{ID: id, At: at.t, Answer: answer})
		}
		if _, body := fetch(t, w, about(t.Context(), c, "describe", "7")); body != story.says {
			t.Error(body)
		}
		want = append(want, simulator.Question{ID: "7", At: at.t, Answer: simulator.Forgotten})
		if got := w.Asked(c.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
	}
}

func TestOnlyAMilvusHasTheWordsOfItsRelease(t *testing.T) {
	for dialect, code := range map[string]string{"zilliz-v1": `{"code":90144,`, "zilliz-v2": `{"code":96026,`, "milvus-v2": `{"code":2100,`} {
		c := simulator.Cluster{ID: "a.example", Dialect: dialect, Release: "2.5"}
		if _, body := fetch(t, simulator.New(1, (&clock{epoch}).now, c), about(t.Context(), c, "describe", "7")); !strings.HasPrefix(body, code) {
			t.Errorf("%s: %s", dialect, body)
		}
	}
}

func TestAFrozenWorldAnswersAndStaysAsItIs(t *testing.T) {
	at := clock{epoch.Add(5 * time.Hour)}
	c := lively("zilliz-v2")
	w := simulator.New(1, at.now, c)
	w.Script(simulator.Fault{Kind: simulator.HTTPStatus}, simulator.Fault{Kind: simulator.Away})
	w.Heal()
	before, truth := list(t, w, c, 100), w.Truth(c.ID)
	w.Freeze()
	at.advance(48 * time.Hour)
	if got := list(t, w, c, 100); len(got) == 0 || !reflect.DeepEqual(got, before) || !reflect.DeepEqual(w.Truth(c.ID), truth) {
		t.Error("the world moved")
	}
	resp, _ := fetch(t, w, about(t.Context(), c, "describe", before[0].JobID))
	if resp.Header.Get("Date") != at.t.Format(http.TimeFormat) {
		t.Error("its clock stands still")
	}
	if s, q := w.Shown(c.ID)[before[0].JobID], w.Asked(c.ID)[0]; !s.Last.Equal(at.t) || !q.At.Equal(at.t) || q.Answer != simulator.Exists || len(w.Lies(c.ID)) != 0 {
		t.Errorf("%+v, %+v", s, q)
	}
}
