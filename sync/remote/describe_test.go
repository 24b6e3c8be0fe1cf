package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"importarchive/secret"
)

func TestEachDialectAsksForOneJobInItsOwnWay(t *testing.T) {
	for _, story := range []struct {
		name, dialect string
		change        func(*Target)
		want          string
	}{
		{
			"v1", "zilliz-v1", func(t *Target) { t.ClusterID = "a&b" },
			"GET /v1/vector/collections/import/get?clusterId=a%26b&jobId=job%261 \n",
		},
		{
			"v2", "zilliz-v2", func(t *Target) { t.Database = "music" },
			"POST /v2/vectordb/jobs/import/describe {\"clusterId\":\"in01-0123456789abcde\",\"jobId\":\"job\\u00261\"}\n" +
				"POST /v2/vectordb/jobs/import/getProgress {\"clusterId\":\"in01-0123456789abcde\",\"jobId\":\"job\\u00261\"}\n" +
				"POST /v2/vectordb/jobs/import/get_progress {\"clusterId\":\"in01-0123456789abcde\",\"jobId\":\"job\\u00261\"}\n",
		},
		{
			"milvus", "milvus-v2", func(t *Target) { t.Database = "music" },
			"POST /v2/vectordb/jobs/import/describe music{\"dbName\":\"music\",\"jobId\":\"job\\u00261\"}\n" +
				"POST /v2/vectordb/jobs/import/getProgress music{\"dbName\":\"music\",\"jobId\":\"job\\u00261\"}\n" +
				"POST /v2/vectordb/jobs/import/get_progress music{\"dbName\":\"music\",\"jobId\":\"job\\u00261\"}\n",
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var got strings.Builder
				s := service(func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					fmt.Fprintf(&got, "%s %s %s%s\n", r.Method, r.URL.RequestURI(), r.Header.Get("DB-Name"), body)
					if r.Header.Get("Authorization") != "Bearer "+testKey {
						t.Errorf("headers: %v", r.Header)
					}
					http.NotFound(w, r)
				})
				c := testClient(s, func(t *Target) {
					t.Dialect, _ = DialectNamed(story.dialect)
					story.change(t)
				})
				_, err := c.Describe(t.Context(), "job&1")
				if diff := cmp.Diff(story.want, got.String()); diff != "" {
					t.Error(diff)
				}
				if failure, ok := errors.AsType[*Error](err); !ok || !errors.Is(err, ErrCantDescribe) || failure.Kind != NotFound {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// describer is a second-API server that knows the call by some of its names,
// and answers about any job.
type describer struct {
	knows []string
	asked []string
}

func (d *describer) serve(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	d.asked = append(d.asked, name)
	for _, known := range d.knows {
		if known == name {
			var sent struct{ JobID string }
			_ = json.NewDecoder(r.Body).Decode(&sent)
			fmt.Fprintf(w, `{"code":0,"data":{"jobId":%q,"state":"Failed","progress":0,"reason":"no such file"}}`, sent.JobID)
			return
		}
	}
	http.NotFound(w, r)
}

func overV2(t *Target) { t.Dialect, _ = DialectNamed("zilliz-v2") }

func TestTheNameThatAServerKnowsIsRemembered(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server := &describer{knows: []string{"getProgress", "get_progress"}}
		c, w := testClient(service(server.serve), overV2), &witness{}
		c.Observe(w)
		for _, step := range []struct{ knows, asked string }{
			{"getProgress get_progress", "describe getProgress"},
			{"getProgress get_progress", "getProgress"},
			{"describe", "getProgress get_progress describe"}, // replaced by a newer one
			{"describe", "describe"},
			{"", "describe getProgress get_progress"},
			{"get_progress", "describe getProgress get_progress"},
			{"get_progress", "get_progress"},
		} {
			server.knows, server.asked = strings.Fields(step.knows), nil
			d, err := c.Describe(t.Context(), "job-1")
			if got := strings.Join(server.asked, " "); got != step.asked {
				t.Errorf("knows %s: asked %s, want %s", step.knows, got, step.asked)
			}
			if wrong := errors.Is(err, ErrCantDescribe) != (step.knows == ""); wrong || err == nil && d.Reason != "no such file" {
				t.Errorf("knows %s: %+v, %v", step.knows, d, err)
			}
		}
		// Trying another name is no failure; having none left is one.
		if failures := strings.Count(strings.Join(w.told, "\n"), "not-found"); failures != 1 {
			t.Errorf("%d failures: %q", failures, w.told)
		}
	})
}

func TestADescriptionIsOneRequestWithoutRetries(t *testing.T) {
	for _, story := range []struct {
		name    string
		service http.RoundTripper
		want    string
		told    string
	}{
		{
			"down", status(503, "Retry-After", "7"),
			"unavailable: HTTP 503; the service asks to wait 7s", "asked 503 unavailable false",
		},
		{
			"too fast", status(429), "rate-limited: HTTP 429", "asked 429 rate-limited false",
		},
		{
			"hangs", roundTrip(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }),
			"unavailable: no answer within 30s", "asked 0 unavailable false",
		},
		{
			"forgotten", body(`{"code":90144,"message":"gone"}`),
			"not-found: HTTP 200, code 90144: the service knows no such job: gone", "asked 200  false",
		},
		{
			"another job", body(`{"code":200,"data":{"jobId":"job-2"}}`),
			`protocol: HTTP 200, code 200: the answer is about another job`, "asked 200 protocol false",
		},
		{
			"two jobs", body(`{"code":200,"data":{"jobId":"job-1","jobID":"job-2"}}`),
			`protocol: HTTP 200, code 200: the answer does not tell which job it is about: two job ids`, "asked 200 protocol false",
		},
		{
			"not one job", body(`{"code":200,"data":{"tasks":[]}}`),
			`protocol: HTTP 200, code 200: the answer does not tell which job it is about: no job id`, "asked 200 protocol false",
		},
		{
			"too many files", body(`{"code":200,"data":{"jobId":"job-1","readyPercentage":0,"details":[{}` + strings.Repeat(",{}", 10_000) + `]}}`),
			"protocol: HTTP 200, code 200: the job has more than 10000 files", "asked 200 protocol false",
		},
		{
			"endless", body(`{"code":200,"data":{"jobId":"job-1","x":[` + strings.Repeat("0,", maxDetails/2)),
			"protocol: HTTP 200: the answer is too large: more than 4194304 bytes", "asked 200 protocol false",
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, w := testClient(story.service), &witness{}
				c.Observe(w)
				d, err := c.Describe(t.Context(), "job-1")
				if text := fmt.Sprint(err); text != story.want {
					t.Errorf("\n got %s\nwant %s", text, story.want)
				}
				if got := strings.Join(w.told, ", "); got != story.told {
					t.Errorf("told %s", got)
				}
				if diff := cmp.Diff(Details{}, d); diff != "" {
					t.Error(diff)
				}
				if forgotten := errors.Is(err, ErrForgotten); forgotten != (story.name == "forgotten") || errors.Is(err, ErrCantDescribe) {
					t.Errorf("forgotten: %v", forgotten)
				}
			})
		})
	}
}

