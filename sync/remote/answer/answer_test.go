package answer

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	_ "importarchive/longtest"
)

func TestExtraIsTheSameInWhateverOrderItCame(t *testing.T) {
	a, _ := readRecord([]byte(`{"jobId":"1","b":{"y":1,"x":[2, 3]},"a":1.50}`))
	b, _ := readRecord([]byte(`{"a":1.50, "jobId":"1", "b":{"x":[2,3],"y":1}}`))
	if want := `{"a":1.50,"b":{"x":[2,3],"y":1}}`; a.Extra != want || b.Extra != want {
		t.Errorf("got\n%s\n%s\nwant\n%s", a.Extra, b.Extra, want)
	}
}

func TestMapStringsSpellsOnlyWhatChanges(t *testing.T) {
	hide := func(s string) string { return strings.ReplaceAll(s, "key", "[hidden]") }
	for sent, want := range map[string]string{
		`{"a":1}`:                           `{"a":1}`,
		`["\u006bey", "k\u0065y\n" , "\n"]`: `["[hidden]", "[hidden]\n" , "\n"]`,
		`{"\u006bey":{"b\"":"key","c":"a \u006bey"}}`: `{"[hidden]":{"b\"":"key","c":"a [hidden]"}}`,
	} {
		if got := string(MapStrings([]byte(sent), hide)); got != want {
			t.Errorf("%s\n gives %s, not\n%s", sent, got, want)
		}
	}
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

// FuzzVisible holds Visible against encoding/json: it leaves alone what is
// text, and makes text of everything else.
func FuzzVisible(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, "\"\xff\"", `"\u0000\ud800\ud83d\ude00\\u0000"`, `["\\\ud800"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			return
		}
		sent := bytes.Clone(b)
		got := Visible(b)
		if !bytes.Equal(sent, b) {
			t.Error("it changed what it was given")
		}
		if !json.Valid(got) || !utf8.Valid(got) {
			t.Fatalf("%q", got)
		}
		if again := Visible(got); !bytes.Equal(again, got) {
			t.Errorf("%q became %q", got, again)
		}
		if is := decode(got); !allFit(is) {
			t.Errorf("%q has %q", got, is)
		}
		suspect := !utf8.Valid(b)
		for _, escape := range []string{`\u0000`, `\ud`, `\uD`} {
			suspect = suspect || bytes.Contains(b, []byte(escape))
		}
		if !suspect && !bytes.Equal(b, got) {
			t.Errorf("%q became %q", b, got)
		}
	})
}

func allFit(v any) bool {
	switch v := v.(type) {
	case string:
		return fit(v)
	case []any:
		for _, e := range v {
			if !allFit(e) {
				return false
			}
		}
	case map[string]any:
		for k, e := range v {
			if !fit(k) || !allFit(e) {
				return false
			}
		}
	}
	return true
}

// fit says whether a text may leave this package.
func fit(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
