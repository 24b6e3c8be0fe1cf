package remote

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Dialect is one spelling of the calls that list import jobs and describe one.
// The services differ in their requests and in the meaning of their error codes.
// Their answers are similar enough for one tolerant reader.
type Dialect struct {
	Name string // as in the settings, such as "zilliz-v1"

	// The page sizes the service takes.
	MinPageSize, MaxPageSize int

	WantsClusterID bool // the call names the cluster
	OneAnswer      bool // one answer has the whole list; the service ignores paging

	call      func(t *Target, page int) call
	describe  func(t *Target, jobID string) []call         // the calls for one job, the newest first
	databases func() call                                  // the call that lists databases; nil for none
	kind      func(code int64) (Kind, bool)                // the kind of an error code in a body, if it is a known one
	pastEnd   []int64                                      // codes of an answer to a page after the last one
	forgotten func(code int64, message, jobID string) bool // whether an error means that there is no such job
	base      func(region string) (string, error)
}

// call is a request without its host, its key and the headers that all
// dialects share.
type call struct {
	method, path, query string
	body                []byte // nil for none
	database            string // for the DB-Name header; "" for none
}

// anyPageSize is the limit of a dialect that does not send the size.
const anyPageSize = math.MaxInt32

func dialects() []*Dialect {
	return []*Dialect{zillizV1(), zillizV2(), milvusV2()}
}

// DialectNamed returns the dialect of that name.
func DialectNamed(name string) (*Dialect, bool) {
	for _, d := range dialects() {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}

// DialectNames lists the names that [DialectNamed] knows.
func DialectNames() []string {
	var names []string
	for _, d := range dialects() {
		names = append(names, d.Name)
	}
	return names
}

// BaseURL returns the address for a region, such as "ali-cn-hangzhou" or
// "gcp-us-west1". The region becomes part of a host name, so it may have only
// lower-case letters, digits and inner dashes.
func (d *Dialect) BaseURL(region string) (string, error) {
	if d.base == nil {
		return "", fmt.Errorf("%s has no regions: base_url is needed", d.Name)
	}
	if region == "" {
		return "", errors.New("region or base_url is needed")
	}
	if !plainRegion(region) {
		return "", fmt.Errorf("region %q is not one: lower-case letters, digits and dashes, such as gcp-us-west1", region)
	}
	return d.base(region)
}

// OwnPath returns the part of an address's path that repeats the beginning of the API's own
// path, such as "/v2/vectordb" where the address was copied from the documentation of a
// call. A single element, such as "/v2", may belong to a gateway.
func (d *Dialect) OwnPath(path string) string {
	elements := strings.Split(d.call(&Target{}, 1).path, "/")
	for n := len(elements); n > 2; n-- {
		if own := strings.Join(elements[:n], "/"); strings.HasSuffix(strings.TrimRight(path, "/"), own) {
			return own
		}
	}
	return ""
}

func plainRegion(region string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return strings.Trim(region, allowed) == "" &&
		!strings.HasPrefix(region, "-") && !strings.HasSuffix(region, "-") && len(region) <= 63
}

// chinese reports whether a region is on the Chinese one of the vendor's two sites,
// which share no host and no account. The clouds ali, tc and hwc exist only there.
// For other clouds an element of the region's name shows it (aws-cn-north-1).
func chinese(region string) bool {
	parts := strings.Split(region, "-")
	return slices.Contains([]string{"ali", "tc", "hwc"}, parts[0]) || slices.Contains(parts, "cn")
}
