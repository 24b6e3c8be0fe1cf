package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// All services wrap their answers alike: {"code", "message", "data"}. What
// the documentation, recordings and SDKs show of it does not agree:
//
//   - code is 200 in v1 and 0 in v2, or the other way round, depending on the
//     page; the vendor's Terraform provider takes both (client/zilliz.go,
//     decodeResponse). Once it is a string, "0", in an example of an error.
//   - Errors come with HTTP 200 and no data as well as with HTTP 401.
//   - The list is under "tasks" in every example of v1, and under "records"
//     in its schema. The vendor's Java SDK marks records as "Invalid field,
//     please use tasks" (#1063). v2 and Milvus say "records".
//   - count is a number in examples, a string in schemas, absent in Milvus.
//   - An empty list may be null: Milvus' REST v1 sent its empty lists so (#25497),
//     and servers in Go and Java do it unless told otherwise.
//
// So an answer is a listing only if everything says so: HTTP 200, a code that
// is 0 or 200, data, and a list in it, or null for one. The vendor's own Go client
// looks for less, and takes errors for empty listings.

// listing is what one answer holds.
type listing struct {
	jobs      []Job
	rejects   []Reject
	forgotten int
	count     int64 // -1 when not sent
}

// envelope is an answer taken apart, not yet judged.
type envelope struct {
	code    string // as spelled, without quotes; "" when missing or null
	message string
	data    []byte // nil when missing
}

// read judges an answer to the question for a page: a listing, or an error with
// its kind.
func (d *Dialect) read(page, status int, body []byte) (l listing, failure *Error) {
	failure = d.judge(status, body, func(env envelope) (err error) {
		l, err = env.listing(page)
		return err
	})
	if failure != nil {
		return listing{}, failure
	}
	return l, nil
}

// judge has an answer read that may be what was asked for, and says what is
// wrong when it isn't.
func (d *Dialect) judge(status int, body []byte, read func(envelope) error) *Error {
	env, err := openEnvelope(body)
	if err == nil && status == http.StatusOK {
		if err = read(env); err == nil {
			return nil
		}
	}
	e := &Error{
		Kind: d.kindOf(status, env), Status: status,
		Code: clean(env.code), Message: clean(env.message),
	}
	if e.Code == "" && e.Message == "" {
		e.Message = clean(string(body[:min(len(body), 8*maxMessage)]))
	}
	if status != http.StatusOK || errors.Is(err, errRefused) {
		return e // status or code say what is wrong, and the service's words why
	}
	if e.Err = err; errors.Is(err, errCut) {
		e.Kind = Unavailable
	}
	return e
}

// kindOf trusts the body's code first: services and gateways send business
// errors with almost any HTTP status. But 401 and 403 are a denial whatever a
// code means that tells no cause, and so are the words of Milvus' denials.
func (d *Dialect) kindOf(status int, env envelope) Kind {
	n, err := strconv.ParseInt(env.code, 10, 64)
	switch {
	case err != nil || success(n):
		return statusKind(status)
	case vague(n) && (denial(status) || milvusDenies(env.message)):
		return Auth
	}
	if kind, ok := d.kind(n); ok {
		return kind
	}
	if n >= 400 && n <= 599 {
		return statusKind(int(n))
	}
	return statusKind(status)
}

