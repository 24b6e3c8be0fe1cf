package remote

import (
	"encoding/json"
	"net/http"
	"strings"
)

// milvusV2 is the REST API of a Milvus server itself (listImportJob in
// internal/distributed/proxy/httpserver/handler_v2.go). It has no pages:
// one answer has every job, in another order each time. The request has nothing but
// a database, and only if one is set. The database filters nothing: without a
// collection name the server lists the jobs of all databases (#31273). The server
// checks the user's grants in that database.
func milvusV2() *Dialect {
	return &Dialect{
		Name:        "milvus-v2",
		MinPageSize: 1,
		MaxPageSize: anyPageSize,
		OneAnswer:   true,
		kind:        milvusKind,
		forgotten:   milvusForgotten,
		call: func(t *Target, _ int) call {
			body, _ := json.Marshal(struct {
				Database string `json:"dbName,omitempty"`
			}{t.Database})
			return call{method: http.MethodPost, path: listPathV2, body: body, database: t.Database}
		},
		describe: func(t *Target, jobID string) []call {
			body, _ := json.Marshal(struct {
				Database string `json:"dbName,omitempty"`
				JobID    string `json:"jobId"`
			}{t.Database, jobID})
			return describeV2(call{body: body, database: t.Database})
		},
		databases: func() call { // grants to list them are of no database
			return call{method: http.MethodPost, path: "/v2/vectordb/databases/list", body: []byte("{}")}
		},
	}
}

// milvusForgotten reports whether Milvus does not have the job. Milvus has no code for
// that: it answers with those for any failure of an import, ErrImportFailed or
// ErrImportSysFailed, and "import job does not exist, jobID=…" (since #33672). The
// message must have this job's id, because a message about another job, or about
// something else that does not exist, proves nothing about this one.
func milvusForgotten(code int64, message, jobID string) bool {
	if code != 2100 && code != 2101 {
		return false
	}
	_, rest, found := strings.Cut(strings.ToLower(message), "import job does not exist")
	_, id, named := strings.Cut(rest, "jobid=")
	if !named {
		return found
	}
	about, follows := strings.CutPrefix(id, strings.ToLower(jobID))
	return found && follows && (about == "" || !isWordByte(about[0]))
}

// isWordByte reports whether a byte may be part of an id.
func isWordByte(b byte) bool {
	return b == '-' || b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z'
}

// milvusVague has the codes of errors for which Milvus has no code of their own:
// ErrServiceInternal and errUnexpected.
func milvusVague(code int64) bool { return code == 5 || code == 65535 }

// milvusDenies has the messages of a call that the user's role may not make, or that
// needs another login. Milvus has no code for it: the message is that of a gRPC
// status, the code is errUnexpected. It sends them with HTTP 403
// (checkAuthorizationV2), but not every gateway in front of it passes that on.
func milvusDenies(message string) bool {
	return strings.Contains(message, "code = PermissionDenied") ||
		strings.Contains(message, "code = Unauthenticated") || strings.Contains(message, "permission deny")
}

// milvusKind has the codes that a listing can return, with their names in Milvus'
// pkg/util/merr/errors.go (read in 2026-08). They come with HTTP 200, except that a
// missing login is also 401, unless the configuration of the server wants standard
// statuses.
func milvusKind(code int64) (Kind, bool) {
	switch code {
	case 1400, 1401, // ErrPrivilegeNotAuthenticated, ErrPrivilegeNotPermitted
		1800: // ErrNeedAuthenticate
		return Auth, true
	case 100, 800: // ErrCollectionNotFound, ErrDatabaseNotFound
		return NotFound, true
	case 4, 8, 9, // ErrServiceTooManyRequests, ErrServiceRateLimit, ErrServiceQuotaExceeded
		1807: // ErrHTTPRateLimit
		return RateLimited, true
	case 1, 2, // ErrServiceNotReady, ErrServiceUnavailable
		5,      // ErrServiceInternal
		11, 12, // ErrServiceTimeTickLongDelay, ErrServiceResourceInsufficient
		10000, 10001, // CanceledCode, TimeoutCode: the server's own waiting
		65535: // errUnexpected
		return Unavailable, true
	case 802, // ErrDatabaseInvalidName
		1100, 1101, 1102, // ErrParameterInvalid, …Missing, …TooLarge
		1801, 1802: // ErrIncorrectParameterFormat, ErrMissingRequiredParameters
		return Settings, true
	}
	return "", false
}
