package remote_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"importarchive/secret"
	"importarchive/sync/remote"
	"importarchive/sync/remote/simulator"
)

func lively(dialect string) simulator.Cluster {
	return simulator.Cluster{
		ID: "in01-0123456789abcde", Dialect: dialect, Key: "simulated", Zone: time.FixedZone("", 8*60*60),
		Every: 3 * time.Minute, RunFor: 20 * time.Minute, KeepFor: 2 * time.Hour, Jobs: 5,
		FailShare: .3, CancelShare: .1, NeverEndsShare: .05, LostShare: .05, ReturnShare: .1,
	}
}

func clientOf(w *simulator.World, c simulator.Cluster) *remote.Client {
	d, _ := remote.DialectNamed(c.Dialect)
	return remote.NewClient(remote.Target{
		Dialect: d, BaseURL: "https://" + c.ID + ".test", ClusterID: c.ID, Timeout: time.Minute, RetryFor: time.Minute,
		Key: func() (remote.Secret, error) { return secret.New(c.Key), nil },
	}, w.Transport(), nil, time.Now)
}

// The client and the simulated services were written apart: where they agree
// about every job, neither has misread what services were seen to say.
func TestDetailsAreTheTruthAboutEachJob(t *testing.T) {
	for _, dialect := range remote.DialectNames() {
		t.Run(dialect, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := lively(dialect)
				w := simulator.New(1, time.Now, c)
				client := clientOf(w, c)
				seen := map[string]int{}
				for range 20 {
					time.Sleep(17 * time.Minute)
					listed := listedJobs(t, client)
					for _, life := range w.Truth(c.ID) {
						d, err := client.Describe(t.Context(), life.ID)
						job, ok := listed[life.ID]
						if !ok {
							if seen["forgotten"]++; !errors.Is(err, remote.ErrForgotten) {
								t.Errorf("%s is not listed, and described as %+v, %v", life.ID, d, err)
							}
							continue
						}
						if err != nil {
							t.Fatal(err)
						}
						checkTruth(t, dialect, life, job, d, seen)
					}
				}
				for _, what := range []string{"forgotten", "completed", "failed", "running", "pending", "with a reason", "of several files"} {
					if seen[what] == 0 {
						t.Errorf("no job was %s", what)
					}
				}
				told := 0
				for id, telling := range w.Descriptions(c.ID) {
					told += telling.Times
					if telling.Last.IsZero() || telling.State == "" {
						t.Errorf("%s: %+v", id, telling)
					}
				}
				if asked := w.Described(c.ID); asked != told+seen["forgotten"] {
					t.Errorf("asked %d times, told %d, forgotten %d", asked, told, seen["forgotten"])
				}
			})
		})
	}
}

func listedJobs(t *testing.T, client *remote.Client) map[string]remote.Job {
	t.Helper()
	all := map[string]remote.Job{}
	for p, err := range client.Pages(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range p.Jobs {
			all[j.ID] = j
		}
	}
	return all
}

