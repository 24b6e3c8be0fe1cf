package remote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"importarchive/sync/remote/answer"
)

// FuzzAnswer holds that an answer is either an error with a kind or a
// listing in which no record is lost and every job has an id.
func FuzzAnswer(f *testing.F) {
	files, err := filepath.Glob("testdata/answers/*/*.200.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(200, body)
	}
	f.Add(503, []byte("<html>"))
	all := dialects()
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		sent := bytes.Clone(body)
		for _, d := range all {
			l, failure := d.read(1, status, body)
			again, sameFailure := d.read(1, status, body)
			if verdict(l, failure) != verdict(again, sameFailure) {
				t.Error("two readings, two verdicts")
			}
			later, laterFailure := d.read(2, status, body)
			if failure != nil {
				checkFailure(t, failure)
				if laterFailure == nil && (later.Count <= 0 || len(later.Jobs)+len(later.Rejects)+later.Forgotten > 0) {
					t.Errorf("an error as page 1, %+v as page 2", later)
				}
				continue
			}
			if verdict(l, nil) != verdict(later, laterFailure) {
				t.Error("another verdict as page 2")
			}
			if status != 200 {
				t.Errorf("a listing with HTTP %d", status)
			}
			checkListing(t, l, body)
		}
		if !bytes.Equal(sent, body) {
			t.Error("reading changed the answer")
		}
	})
}

func checkFailure(t *testing.T, e *Error) {
	switch e.Kind {
	case Auth, NotFound, RateLimited, Unavailable, Protocol, Settings, Suspended:
	default:
		t.Errorf("kind %q", e.Kind)
	}
	if text := e.Error(); strings.ContainsAny(text, "\n\r\x1b") || !fit(text) || utf8.RuneCountInString(text) > 3*maxMessage {
		t.Errorf("text %q", text)
	}
}

func checkListing(t *testing.T, l answer.Listing, body []byte) {
	if want := countRecords(body); len(l.Jobs)+len(l.Rejects)+l.Forgotten != want {
		t.Errorf("%d jobs, %d rejects and %d forgotten of %d records", len(l.Jobs), len(l.Rejects), l.Forgotten, want)
	}
	if l.Count < -1 {
		t.Errorf("count %d", l.Count)
	}
	for _, j := range l.Jobs {
		if j.ID == "" || j.ID == "0" {
			t.Errorf("id %q", j.ID)
		}
		checkText(t, j.ID, j.Collection, j.RawState, j.Reason)
		if j.Progress != nil && !(*j.Progress >= 0 && *j.Progress <= 100) {
			t.Errorf("progress %v", *j.Progress)
		}
		checkExtra(t, j.Extra)
	}
	for _, r := range l.Rejects {
		if r.Reason == "" || !bytes.Contains(answer.Visible(body), []byte(r.Raw)) {
			t.Errorf("reject %+v", r)
		}
		checkText(t, r.Reason)
		checkJSON(t, r.Raw)
	}
}

func checkExtra(t *testing.T, extra string) {
	if extra == "" {
		return
	}
	checkJSON(t, extra)
	if extra[0] != '{' || respelled(t, extra) != extra {
		t.Errorf("extra %s", extra)
	}
}

// checkText holds what every store relies on: PostgreSQL takes no NUL, and few
// readers take bytes that are not UTF-8.
func checkText(t *testing.T, texts ...string) {
	for _, s := range texts {
		if !fit(s) {
			t.Errorf("%q is no text", s)
		}
	}
}

// checkJSON holds it for what readers decode.
func checkJSON(t *testing.T, s string) {
	checkText(t, s)
	if !json.Valid([]byte(s)) || respelled(t, s) == "" {
		t.Errorf("%q has what is no text", s)
	}
}

