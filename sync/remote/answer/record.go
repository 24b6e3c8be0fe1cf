package answer

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readRecord reads one record of a listing. A reason means that the record can't be
// archived, because it has no usable id. Extra keeps any other oddity. If a field
// comes twice, the last one counts, as everywhere.
func readRecord(raw []byte) (job Job, reason string) {
	if raw[0] != '{' {
		return job, "not a JSON object"
	}
	var (
		ids   jobID
		extra map[string]any
	)
	for key, v := range members(raw) {
		known := true
		switch string(key) {
		case "jobId", "jobID": // Milvus wrote jobID until 2024-03 (#31192)
			ids.add(v)
		case "collectionName":
			job.Collection, known = word(v)
		case "state":
			job.RawState, known = word(v)
		case "progress":
			job.Progress, known = progress(v)
		case "reason":
			job.Reason, known = text(v)
		default:
			known = false
		}
		if !known {
			if extra == nil {
				extra = map[string]any{}
			}
			extra[string(key)] = decode(v)
		}
	}
	if ids.reason != "" || ids.id == "" {
		return Job{}, ids.why()
	}
	job.ID, job.Extra = ids.id, canonical(extra)
	return job, ""
}

// forgotten reports whether Milvus had dropped the job when it read the job's progress (GetJobProgress in internal/datacoord/import_util.go). It reports that
// as a failure of the job, also of one that it listed a moment before. The services
// in front of it may pass this on in their own words for states, or without one.
func forgotten(id, rawState, reason string) bool {
	rest, found := strings.CutPrefix(reason, "import job does not exist, jobID="+id)
	ofAnother := rest != "" && rest[0] >= '0' && rest[0] <= '9'
	return found && !ofAnother && (rawState == "" || strings.HasSuffix(rawState, "Failed"))
}

// jobID collects a record's id from both names of the field.
type jobID struct {
	id     string
	reason string // why there is none
}

// add reads an id as sent: text, or a number with its exact digits (Milvus' ids have
// 18, more than a float64 holds).
//
// An id that can't be kept as sent counts as none, because its escaped form may be
// another job's id. So does one with U+FFFD, which programs on the way write for
// invalid bytes: two jobs may have become one.
func (j *jobID) add(raw []byte) {
	var id string
	switch s, isString := unquote(raw); {
	case isString:
		id = s
	case isNumber(raw):
		id = string(raw)
		if strings.Trim(mantissa(id), "-0.") == "" {
			return // zero, in any spelling
		}
	case isNull(raw):
		return
	default:
		j.reason = "job id is neither text nor a number"
		return
	}
	switch {
	case id == "" || id == "0":
	case strings.ContainsRune(id, utf8.RuneError), escaped(id):
		j.reason = "job id is not valid UTF-8, or has NUL"
	case j.id != "" && j.id != id:
		j.reason = "two job ids"
	default:
		j.id = id
	}
}

func (j *jobID) why() string {
	if j.reason != "" {
		return j.reason
	}
	return "no job id" // absent, null, "", "0" or 0: Milvus' v1 shim sends 0 (#38172)
}

func mantissa(number string) string {
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		return number[:i]
	}
	return number
}

// text reads a string or null.
func text(raw []byte) (string, bool) {
	if isNull(raw) {
		return "", true
	}
	return unquote(raw)
}

// word reads a text that may come as a number, with its exact digits.
func word(raw []byte) (string, bool) {
	if isNumber(raw) {
		return string(raw), true
	}
	return text(raw)
}

// progress reads 0 to 100 as a number or, as the vendor's generic job call
// sends it, as text. Milvus once sent a negative one (#31221).
func progress(raw []byte) (*float64, bool) {
	if isNull(raw) {
		return nil, true
	}
	s := numeral(raw)
	// ParseFloat alone would take "NaN", "0x1p4" and "1_0" as well.
	if !isNumber(raw) && (s == "" || !isNumber([]byte(s)) || !json.Valid([]byte(s))) {
		return nil, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 100 {
		return nil, false
	}
	f = math.Abs(f) // -0
	return &f, true
}

// maxNesting is how deep a field kept as JSON may be nested. SQLite reads a thousand
// levels, and refuses a whole row for one more.
const maxNesting = 500

// decode reads a valid value and keeps the spelling of numbers. A value that is nested
// too deep becomes its text.
func decode(raw []byte) any {
	if nesting(raw) > maxNesting {
		return string(raw)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return string(raw) // unreachable: raw is valid JSON
	}
	return v
}

// nesting returns how deep arrays and objects are nested in valid JSON.
func nesting(raw []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			deepest = max(deepest, depth)
		case c == ']' || c == '}':
			depth--
		}
	}
	return deepest
}

// canonical spells fields in one order, whatever order they came in, so that equal
// content has equal text.
func canonical(fields map[string]any) string {
	if fields == nil {
		return ""
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return "" // unreachable: every value was read from JSON
	}
	return string(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
}
