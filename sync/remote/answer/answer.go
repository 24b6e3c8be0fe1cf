// Package answer parses the answers of services: bytes in, jobs or an error out. It
// does no I/O and knows no dialect. Package remote decides what an error code means,
// and whether another try would help.
//
// [Open] parses the envelope, and its methods read the data in it:
// [Envelope.Listing], [Envelope.Job], [Envelope.Databases]. Begin with Open and
// Listing. A listing of a million jobs passes through here, so the small scanner of
// scan.go reads records in place; text.go turns invalid bytes into text.
//
// # The envelope
//
// All services wrap their answers alike: {"code", "message", "data"}. What the
// documentation, recordings and SDKs show of it does not agree:
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
//     and servers in Go and Java do it unless a developer prevents it.
//
// So an answer is a listing only if everything says so: HTTP 200, a code that
// is 0 or 200, data, and a list in it, or null for one. The vendor's own Go client
// checks less, and takes errors for empty listings.
package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
)

// Job is one record of a listing, as the service sent it.
type Job struct {
	ID         string   // exactly as sent, never empty and never "0"
	Collection string   // "" when not sent
	RawState   string   // the service's own word; "" when not sent
	Progress   *float64 // 0 to 100; nil when not sent or out of range (then Extra has it)
	Reason     string   // "" when not sent
	Extra      string   // the record's other fields as a JSON object with sorted keys; "" when none
}

// Reject is a record of a listing that can't be archived, because nothing
// in it says which job it is.
type Reject struct {
	Reason string // why, for people
	Raw    string // the record as sent, but for bytes that are no text
}

// Listing is what one answer holds of a list.
type Listing struct {
	Jobs    []Job
	Rejects []Reject
	Count   int64 // the service's own `count`; -1 when not sent. May be of this page or of the listing.

	// Forgotten is how many jobs the service forgot while it made the list. It
	// lists them once more, and counts them; they are neither jobs nor rejects.
	Forgotten int

	// Rest has the other records of a long list, in listings of their own; nil: there
	// are none. It reads them when the caller ranges over it.
	Rest iter.Seq[Listing]
}

// A listing has at most so many records, of so many bytes; the others are in Rest. Only
// services without pages send more.
const (
	pieceRecords = 5_000
	pieceBytes   = 16 << 20
)

var (
	// ErrCut means that the body lacks its end. Another try may help.
	ErrCut = errors.New("the answer is cut off")

	// ErrRefused means that the answer has the code of an error.
	ErrRefused = errors.New("the code says that this is an error")

	// ErrForgotten means that the answer says, in place of the job's details, that
	// the service does not have that job.
	ErrForgotten = errors.New("the service knows no such job")
)

// Envelope is a parsed answer, not yet judged.
type Envelope struct {
	Code    string // as spelled, without quotes; "" when missing or null
	Message string

	data []byte // nil when missing
}

// Open parses the outer object of an answer.
func Open(body []byte) (Envelope, error) {
	var env Envelope
	if err := validate(body); err != nil {
		return env, err
	}
	body = body[space(body, 0):]
	if body[0] != '{' {
		return env, errors.New("the answer is not a JSON object")
	}
	var codes, datas int
	for key, raw := range members(body) {
		switch string(key) {
		case "code":
			codes++
			env.Code = numeral(Visible(raw))
		case "message":
			env.Message, _ = unquote(Visible(raw))
		case "data":
			datas++
			env.data = raw
		}
	}
	if codes > 1 || datas > 1 {
		return Envelope{}, errors.New("the answer has code or data twice")
	}
	return env, nil
}

