package remote

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"importarchive/secret"
)

func TestARegionGivesTheHost(t *testing.T) {
	for _, story := range []struct{ dialect, region, want string }{
		{"zilliz-v1", "ali-cn-hangzhou", "https://controller.api.ali-cn-hangzhou.cloud.zilliz.com.cn"},
		{"zilliz-v1", "tc-ap-shanghai", "https://controller.api.tc-ap-shanghai.cloud.zilliz.com.cn"},
		{"zilliz-v1", "hwc-east-3", "https://controller.api.hwc-east-3.cloud.zilliz.com.cn"},
		{"zilliz-v1", "aws-cn-north-1", "https://controller.api.aws-cn-north-1.cloud.zilliz.com.cn"},
		{"zilliz-v1", "gcp-us-west1", "https://controller.api.gcp-us-west1.zillizcloud.com"},
		{"zilliz-v1", "az-cnx-1", "https://controller.api.az-cnx-1.zillizcloud.com"},
		{"zilliz-v1", "alice-us-1", "https://controller.api.alice-us-1.zillizcloud.com"},
		{"zilliz-v2", "ali-cn-hangzhou", "https://api.cloud.zilliz.com.cn"},
		{"zilliz-v2", "aws-us-east-1", "https://api.cloud.zilliz.com"},
		{"zilliz-v1", "", "region or base_url is needed"},
		{"zilliz-v2", "", "region or base_url is needed"},
		{"zilliz-v1", "evil.test/", `region "evil.test/" is not one: lower-case letters, digits and dashes, such as gcp-us-west1`},
		{"zilliz-v1", "-cn", `region "-cn" is not one: lower-case letters, digits and dashes, such as gcp-us-west1`},
		{"zilliz-v2", "GCP-us", `region "GCP-us" is not one: lower-case letters, digits and dashes, such as gcp-us-west1`},
		{"milvus-v2", "gcp-us-west1", "milvus-v2 has no regions: base_url is needed"},
	} {
		d, ok := DialectNamed(story.dialect)
		if !ok {
			t.Fatal(story.dialect)
		}
		got, err := d.BaseURL(story.region)
		if err != nil {
			got = err.Error()
		}
		if got != story.want {
			t.Errorf("%s, %q:\n got %s\nwant %s", story.dialect, story.region, got, story.want)
		}
	}
	if _, ok := DialectNamed("zilliz-v3"); ok {
		t.Error("zilliz-v3 is a dialect")
	}
}

func TestEachDialectAsksInItsOwnWay(t *testing.T) {
	const v1Headers = "Accept: application/json\nAuthorization: Bearer key-12345\nContent-Type: application/json\nUser-Agent: importarchive\n"
	for _, story := range []struct {
		name, dialect string
		change        func(*Target)
		want          string
	}{
		{
			// As pymilvus 2.4.7 asks, with other headers.
			"v1", "zilliz-v1", func(t *Target) { t.PageSize = 25 },
			"GET https://h.test/v1/vector/collections/import/list?clusterId=in01-0123456789abcde&pageSize=25&currentPage=1\n" + v1Headers,
		},
		{
			"v1 behind a gateway, with an id that needs escaping", "zilliz-v1",
			func(t *Target) { t.BaseURL, t.ClusterID = "https://h.test/zilliz/", "a&b=c d" },
			"GET https://h.test/zilliz/v1/vector/collections/import/list?clusterId=a%26b%3Dc+d&pageSize=100&currentPage=1\n" + v1Headers,
		},
		{
			"v2", "zilliz-v2", func(*Target) {},
			"POST https://h.test/v2/vectordb/jobs/import/list\n" + v1Headers + `{"clusterId":"in01-0123456789abcde","pageSize":100,"currentPage":1}`,
		},
		{
			"v2 with a database", "zilliz-v2", func(t *Target) { t.Database = "music" },
			"POST https://h.test/v2/vectordb/jobs/import/list\n" + v1Headers + `{"clusterId":"in01-0123456789abcde","pageSize":100,"currentPage":1,"dbName":"music"}`,
		},
		{
			"milvus", "milvus-v2", func(t *Target) { t.Key = nil },
			"POST https://h.test/v2/vectordb/jobs/import/list\nAccept: application/json\nContent-Type: application/json\nUser-Agent: importarchive\n{}",
		},
		{
			"milvus with a database and an empty key", "milvus-v2",
			func(t *Target) { t.Database = "music"; t.Key = func() (Secret, error) { return Secret{}, nil } },
			"POST https://h.test/v2/vectordb/jobs/import/list\nAccept: application/json\nContent-Type: application/json\nDb-Name: music\nUser-Agent: importarchive\n" + `{"dbName":"music"}`,
		},
	} {
		t.Run(story.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var got strings.Builder
				s := service(func(w http.ResponseWriter, r *http.Request) {
					fmt.Fprintf(&got, "%s %s\n", r.Method, r.URL)
					for _, h := range []string{"Accept", "Authorization", "Content-Type", "Db-Name", "User-Agent"} {
						if v := r.Header.Get(h); v != "" {
							fmt.Fprintf(&got, "%s: %s\n", h, v)
						}
						r.Header.Del(h)
					}
					if len(r.Header) > 0 {
						t.Errorf("more headers: %v", r.Header)
					}
					_, _ = io.Copy(&got, r.Body)
					respond(w)
				})
				_, err := readAll(t.Context(), testClient(s, func(t *Target) {
					t.Dialect, _ = DialectNamed(story.dialect)
					t.BaseURL = "https://h.test"
					t.Key = func() (Secret, error) { return secret.New("key-12345"), nil }
					story.change(t)
				}))
				if diff := cmp.Diff(story.want, got.String()); diff != "" || err != nil {
					t.Errorf("%s%v", diff, err)
				}
			})
		})
	}
}

func TestTheClientIgnoresTheEnvironmentsProxies(t *testing.T) {
	if os.Getenv("WITH_PROXIES") == "" { // package net/http reads them once for each process
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		again.Env = append(os.Environ(), "WITH_PROXIES=1", "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	target := testTarget()
	target.BaseURL, target.RetryFor = "http://milvus.invalid:19530", 0
	_, err := readAll(t.Context(), NewClient(target, nil, nil, time.Now))
	if err == nil || strings.Contains(err.Error(), "proxyconnect") || strings.Contains(err.Error(), "127.0.0.1:1:") {
		t.Error(err)
	}
}