func checkTruth(t *testing.T, dialect string, life simulator.Life, job remote.Job, d remote.Details, seen map[string]int) {
	t.Helper()
	var born, ended time.Time
	var now simulator.Moment
	for _, m := range life.Moments {
		if now = m; m.Kind == "appeared" {
			born = m.At
		}
		if m.State != "running" && m.State != "pending" && ended.IsZero() {
			ended = m.At
		}
	}
	seen[now.State]++
	same := d.Collection == now.Collection && d.Reason == now.Reason && d.FileSize != nil && *d.FileSize == life.Size && d.Extra == "" &&
		len(d.Files) == len(life.Files)
	if dialect == "zilliz-v1" {
		// A share of one may be a percent of a hundred: only nothing is known.
		same = same && d.RawState == "" && d.TotalRows == nil && (d.Progress == nil || *d.Progress == 0) && d.ProgressRaw != ""
	} else {
		same = same && d.RawState == now.RawState && d.Progress != nil && *d.Progress == *job.Progress && *d.TotalRows == life.Rows
	}
	if !same {
		t.Errorf("%s\n%+v\nis\n%+v", dialect, d, life)
		return
	}
	imported := int64(0)
	for i, f := range d.Files {
		if f.Size == nil || *f.Size != life.Files[i].Size || f.CompletedAt.After(d.Received) {
			t.Errorf("%+v is %+v", f, life.Files[i])
		}
		if f.ImportedRows != nil {
			imported += *f.ImportedRows
		}
	}
	if d.ImportedRows != nil && (*d.ImportedRows != imported || now.State == "completed" && imported != life.Rows) {
		t.Errorf("imported %d, in files %d, of %d: %s", *d.ImportedRows, imported, life.Rows, now.State)
	}
	if d.Reason != "" {
		seen["with a reason"]++
	}
	if len(d.Files) > 1 {
		seen["of several files"]++
	}
	// Whole seconds: the true time lies within the second of the answer.
	within := func(told, at time.Time) bool {
		return !told.IsZero() && !at.Before(told) && at.Before(told.Add(time.Second))
	}
	if dialect == "milvus-v2" != within(d.CreatedAt, born) {
		t.Errorf("%s: created %v, born %v", dialect, d.CreatedAt, born)
	}
	if told := !ended.IsZero() && (dialect != "milvus-v2" || now.State == "completed"); told != within(d.CompletedAt, ended) || !told && !d.CompletedAt.IsZero() {
		t.Errorf("%s: %s, completed %v, ended %v", dialect, now.State, d.CompletedAt, ended)
	}
}

func TestTheClientUsesTheNameThatTheServerKnows(t *testing.T) {
	for naming, want := range map[simulator.Naming]int{simulator.AllNames: 3, simulator.CamelName: 4, simulator.SnakeName: 5, simulator.NoName: 9} {
		for _, dialect := range []string{"zilliz-v2", "milvus-v2"} {
			synctest.Test(t, func(t *testing.T) {
				c := lively(dialect)
				c.Naming = naming
				w := simulator.New(1, time.Now, c)
				client := clientOf(w, c)
				for _, life := range w.Truth(c.ID)[:3] {
					if _, err := client.Describe(t.Context(), life.ID); errors.Is(err, remote.ErrCantDescribe) != (naming == simulator.NoName) {
						t.Errorf("%s: %v", naming, err)
					}
				}
				if got := w.Described(c.ID); got != want || w.Requests(c.ID) != 0 {
					t.Errorf("%s, known as %q: %d requests, want %d", dialect, naming, got, want)
				}
			})
		}
	}
}

func TestAFaultyServiceGivesAnErrorAndNoDetails(t *testing.T) {
	for _, fault := range []simulator.Fault{
		{Kind: simulator.Hang},
		{Kind: simulator.Refused},
		{Kind: simulator.Redirect},
		{Kind: simulator.HTTPStatus},
		{Kind: simulator.HTML},
		{Kind: simulator.Cut},
		{Kind: simulator.EmptyObject},
		{Kind: simulator.NoData},
		{Kind: simulator.NullData},
		{Kind: simulator.RateLimit},
	} {
		fault.Call = simulator.Describe
		for _, dialect := range remote.DialectNames() {
			synctest.Test(t, func(t *testing.T) {
				c := lively(dialect)
				w := simulator.New(1, time.Now, c)
				w.Script(fault)
				client := clientOf(w, c)
				id := w.Truth(c.ID)[0].ID
				_, err := client.Describe(t.Context(), id)
				failure, ok := errors.AsType[*remote.Error](err)
				if !ok || errors.Is(err, remote.ErrForgotten) || errors.Is(err, remote.ErrCantDescribe) || failure.Tries != 1 || w.Described(c.ID) != 1 {
					t.Errorf("%s, %s: %v after %d requests", dialect, fault.Kind, err, w.Described(c.ID))
				}
				if _, listed := listedJobs(t, client)[id]; !listed || len(w.Descriptions(c.ID)) != 0 {
					t.Errorf("%s, %s: the listing was hit, or something was told", dialect, fault.Kind)
				}
			})
		}
	}
}
