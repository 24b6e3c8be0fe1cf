package queries_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"importarchive/db"
	"importarchive/db/dbtest"
	"importarchive/db/sqlite"
	"importarchive/notify"
)

// newArchive returns the path of an archive that write has filled.
func newArchive(t *testing.T, write func(*sqlite.Archive)) string {
	t.Helper()
	path := dbtest.Fresh(t)
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openReader(t *testing.T, archive string) *sql.DB {
	t.Helper()
	reader, err := sqlite.OpenReader(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader
}

// longAgo is an archive with something of everything, from the year 2020. No
// result depends on the present time, except columns that count from now.
func longAgo(t *testing.T) string {
	job := func(id, collection string, state db.State) db.Job {
		j := dbtest.Listed(id, state)
		j.Collection = collection
		if state == db.Failed {
			j.Reason = "row 7 | no \"vector\",\nor <none>"
		}
		return j
	}
	return newArchive(t, func(st *sqlite.Archive) {
		prod := dbtest.Tell(t, st, "prod")
		prod.Now = time.Date(2020, 5, 1, 23, 30, 0, 0, time.UTC)
		notifier := &notify.Notifier{
			Archive: st.Store, On: notify.Kinds[:], Now: func() time.Time { return prod.Now }, Log: zerolog.Nop(),
			Webhook: func() (*url.URL, error) { return nil, errors.New("there is none") },
		}
		notifier.Begin(t.Context())
		old, stays, other := job("old", "films", db.Completed), job("stays", "", db.Pending), job("商品", "books", db.Running)
		prod.Lists(old, stays)
		for i := range 6 {
			prod.Lists(stays, job(fmt.Sprint("job-", i), "films", db.Running), other)
			prod.Lists(stays, job(fmt.Sprint("job-", i), "films", db.Completed), other)
			size := int64(1 << 20 * (i + 1))
			describe(prod, fmt.Sprint("job-", i), db.Details{
				FileName: "film 1.parquet", FileSize: &size, ImportedRows: whole(1000), TotalRows: whole(1000), Progress: percent(100), ProgressRaw: "100",
				CompletedAt: prod.Now.Add(-time.Minute), Extra: `{"more":[1]}`,
				Files: []db.File{{
					Name: "film 1.parquet", Size: &size, ImportedRows: whole(1000), TotalRows: whole(1000), RawState: "Completed",
					Progress: percent(100), ProgressRaw: "100", CompletedAt: prod.Now.Add(-time.Minute), Extra: `{"n":1}`,
				}},
			})
		}
		renamed, failed := job("job-5", "series", db.Completed), job("商品", "books", db.Failed)
		prod.Lists(stays, renamed, failed, job("lost", "books", db.Running), job("bad", "films", db.Failed))
		prod.Lists(stays, failed, job("cancelled", "films", db.Cancelled))
		prod.Begin()
		prod.Page(stays, failed)
		prod.Reject(`{"jobId":""}`)
		prod.Close(db.Partial)
		prod.Wait(90 * time.Minute)
		prod.Lists(stays, failed)
		prod.Lists(stays, failed)
		prod.Lists(stays, failed, job("lost", "films", db.Unknown)) // it returns, moved and renamed
		prod.Lists(stays, failed)
		prod.Lists(stays, failed)

		staging := dbtest.Tell(t, st, "staging")
		staging.Now = prod.Now
		staging.Cluster.ClusterID, staging.Cluster.API = "", "milvus-v2"
		staging.Lists(job("job-1", "films", db.Running))
		staging.Lists(job("job-1", "films", db.Cancelled))
		staging.Begin()
		staging.Close(db.Failure)

		silent := dbtest.Tell(t, st, "unheard")
		silent.Now = prod.Now
		silent.Begin()
		silent.Close(db.Failure)
		notifier.Step(t.Context())
	})
}

// describe stores the service's answer about one job of a story.
func describe(s *dbtest.Story, id string, d db.Details) {
	s.T.Helper()
	describeAll(s, []db.Described{answer(s, id, d)})
}

func describeAll(s *dbtest.Story, all []db.Described) {
	s.T.Helper()
	if err := s.Store.Described(s.T.Context(), &s.Run, all); err != nil {
		s.T.Fatal(err)
	}
}

func answer(s *dbtest.Story, id string, d db.Details) db.Described {
	return db.Described{Seq: s.Known.Find(id).Seq, Asked: s.Now, Received: s.Now, Details: &d}
}

func whole(n int64) *int64 { return &n }

func percent(p float64) *float64 { return &p }

// randomJob is a job of a random story.
type randomJob struct {
	db.Job
	ends, leaves int // listings until it ends and until it leaves the list
}

// randomArchive has clusters whose jobs appear, move, are renamed, go, and
// sometimes return, over some days with gaps.
func randomArchive(t *testing.T, seed uint64, listings int) string {
	return randomStory(t, seed, listings, func(*sqlite.Archive, int) {})
}

// randomPrunedArchive has the same story, with a prune after every fifteenth
// listing.
func randomPrunedArchive(t *testing.T, seed uint64, listings int) string {
	return randomStory(t, seed, listings, func(st *sqlite.Archive, listing int) {
		if listing%15 == 14 && listing < listings-20 {
			prune(t, st, db.Retention{Completed: time.Minute, Failed: 30 * time.Minute, Lost: 2 * time.Hour, Runs: 3 * time.Hour})
		}
	})
}

func randomStory(t *testing.T, seed uint64, listings int, after func(st *sqlite.Archive, listing int)) string {
	r := rand.New(rand.NewPCG(seed, 1))
	details := rand.New(rand.NewPCG(seed, 4)) // separate, so that the jobs are the same without details
	ends := []db.State{db.Completed, db.Completed, db.Completed, db.Failed, db.Cancelled}
	return newArchive(t, func(st *sqlite.Archive) {
		for _, name := range []string{"a", "b", "c"} {
			s := dbtest.Tell(t, st, name)
			s.Now = time.Date(2020, 5, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(60)) * time.Minute)
			var jobs []*randomJob
			for listing := range listings {
				for range r.IntN(4) {
					j := &randomJob{Job: dbtest.Listed(fmt.Sprintf("job-%d-%d", listing, len(jobs)), db.Pending)}
					j.Collection = []string{"films", "books", "", "rare"}[min(3, r.IntN(31)/10)]
					j.ends, j.leaves = r.IntN(8), 1+r.IntN(12)
					jobs = append(jobs, j)
				}
				listed := randomListing(r, jobs, ends)
				s.Lists(listed...)
				describeSome(details, s, listed)
				if r.IntN(20) == 0 {
					s.Wait(time.Duration(r.IntN(10)) * time.Hour)
				}
				after(st, listing)
			}
		}
	})
}

func randomListing(r *rand.Rand, jobs []*randomJob, ends []db.State) []db.Job {
	var listed []db.Job
	for _, j := range jobs {
		j.ends--
		j.leaves--
		state := j.State
		switch {
		case !state.Terminal() && j.ends < 0:
			state = ends[r.IntN(len(ends))]
		case state == db.Pending && r.IntN(2) == 0:
			state = db.Running
		}
		collection := j.Collection
		if collection != "" && r.IntN(60) == 0 {
			collection = "renamed " + collection
		}
		j.Job = dbtest.Listed(j.ID, state)
		j.Collection = collection
		if j.leaves > 0 && r.IntN(40) > 0 || j.leaves < -5 && r.IntN(60) == 0 {
			listed = append(listed, j.Job)
		}
	}
	return listed
}

// describeSome stores answers about some of the listed jobs: some with rows,
// some with bytes, some with neither.
func describeSome(r *rand.Rand, s *dbtest.Story, listed []db.Job) {
	var all []db.Described
	for _, j := range listed {
		if r.IntN(4) > 0 {
			continue
		}
		d := db.Details{Reason: map[bool]string{true: "no vector"}[j.State == db.Failed], ProgressRaw: "0.5"}
		if r.IntN(3) > 0 {
			d.ImportedRows = whole(r.Int64N(1_000_000))
		}
		if r.IntN(3) > 0 {
			d.TotalRows = whole(1_000_000)
		}
		if r.IntN(3) > 0 {
			d.FileSize = whole(r.Int64N(1 << 40))
		}
		for n := range r.IntN(3) {
			d.Files = append(d.Files, db.File{Name: fmt.Sprintf("%s/%d.parquet", j.ID, n), Size: d.FileSize})
		}
		all = append(all, answer(s, j.ID, d))
	}
	describeAll(s, all)
}

func prune(t *testing.T, st *sqlite.Archive, keep db.Retention) {
	t.Helper()
	_, err := st.Prune(t.Context(), &db.Prune{Keep: keep, Now: time.Now(), Pause: func(context.Context) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
}

// pruneArchive prunes all that is older than keep at the archive's newest time.
func pruneArchive(t *testing.T, path string, keep db.Retention) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	prune(t, st, keep)
}

// archiveUntilNow is an archive for reports whose defaults count from the
// present time: write goes backwards from now.
func archiveUntilNow(t *testing.T, write func(st *sqlite.Archive, now time.Time)) *sql.DB {
	t.Helper()
	st, err := sqlite.Open(t.Context(), dbtest.Fresh(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	write(st, time.Now().UTC().Truncate(time.Second))
	return st.Reader
}
