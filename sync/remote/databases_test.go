package remote

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"importarchive/secret"
)

func TestDatabasesAreThoseThatTheServerNames(t *testing.T) {
	for _, story := range []struct {
		status    int
		body, got string
	}{
		{200, `{"code":0,"data":["default","music"]}`, "default, music"},
		{200, `{"code":200,"data":[]}`, ""},
		{200, `{"code":0,"data":null}`, "protocol: HTTP 200, code 0: data is missing or not an array"},
		{200, `{"code":0,"data":{"names":[]}}`, "protocol: HTTP 200, code 0: data is missing or not an array"},
		{200, `{"code":0,"data":["a",7]}`, "protocol: HTTP 200, code 0: data has what is no name"},
		{200, `{"code":0}`, "protocol: HTTP 200, code 0: data is missing or not an array"},
		{200, `{"code":0,"data":["` + testKey[:4] + `"]}`, testKey[:4]},
		{404, `404 page not found`, "not-found: HTTP 404: 404 page not found"},
		{503, ``, "unavailable: HTTP 503"},
		{
			403, `{"code":65535,"message":"rpc error: code = PermissionDenied desc = PrivilegeListDatabases: permission deny"}`,
			"auth: HTTP 403, code 65535: rpc error: code = PermissionDenied desc = PrivilegeListDatabases: permission deny",
		},
	} {
		inBubble(t, func(t *testing.T) {
			var asked strings.Builder
			c := testClient(service(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(&asked, "%s %s %s%s", r.Method, r.URL.Path, r.Header.Get("DB-Name"), body)
				w.WriteHeader(story.status)
				_, _ = io.WriteString(w, story.body)
			}), milvus, func(t *Target) { t.Database = "misic" })
			names, err := c.Databases(t.Context())
			got := strings.Join(names, ", ")
			if err != nil {
				got = err.Error()
			}
			if got != story.got {
				t.Errorf("%s\n got %s\nwant %s", story.body, got, story.got)
			}
			if want := "POST /v2/vectordb/databases/list {}"; asked.String() != want {
				t.Errorf("asked %s", asked.String())
			}
		})
	}
	inBubble(t, func(t *testing.T) {
		c := testClient(service(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
		if _, err := c.Databases(t.Context()); err == nil || err.Error() != "settings: zilliz-v1 has no call that lists databases" {
			t.Error(err)
		}
	})
}

func TestTheKeyIsInNoNameOfADatabase(t *testing.T) {
	for _, story := range []struct{ key, body, want string }{
		{"archiver:secret", `{"code":0,"data":["archiver:secret"]}`, secret.Hidden},
		{"archiver:secret", `{"code":0,"data":["archiver:\u0073ecret"]}`, secret.Hidden},
		{"mus", `{"code":0,"data":["music"]}`, "music"}, // too short to be taken for the key
		{"mus", `{"code":0,"data":["\u006dusic"]}`, "music"},
	} {
		inBubble(t, func(t *testing.T) {
			c := testClient(body(story.body), milvus, func(t *Target) { t.Key = func() (Secret, error) { return secret.New(story.key), nil } })
			if names, err := c.Databases(t.Context()); err != nil || len(names) != 1 || names[0] != story.want {
				t.Errorf("%s: %q, %v", story.body, names, err)
			}
		})
	}
}

func TestTargetsOfOneListHaveOneNameForIt(t *testing.T) {
	target := func(dialect, base, id, database string) *Target {
		d, _ := DialectNamed(dialect)
		return &Target{Dialect: d, BaseURL: base, ClusterID: id, Database: database}
	}
	for _, same := range [][2]*Target{
		{target("milvus-v2", "http://h:19530", "", "a"), target("milvus-v2", "http://H.:19530/", "x", "b")},
		{target("milvus-v2", "https://h", "", ""), target("milvus-v2", "https://h:443//", "", "")},
		{target("milvus-v2", "https://h/a/../m", "", ""), target("milvus-v2", "https://h/m", "", "")},
		{target("zilliz-v1", "https://a.test", "in01-1", ""), target("zilliz-v2", "https://b.test", "in01-1", "")},
	} {
		if a, b := same[0].ListName(), same[1].ListName(); a != b || a == "" {
			t.Errorf("%q and %q", a, b)
		}
	}
	for _, different := range [][2]*Target{
		{target("milvus-v2", "http://h:19530", "", ""), target("milvus-v2", "http://h:19531", "", "")},
		{target("milvus-v2", "http://h", "", ""), target("milvus-v2", "https://h", "", "")},
		{target("milvus-v2", "http://h/a", "", ""), target("milvus-v2", "http://h/b", "", "")},
		{target("zilliz-v1", "https://a.test", "in01-1", ""), target("zilliz-v1", "https://a.test", "in01-2", "")},
	} {
		if a, b := different[0].ListName(), different[1].ListName(); a == b {
			t.Errorf("both are %q", a)
		}
	}
}
