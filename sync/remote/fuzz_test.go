package remote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
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
			l, failure := d.read(status, body)
			again, sameFailure := d.read(status, body)
			if verdict(l, failure) != verdict(again, sameFailure) {
				t.Error("two readings, two verdicts")
			}
			if failure != nil {
				checkFailure(t, failure)
				continue
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
	case Auth, NotFound, RateLimited, Unavailable, Protocol, Settings:
	default:
		t.Errorf("kind %q", e.Kind)
	}
	if text := e.Error(); strings.ContainsAny(text, "\n\r\x1b\x00") || !utf8.ValidString(text) || utf8.RuneCountInString(text) > 3*maxMessage {
		t.Errorf("text %q", text)
	}
}

func checkListing(t *testing.T, l listing, body []byte) {
	if want := countRecords(body); len(l.jobs)+len(l.rejects) != want {
		t.Errorf("%d jobs and %d rejects of %d records", len(l.jobs), len(l.rejects), want)
	}
	if l.count < -1 {
		t.Errorf("count %d", l.count)
	}
	for _, j := range l.jobs {
		if j.ID == "" || j.ID == "0" || !utf8.ValidString(j.ID) {
			t.Errorf("id %q", j.ID)
		}
		for _, s := range []string{j.Collection, j.RawState, j.Reason, j.Extra} {
			if !utf8.ValidString(s) {
				t.Errorf("%q is not UTF-8", s)
			}
		}
		if j.Progress != nil && !(*j.Progress >= 0 && *j.Progress <= 100) {
			t.Errorf("progress %v", *j.Progress)
		}
		if j.Extra != "" && (j.Extra[0] != '{' || canonical(decode([]byte(j.Extra)).(map[string]any)) != j.Extra) {
			t.Errorf("extra %s", j.Extra)
		}
	}
	for _, r := range l.rejects {
		if r.Reason == "" || !bytes.Contains(body, []byte(r.Raw)) {
			t.Errorf("reject %+v", r)
		}
	}
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

// FuzzJSON holds our scanner against encoding/json.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\\\"]",{"b":{}}],"c\u0061":null , "" : [ ] }`))
	f.Add([]byte(" [ [ ] , {\"}\":\"]\"} ,-1e5\t,true\n] "))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			return
		}
		b = bytes.TrimSpace(b)
		switch b[0] {
		case '{':
			var want map[string]json.RawMessage
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			got := map[string]json.RawMessage{}
			for k, v := range members(b) {
				got[string(k)] = v
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		case '[':
			var want []json.RawMessage
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			got := []json.RawMessage{}
			for v := range elements(b) {
				got = append(got, v)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
	})
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
		if l, failure := d.read(200, body); failure != nil || len(l.jobs) != 100 {
			b.Fatal(failure)
		}
	}
}