// respelled decodes JSON and spells it in the one way that extras are spelled in.
func respelled(t *testing.T, s string) string {
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Errorf("%q: %v", s, err)
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	checkText(t, out.String())
	if strings.Contains(strings.ReplaceAll(out.String(), `\\`, ""), `\u0000`) {
		t.Errorf("%q has NUL", s)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// countRecords counts with encoding/json, which knows nothing of our scanner.
func countRecords(body []byte) int {
	var env, data map[string]json.RawMessage
	var records, tasks []json.RawMessage
	_ = json.Unmarshal(body, &env)
	_ = json.Unmarshal(env["data"], &data)
	_ = json.Unmarshal(data["records"], &records)
	_ = json.Unmarshal(data["tasks"], &tasks)
	if bytes.Equal(data["records"], data["tasks"]) {
		return len(tasks)
	}
	return len(records) + len(tasks)
}

func BenchmarkReadAPageOf100(b *testing.B) {
	var records []string
	for i := range 100 {
		records = append(records, fmt.Sprintf(`{"collectionName":"medium_recipes","jobId":"job-%021d","state":"ImportCompleted","progress":100}`, i))
	}
	body := []byte(`{"code":200,"data":{"count":100,"currentPage":1,"pageSize":100,"tasks":[` + strings.Join(records, ",") + `]}}`)
	d, _ := DialectNamed("zilliz-v1")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if l, failure := d.read(1, 200, body); failure != nil || len(l.Jobs) != 100 {
			b.Fatal(failure)
		}
	}
}

// FuzzDetails holds that an answer about one job is either an error with a
// kind or details of that job in which no field is lost.
func FuzzDetails(f *testing.F) {
	files, err := filepath.Glob("testdata/details/*/*.200.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(200, namedIn(body), body)
	}
	f.Add(404, "job-1", []byte("404 page not found"))
	all := dialects()
	f.Fuzz(func(t *testing.T, status int, jobID string, body []byte) {
		sent := bytes.Clone(body)
		for _, d := range all {
			got, failure := d.readDetails(status, body, jobID)
			again, sameFailure := d.readDetails(status, body, jobID)
			if detailsVerdict(d, jobID, got, failure) != detailsVerdict(d, jobID, again, sameFailure) {
				t.Error("two readings, two verdicts")
			}
			if failure != nil {
				checkFailure(t, failure)
				continue
			}
			if status != 200 {
				t.Errorf("details with HTTP %d", status)
			}
			checkDetails(t, got, body)
		}
		if !bytes.Equal(sent, body) {
			t.Error("reading changed the answer")
		}
	})
}

func checkDetails(t *testing.T, d Details, body []byte) {
	var env, data map[string]json.RawMessage
	_ = json.Unmarshal(answer.Visible(body), &env)
	_ = json.Unmarshal(env["data"], &data)
	checkTold(t, jobOf("", d), d.ProgressRaw, []string{d.FileName}, []*int64{d.FileSize, d.TotalRows, d.ImportedRows}, []time.Time{d.CreatedAt, d.CompletedAt})
	checkKept(t, d.Extra, data)
	if list, ok := data["details"]; ok {
		var files []map[string]json.RawMessage
		isList := json.Unmarshal(list, &files) == nil
		if isList && len(files) != len(d.Files) && !strings.Contains(d.Extra, `"details":`) {
			t.Errorf("%d files of %d", len(d.Files), len(files))
		}
		for i, f := range d.Files {
			j := Job{Collection: f.Name, RawState: f.RawState, Progress: f.Progress, Reason: f.Reason, Extra: f.Extra}
			checkTold(t, j, f.ProgressRaw, nil, []*int64{f.Size, f.TotalRows, f.ImportedRows}, []time.Time{f.CompletedAt})
			if isList {
				checkKept(t, f.Extra, files[i])
			}
		}
	}
}

// checkTold holds what a store relies on.
func checkTold(t *testing.T, j Job, raw string, texts []string, counts []*int64, times []time.Time) {
	checkText(t, append(texts, j.Collection, j.RawState, j.Reason, raw)...)
	if p := j.Progress; p != nil && (!(*p >= 0 && *p <= 100) || raw == "") || len(raw) > 40 {
		t.Errorf("progress %v, raw %q", p, raw)
	}
	checkExtra(t, j.Extra)
	for _, n := range counts {
		if n != nil && *n < 0 {
			t.Errorf("count %d", *n)
		}
	}
	for _, at := range times {
		if !at.IsZero() && (at.Location() != time.UTC || at.UnixMilli() <= 0 || at.Year() > 9999) {
			t.Errorf("time %v", at)
		}
	}
}

// checkKept looks in extra for the fields that nothing else can hold.
func checkKept(t *testing.T, extra string, sent map[string]json.RawMessage) {
	var kept map[string]json.RawMessage
	_ = json.Unmarshal([]byte(extra), &kept)
	for key := range sent {
		switch key {
		case "jobId", "jobID", "collectionName", "state", "progress", "readyPercentage", "reason", "errorMessage", "fileName", "fileSize",
			"totalRows", "importedRows", "createTime", "completeTime", "details":
		default:
			if _, ok := kept[key]; !ok {
				t.Errorf("%q is lost", key)
			}
		}
	}
}