// validate distinguishes a body that lost its end on the way (another try may help)
// from one that never was JSON, such as a proxy's HTML.
func validate(body []byte) error {
	if json.Valid(body) {
		return nil
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return fmt.Errorf("%w: it is empty", ErrCut)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	err := dec.Decode(&first)
	switch {
	case bytes.TrimSpace(body)[0] != '{':
		return errors.New("the answer is not JSON")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCut
	case err != nil:
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	return errors.New("the answer goes on after its JSON")
}

// Successful reports whether a code says that all went well.
func Successful(code int64) bool { return code == 0 || code == http.StatusOK }

// succeeded reports whether an answer with HTTP 200 has a code of success.
func (env Envelope) succeeded() error {
	if env.Code == "" {
		return errors.New("the answer has no code")
	}
	code, err := strconv.ParseInt(env.Code, 10, 64)
	switch {
	case err != nil:
		return errors.New("the code is no whole number")
	case !Successful(code):
		return ErrRefused
	}
	return nil
}

// object reports whether such an answer has an object as its data.
func (env Envelope) object() error {
	if err := env.succeeded(); err != nil {
		return err
	}
	if env.data == nil || env.data[0] != '{' {
		return errors.New("data is missing or not an object")
	}
	return nil
}

// Listing reads the data of an answer that came with HTTP 200. A list that is null
// is empty. On the first page it is none where the service counts jobs; past it,
// count may be of the whole listing, and the page is its end.
func (env Envelope) Listing(page int) (Listing, error) {
	l := Listing{Count: -1}
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
				l.Count = n
			}
		}
	}
	switch {
	case len(seen) == 0:
		return l, errors.New("data has no list, neither records nor tasks")
	case len(lists) == 0 && page == 1 && l.Count > 0:
		return l, fmt.Errorf("the list is null, and count is %d", l.Count)
	case len(lists) == 2 && bytes.Equal(lists[0], lists[1]):
		lists = lists[:1] // one list under both its names
	}
	return pieces(&records{lists: lists}, l.Count), nil
}

// pieces reads the first piece of a list, and leaves the others to Rest. The count is
// that of the whole answer: where it is greater than the number of records in it, the
// last piece has it.
func pieces(all *records, count int64) Listing {
	l := all.piece()
	if !all.more() {
		l.Count = count
		return l
	}
	before := l.Records()
	l.Rest = func(yield func(Listing) bool) {
		for all.more() {
			piece := all.piece()
			before += piece.Records()
			if !all.more() && count > int64(before) {
				piece.Count = count
			}
			if !yield(piece) {
				return
			}
		}
	}
	return l
}

// Records is how many records the listing has, whatever they are, without its rest.
func (l *Listing) Records() int { return len(l.Jobs) + len(l.Rejects) + l.Forgotten }

// piece reads the next records.
func (r *records) piece() Listing {
	l := Listing{Count: -1}
	if r.more() {
		// A record has one brace at least, and a page seldom more than this many.
		l.Jobs = slices.Grow(l.Jobs, min(bytes.Count(r.lists[0][r.at:], []byte("{")), 1<<10))
	}
	for size := 0; r.more() && l.Records() < pieceRecords && size < pieceBytes; {
		raw := Visible(r.next())
		size += len(raw)
		l.add(raw)
	}
	return l
}

func (l *Listing) add(raw []byte) {
	switch job, reason := readRecord(raw); {
	case reason != "":
		l.Rejects = append(l.Rejects, Reject{Reason: reason, Raw: string(raw)})
	case forgotten(job.ID, job.RawState, job.Reason):
		l.Forgotten++
	default:
		l.Jobs = append(l.Jobs, job)
	}
}

// Databases reads the data of an answer that came with HTTP 200.
func (env Envelope) Databases() ([]string, error) {
	if err := env.succeeded(); err != nil {
		return nil, err
	}
	if env.data == nil || env.data[0] != '[' {
		return nil, errors.New("data is missing or not an array")
	}
	var names []string
	for raw := range elements(env.data) {
		name, ok := unquote(Visible(raw))
		if !ok {
			return nil, errors.New("data has what is no name")
		}
		names = append(names, name)
	}
	return names, nil
}