func denial(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// vague reports whether a code says that something went wrong and not what.
func vague(code int64) bool {
	return code >= 500 && code <= 599 || milvusVague(code)
}

func success(code int64) bool { return code == 0 || code == http.StatusOK }

var (
	errCut     = errors.New("the answer is cut off")
	errRefused = errors.New("the code says that this is an error")
)

// openEnvelope takes the outer object apart.
func openEnvelope(body []byte) (envelope, error) {
	var env envelope
	if err := validate(body); err != nil {
		return env, err
	}
	body = visible(body[space(body, 0):])
	if body[0] != '{' {
		return env, errors.New("the answer is not a JSON object")
	}
	var codes, datas int
	for key, raw := range members(body) {
		switch string(key) {
		case "code":
			codes++
			env.code = numeral(raw)
		case "message":
			env.message, _ = unquote(raw)
		case "data":
			datas++
			env.data = raw
		}
	}
	if codes > 1 || datas > 1 {
		return envelope{}, errors.New("the answer has code or data twice")
	}
	return env, nil
}

// validate tells a body that was cut on its way (worth another try) from one
// that never was JSON, such as a proxy's HTML.
func validate(body []byte) error {
	if json.Valid(body) {
		return nil
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return fmt.Errorf("%w: it is empty", errCut)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	err := dec.Decode(&first)
	switch {
	case bytes.TrimSpace(body)[0] != '{':
		return errors.New("the answer is not JSON")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	case err != nil:
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	return errors.New("the answer goes on after its JSON")
}

// numeral gives the text of a number, or of a string that may hold one; ""
// for null. Other types give their JSON, which is no number.
func numeral(raw []byte) string {
	if isNull(raw) {
		return ""
	}
	if s, ok := unquote(raw); ok {
		return s
	}
	return string(raw)
}

// succeeded says whether an answer that came with HTTP 200 says that it has what
// was asked for.
func (env envelope) succeeded() error {
	if env.code == "" {
		return errors.New("the answer has no code")
	}
	code, err := strconv.ParseInt(env.code, 10, 64)
	switch {
	case err != nil:
		return errors.New("the code is no whole number")
	case !success(code):
		return errRefused
	}
	return nil
}

// object says whether such an answer has an object for its data.
func (env envelope) object() error {
	if err := env.succeeded(); err != nil {
		return err
	}
	if env.data == nil || env.data[0] != '{' {
		return errors.New("data is missing or not an object")
	}
	return nil
}

// listing reads the data of an answer that came with HTTP 200. A list that is null
// is empty. On the first page it is none where the service counts jobs; past it,
// count may be of the whole listing, and the page is its end.
func (env envelope) listing(page int) (listing, error) {
	l := listing{count: -1}
	if err := env.object(); err != nil {
		return l, err
	}
	var lists [][]byte
	seen := map[string]bool{}
	for key, raw := range members(env.data) {
		switch string(key) {
		case "records", "tasks":
			if seen[string(key)] {
				return l, fmt.Errorf("data has %s twice", key)
			}
			seen[string(key)] = true
			if raw[0] != '[' && !isNull(raw) {
				return l, fmt.Errorf("data.%s is not an array", key)
			}
			// A null beside the other key's list is a field that the
			// service keeps for old clients.
			if raw[0] == '[' {
				lists = append(lists, raw)
			}
		case "count":
			if n, err := strconv.ParseInt(numeral(raw), 10, 64); err == nil && n >= 0 {
				l.count = n
			}
		}
	}
	switch {
	case len(seen) == 0:
		return l, errors.New("data has no list, neither records nor tasks")
	case len(lists) == 0 && page == 1 && l.count > 0:
		return l, fmt.Errorf("the list is null, and count is %d", l.count)
	case len(lists) == 2 && bytes.Equal(lists[0], lists[1]):
		lists = lists[:1] // one list under both its names
	}
	for _, list := range lists {
		// A record has one brace at least, and a page seldom more than this many.
		l.jobs = slices.Grow(l.jobs, min(bytes.Count(list, []byte("{")), 1<<10))
		for raw := range elements(list) {
			l.add(raw)
		}
	}
	return l, nil
}

func (l *listing) add(raw []byte) {
	switch job, reason := readRecord(raw); {
	case reason != "":
		l.rejects = append(l.rejects, Reject{Reason: reason, Raw: string(raw)})
	case job.forgotten():
		l.forgotten++
	default:
		l.jobs = append(l.jobs, job)
	}
}
