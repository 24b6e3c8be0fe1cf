package remote

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"importarchive/secret"

	"importarchive/sync/remote/answer"
)

func TestTextThatCantBeArchivedIsKeptEscaped(t *testing.T) {
	for _, story := range []struct{ sent, want string }{
		{"plain", "plain"},
		{"任务 \U0001f600", "任务 \U0001f600"},
		{`\u4efb\u52a1 \ud83d\ude00 \n\\\/`, "任务 \U0001f600 \n\\/"},
		{"caf\xe9", `caf\xe9`},
		{"cut \xe4\xbb", `cut \xe4\xbb`},
		{"surrogate as bytes \xed\xa0\x80", `surrogate as bytes \xed\xa0\x80`},
		{`a\u0000b`, `a\u0000b`},
		{`\\u0000`, `\u0000`}, // sent as these six characters
		{`\ud800`, `\ud800`},
		{`\uDE00x`, `\uDE00x`},
		{`\ud83d\ud83d\ude00`, `\ud83d` + "\U0001f600"},
		{`\ud83d\n`, `\ud83d` + "\n"},
		{`\ud83d\\ude00`, `\ud83d\ude00`},
		{"\ufffd", "\ufffd"},
	} {
		d, _ := DialectNamed("zilliz-v2")
		record := fmt.Sprintf(`{"collectionName":"%[1]s","state":"%[1]s","reason":"%[1]s","%[1]s":["%[1]s"],"fileName":"%[1]s"`, story.sent)
		l, failure := d.read(1, http.StatusOK, []byte(`{"code":0,"data":{"tasks":[`+record+`,"jobId":"job-1"}]}}`))
		if failure != nil {
			t.Fatalf("%q: %v", story.sent, failure)
		}
		told, failure := d.readDetails(http.StatusOK, []byte(`{"code":0,"data":`+record+`,"jobId":"job-1","details":[`+record+`}]}}`), "job-1")
		if failure != nil {
			t.Fatalf("%q: %v", story.sent, failure)
		}
		j, f := l.Jobs[0], told.Files[0]
		texts := []string{j.Collection, j.RawState, j.Reason, told.Collection, told.RawState, told.Reason, told.FileName, f.Name, f.RawState, f.Reason}
		for _, extra := range []string{j.Extra, told.Extra, f.Extra} {
			var kept map[string]any
			if err := json.Unmarshal([]byte(extra), &kept); err != nil || !fit(extra) {
				t.Errorf("%q: extra %q, %v", story.sent, extra, err)
			}
			if diff := cmp.Diff([]any{story.want}, kept[story.want]); diff != "" {
				t.Errorf("%q: extra %s:\n%s", story.sent, extra, diff)
			}
		}
		for _, text := range texts {
			if text != story.want {
				t.Errorf("%q is kept as %q, not %q", story.sent, text, story.want)
			}
		}
	}
}

func TestAnIDThatCantBeArchivedAsSentIsRejected(t *testing.T) {
	const why = "job id is not valid UTF-8, or has NUL"
	d, _ := DialectNamed("zilliz-v1")
	for _, story := range []struct{ sent, raw string }{
		{"\"job-\xff\"", `"job-\\xff"`},
		{"\"job-\xfe\"", `"job-\\xfe"`},
		{`"job-\u0000"`, `"job-\\u0000"`},
		{`"job-\ud800"`, `"job-\\ud800"`},
		{"\"job-\ufffd\"", "\"job-\ufffd\""},
		{`"job-\\xff"`, `"job-\\xff"`}, // sent as these characters: it could be taken for the first one
	} {
		l, failure := d.read(1, http.StatusOK, []byte(`{"code":200,"data":{"tasks":[{"jobId":`+story.sent+`}]}}`))
		if failure != nil {
			t.Fatal(failure)
		}
		want := answer.Listing{Count: -1, Jobs: []Job{}, Rejects: []Reject{{Reason: why, Raw: `{"jobId":` + story.raw + `}`}}}
		if diff := cmp.Diff(want, l); diff != "" {
			t.Errorf("%q:\n%s", story.sent, diff)
		}
		_, failure = d.readDetails(http.StatusOK, []byte(`{"code":200,"data":{"progress":1,"jobId":`+story.sent+`}}`), "job-1")
		if text := errText(failure); !strings.HasSuffix(text, "the answer does not tell which job it is about: "+why) {
			t.Errorf("%q: %s", story.sent, text)
		}
	}
	for _, id := range []string{`job\1`, `job\x7`, `job\x41`, `job\u0041`, `C:\xyz\u000`} { // backslashes alone do no harm
		sent, _ := json.Marshal(id)
		if l, failure := d.read(1, http.StatusOK, []byte(`{"code":200,"data":{"tasks":[{"jobId":`+string(sent)+`}]}}`)); failure != nil || len(l.Jobs) != 1 || l.Jobs[0].ID != id {
			t.Errorf("%s: %+v, %v", id, l, failure)
		}
	}
}

// A key with a backslash could come out of bytes that are no text.
func TestTheKeyIsInNoTextThatWasEscaped(t *testing.T) {
	const key = `secret\xff-tail`
	inBubble(t, func(t *testing.T) {
		s := body("{\"code\":200,\"data\":{\"tasks\":[{\"jobId\":\"job-1\",\"reason\":\"secret\xff-tail\"}]}}")
		c := testClient(s, func(t *Target) { t.Key = func() (Secret, error) { return secret.New(key), nil } })
		page, err := c.Probe(t.Context())
		if err != nil || page.Jobs[0].Reason != secret.Hidden {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// fit says whether a text may leave this package.
func fit(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
