package remote

import (
	"fmt"
	"net/http"
	"net/url"
)

// zillizV1 is the first API of Zilliz Cloud's control plane, one host for
// each region. The vendor calls it about to be deprecated; it still is what
// pymilvus 2.2.16 to 2.4.7 speak, whose request this is:
// https://docs.zilliz.com/reference/restful/list-import-jobs
func zillizV1() *Dialect {
	return &Dialect{
		Name:           "zilliz-v1",
		MinPageSize:    5, // error 80003: "pageSize must be 5 to 100"
		MaxPageSize:    100,
		WantsClusterID: true,
		kind:           zillizKind,
		pastEnd:        zillizPastEnd(),
		forgotten:      zillizForgotten,
		call: func(t *Target, page int) call {
			return call{
				method: http.MethodGet,
				path:   "/v1/vector/collections/import/list",
				query:  fmt.Sprintf("clusterId=%s&pageSize=%d&currentPage=%d", url.QueryEscape(t.ClusterID), t.PageSize, page),
			}
		},
		// The request of pymilvus for one job: both parameters are required.
		// https://docs.zilliz.com/reference/restful/get-import-progress
		describe: func(t *Target, jobID string) []call {
			return []call{{
				method: http.MethodGet,
				path:   "/v1/vector/collections/import/get",
				query:  fmt.Sprintf("clusterId=%s&jobId=%s", url.QueryEscape(t.ClusterID), url.QueryEscape(jobID)),
			}}
		},
		// The Chinese host is the one of the vendor's Terraform provider
		// (client/region.go of 2024-05) and its tests. Newer pages of the
		// documentation leave out ".cloud": if they are right, base_url is
		// the way out.
		base: func(region string) (string, error) {
			if chinese(region) {
				return "https://controller.api." + region + ".cloud.zilliz.com.cn", nil
			}
			return "https://controller.api." + region + ".zillizcloud.com", nil
		},
	}
}

// zillizV1Kind has the codes in the error tables of the v1 import calls
// (https://docs.zilliz.com/reference/restful/v1 and its Chinese edition).
// Their messages change with language and revision, the codes do not. 80001
// was recorded with HTTP 401; the others are documented to come with 200.
func zillizV1Kind(code int64) (Kind, bool) {
	switch code {
	case 40022, // no access to the cluster
		80001, 80002: // token illegal, token invalid
		return Auth, true
	case 40021, // no such cluster
		80020, // invalid cluster id, or no permission for it: the service does not say which
		90144: // no such job in this cluster
		return NotFound, true
	case 80000, // incorrect parameter
		80003, 80004, // page size, page out of range
		90102,        // the cluster is not in this region
		90103, 90104, // cluster id empty
		90117: // invalid domain name
		return Settings, true
	case 40003: // not in the cluster's present status: suspended, or being suspended or resumed
		return Suspended, true
	case 47039, 47055: // too many imports at once
		return RateLimited, true
	}
	return "", false
}

// zillizKind has the codes of both generations. They share no number, and one control
// plane answers both: each API may return the codes of the other.
func zillizKind(code int64) (Kind, bool) {
	if kind, ok := zillizV1Kind(code); ok {
		return kind, true
	}
	return zillizV2Kind(code)
}

// zillizPastEnd lists the codes that both generations document for a page out of
// range, "currentPage must be 1 to MaxInt". Their real answer after the last page is
// not documented; it may also be an empty list.
func zillizPastEnd() []int64 { return []int64{80004, 96009} }

// zillizForgotten reports whether an error means that the service does not have the
// job: as both generations document it, or in the words of a Milvus behind the service.
func zillizForgotten(code int64, message, jobID string) bool {
	return code == 90144 || code == 96026 || milvusForgotten(code, message, jobID)
}
