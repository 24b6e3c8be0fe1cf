package answer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"importarchive/db/details"
)

// All services describe a job in data itself, and the files that it imports
// under "details" in it. They differ in the rest:
//
//   - zilliz-v1 has readyPercentage, errorMessage and no state. What is not
//     known yet is null, and of a message also the text "null", for which the
//     vendor's Spark connector tests (MilvusUtils.scala).
//   - zilliz-v2 has progress, a string in a sibling call, state and reason.
//   - Milvus has those and importedRows, createTime (since #45058), and file
//     names in the files alone.
//   - completeTime is RFC 3339, with Z or an offset: Milvus takes its
//     machine's zone. In Milvus it is "" until a job has completed, for a
//     failed one for ever.

// maxFiles is far more than a service accepts for one job.
const maxFiles = 10_000

// Job reads the data of an answer about the job of this id that came with HTTP
// 200. Beside [ErrForgotten] the job has the reason alone.
func (env Envelope) Job(id string) (d details.Job, collection string, err error) {
	if err := env.object(); err != nil {
		return d, "", err
	}
	f := fieldsOf(Visible(env.data))
	switch about, why := f.jobID(); {
	case why != "":
		return d, "", fmt.Errorf("the answer does not tell which job it is about: %s", why)
	case about != id:
		return d, "", errors.New("the answer is about another job")
	case !f.hasAny("state", "progress", "readyPercentage"): // as what creates a job answers
		return d, "", errors.New("the answer does not tell how the job is")
	}
	collection, d.RawState, d.Reason = f.word("collectionName"), f.word("state"), f.reason()
	if forgotten(id, d.RawState, d.Reason) {
		return d, "", ErrForgotten
	}
	d.Progress, d.ProgressRaw = f.progress()
	d.FileName, d.FileSize = f.text("fileName"), f.count("fileSize")
	d.TotalRows, d.ImportedRows = f.count("totalRows"), f.count("importedRows")
	d.CreatedAt, d.CompletedAt = f.time("createTime"), f.time("completeTime")
	d.Files, err = f.files("details")
	d.Extra = f.rest()
	return d, collection, err
}

// readFile reads one of a job's files.
func readFile(raw []byte) details.File {
	f := fieldsOf(raw)
	var file details.File
	file.Name, file.RawState, file.Reason = f.text("fileName"), f.word("state"), f.reason()
	file.Progress, file.ProgressRaw = f.progress()
	file.Size, file.TotalRows, file.ImportedRows = f.count("fileSize"), f.count("totalRows"), f.count("importedRows")
	file.CompletedAt = f.time("completeTime")
	file.Extra = f.rest()
	return file
}

// fields are the members of an object. Each reader below removes the fields that it
// reads; all other fields stay for rest, so nothing is lost. If a field comes twice,
// the last one counts, as everywhere.
type fields map[string][]byte

func fieldsOf(object []byte) fields {
	f := fields{}
	for key, v := range members(object) {
		f[string(key)] = v
	}
	return f
}

func (f fields) hasAny(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { _, ok := f[key]; return ok })
}

// jobID removes the id under either name, or returns why there is none.
func (f fields) jobID() (id, why string) {
	var ids jobID
	for _, key := range []string{"jobId", "jobID"} {
		if v, ok := f[key]; ok {
			ids.add(v)
			delete(f, key)
		}
	}
	if ids.reason != "" || ids.id == "" {
		return "", ids.why()
	}
	return ids.id, ""
}

func (f fields) text(key string) string { return f.take(key, text) }
func (f fields) word(key string) string { return f.take(key, word) }

func (f fields) take(key string, read func(raw []byte) (string, bool)) string {
	v, ok := f[key]
	if !ok {
		return ""
	}
	s, ok := read(v)
	if ok {
		delete(f, key)
	}
	return s
}

func (f fields) reason() string {
	if reason := f.text("reason"); reason != "" {
		return reason
	}
	if reason := f.text("errorMessage"); reason != "null" {
		return reason
	}
	return ""
}

// count removes a number of bytes or rows.
func (f fields) count(key string) *int64 {
	v, ok := f[key]
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(numeral(v), 10, 64)
	if isNull(v) || err == nil && n >= 0 {
		delete(f, key)
	}
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// time removes a time. One outside the years 1970 to 9999, such as Go's year 1 for a
// time that is not set, stays in the rest.
func (f fields) time(key string) time.Time {
	v, ok := f[key]
	if !ok {
		return time.Time{}
	}
	s, ok := text(v)
	if ok && s == "" {
		delete(f, key)
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if t = t.UTC(); err != nil || t.UnixMilli() <= 0 || t.Year() > 9999 {
		return time.Time{}
	}
	delete(f, key)
	return t
}

// maxNumeral is longer than any number that makes sense.
const maxNumeral = 40

// progress removes the progress: from 0 to 100, and the number as sent.
//
// No source shows what readyPercentage counts to. The Spark connector waits for
// it to be 1; the vendor's Java SDK fills it from a progress that goes to 100. So
// a number above 0 and up to 1 may be either.
func (f fields) progress() (*float64, string) {
	for _, key := range []string{"progress", "readyPercentage"} {
		v, ok := f[key]
		if !ok {
			continue
		}
		if isNull(v) {
			delete(f, key)
			continue
		}
		raw := numeral(v)
		if n, err := strconv.ParseFloat(raw, 64); len(raw) > maxNumeral || err != nil && !math.IsInf(n, 0) {
			continue
		}
		delete(f, key)
		p, _ := progress(v)
		if key == "readyPercentage" && p != nil && *p > 0 && *p <= 1 {
			p = nil
		}
		return p, raw
	}
	return nil, ""
}

// files removes a list of objects.
func (f fields) files(key string) ([]details.File, error) {
	v, ok := f[key]
	if !ok || v[0] != '[' && !isNull(v) {
		return nil, nil
	}
	var files []details.File
	if v[0] == '[' {
		for raw := range elements(v) {
			if raw[0] != '{' {
				return nil, nil
			}
			if len(files) == maxFiles {
				return nil, fmt.Errorf("the job has more than %d files", maxFiles)
			}
			files = append(files, readFile(raw))
		}
	}
	delete(f, key)
	return files, nil
}

// rest returns the fields that no reader removed, as a JSON object; "" for none.
func (f fields) rest() string {
	if len(f) == 0 {
		return ""
	}
	extra := map[string]any{}
	for key, v := range f {
		extra[key] = decode(v)
	}
	return canonical(extra)
}
