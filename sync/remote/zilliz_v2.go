package remote

import (
	"encoding/json"
	"net/http"
)

// zillizV2 is Zilliz Cloud's present API, one host for each of its two
// sides: https://docs.zilliz.com/reference/restful/list-import-jobs-v2
func zillizV2() *Dialect {
	return &Dialect{
		Name:           "zilliz-v2",
		MinPageSize:    1, // error 96008: "pageSize must be 1 to 100"
		MaxPageSize:    100,
		WantsClusterID: true,
		kind:           zillizKind,
		pastEnd:        zillizPastEnd(),
		forgotten:      zillizForgotten,
		call: func(t *Target, page int) call {
			body, _ := json.Marshal(struct {
				ClusterID   string `json:"clusterId"`
				PageSize    int    `json:"pageSize"`
				CurrentPage int    `json:"currentPage"`
				Database    string `json:"dbName,omitempty"` // documented on the Chinese page only
			}{t.ClusterID, t.PageSize, page, t.Database})
			return call{method: http.MethodPost, path: listPathV2, body: body}
		},
		describe: func(t *Target, jobID string) []call {
			body, _ := json.Marshal(struct {
				ClusterID string `json:"clusterId"`
				JobID     string `json:"jobId"`
			}{t.ClusterID, jobID})
			return describeV2(call{body: body})
		},
		base: func(region string) (string, error) {
			if chinese(region) {
				return "https://api.cloud.zilliz.com.cn", nil
			}
			return "https://api.cloud.zilliz.com", nil
		},
	}
}

// listPathV2 is the same on Zilliz Cloud and on Milvus itself.
const listPathV2 = "/v2/vectordb/jobs/import/list"

// describeV2 returns the call under all its names. The vendor's SDKs for Python, Java
// and Go now use describe; its documentation and the Java SDK of 2024 use getProgress;
// its SDKs for Node and C++, and Milvus before it had describe, use get_progress.
func describeV2(c call) []call {
	var calls []call
	for _, name := range []string{"describe", "getProgress", "get_progress"} {
		c.method, c.path = http.MethodPost, "/v2/vectordb/jobs/import/"+name
		calls = append(calls, c)
	}
	return calls
}

// zillizV2Kind has the codes in the error tables of the v2 import calls
// (Chinese edition; the global one lists fewer). 21119 was recorded with
// HTTP 401 by the tests of the vendor's Terraform provider.
func zillizV2Kind(code int64) (Kind, bool) {
	switch code {
	case 21119, // illegal API key
		96016: // no permission, or outside the key's scope
		return Auth, true
	case 96018, // no such cluster
		96026: // no such job
		return NotFound, true
	case 96008, 96009, // page size, page out of range
		96025, 96036: // cluster id empty, invalid
		return Settings, true
	}
	return "", false
}