func TestDetailsHaveTheTimesOfRequestAndReceipt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		began := time.Now()
		s := service(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3 * time.Second)
			fmt.Fprint(w, `{"code":200,"data":{"jobId":"job-1","readyPercentage":0}}`)
		})
		d, err := testClient(s).Describe(t.Context(), "job-1")
		if err != nil || !d.Asked.Equal(began) || !d.Received.Equal(began.Add(3*time.Second)) {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestACancelledDescriptionSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		c := testClient(service(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"code":200,"data":{"jobId":"job-1","readyPercentage":0}}`)
		}), func(t *Target) { t.Rate = 0.1 })
		if _, err := c.Describe(ctx, "job-1"); err != nil {
			t.Fatal(err)
		}
		_, err := c.Describe(ctx, "job-1") // its turn would come in ten seconds
		if failure, ok := errors.AsType[*Error](err); !ok || failure.Kind != Cancelled || failure.Tries != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// Listings that come later than a description wait for nothing that they
// would not wait for without it.
func TestADescriptionGoesBehindEveryListingThatWaits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		began := time.Now()
		s := service(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			what := "list"
			if strings.HasSuffix(r.URL.Path, "get") {
				what = "get"
				fmt.Fprint(w, `{"code":200,"data":{"jobId":"job-1","readyPercentage":0}}`)
			} else {
				respond(w)
			}
			order = append(order, fmt.Sprintf("%s %v", what, time.Since(began).Round(time.Millisecond)))
		})
		pacer := NewPacer()
		client := func() *Client {
			target := testTarget()
			target.Rate = 1
			return NewClient(target, s, pacer, time.Now)
		}
		var all sync.WaitGroup
		at := func(after time.Duration, ask func()) {
			all.Go(func() { time.Sleep(after); ask() })
		}
		list := func() { _, _ = readAll(t.Context(), client()) }
		describe := func() { _, _ = client().Describe(t.Context(), "job-1") }
		at(0, list)                         // takes the first turn
		at(1*time.Millisecond, describe)    // waits for the next
		at(2*time.Millisecond, list)        // and is overtaken
		at(3*time.Millisecond, list)        // twice
		at(4*time.Millisecond, describe)    // and has another behind it
		at(2500*time.Millisecond, list)     // comes when the turn is near
		at(10*time.Second, func() {})       // no request meanwhile
		at(10*time.Second, describe)        // so this one need not wait
		at(10500*time.Millisecond, list)    // but a turn is a turn
		at(10600*time.Millisecond, func() { // and one without limit keeps the pace of the others
			target := testTarget()
			_, _ = NewClient(target, s, pacer, time.Now).Describe(t.Context(), "job-1")
		})
		all.Wait()
		want := "list 0s, list 1s, list 2s, list 3s, get 4s, get 5s, get 10s, list 11s, get 12s"
		if got := strings.Join(order, ", "); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
}

func TestTheKeyIsInNoDetails(t *testing.T) {
	inJSON, _ := json.Marshal(testKey)
	spelled := `"`
	for _, r := range testKey {
		spelled += fmt.Sprintf(`\u%04x`, r)
	}
	spelled += `"`
	for _, key := range []string{string(inJSON), spelled} {
		file := strings.ReplaceAll(`{"fileName":K,"state":K,"reason":K,"x":K,"completeTime":K,"progress":K}`, "K", key)
		about := strings.ReplaceAll(`"collectionName":K,"fileName":K,"state":K,"errorMessage":K,"x":[K],"completeTime":K,"progress":K`, "K", key)
		for name, s := range map[string]http.RoundTripper{
			"in details":  body(`{"code":200,"data":{"jobId":"job-1",` + about + `,"details":[` + file + `]}}`),
			"in a reason": body(`{"code":200,"data":{"jobId":"job-1","progress":0,"reason":"import job does not exist, jobID=job-1 ` + key[1:] + `}}`),
			"in message":  body(`{"code":90144,"message":` + key + `}`),
			"in a panic":  roundTrip(func(r *http.Request) (*http.Response, error) { panic(r.Header) }),
		} {
			inBubble(t, func(t *testing.T) {
				d, err := testClient(s).Describe(t.Context(), "job-1")
				for _, v := range []any{d, err, d.Files} {
					for _, verb := range []string{"%v", "%+v", "%#v"} {
						if text := fmt.Sprintf(verb, v); strings.Contains(text, testKey) || strings.Contains(text, "secret") {
							t.Errorf("%s: %T as %s: %s", name, v, verb, text)
						}
					}
				}
				if name == "in details" && (err != nil || d.FileName != secret.Hidden || d.Files[0].Reason != secret.Hidden) {
					t.Errorf("%+v, %v", d, err)
				}
			})
		}
	}
}
