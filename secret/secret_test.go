package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	_ "importarchive/longtest"
)

func TestASecretIsInNothingThatIsPrinted(t *testing.T) {
	s := New("hunter2-hunter2")
	hider := Hiding(s)
	inside := struct {
		s Secret
		h Hider
	}{s, hider}
	text, err := json.Marshal(map[string]any{"a": s, "b": []*Secret{&s}})
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text)
	for _, v := range []any{s, &s, []Secret{s}, hider, &hider, inside, &inside} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown += fmt.Sprintf(verb, v)
		}
	}
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, fmt.Sprintf("%x", "hunter2")) {
		t.Error(shown)
	}
	if one, same := New("a"), New("a"); one != same || New("") != (Secret{}) || New("").Reveal() != "" {
		t.Error("secrets of one value differ")
	}
}

func TestASecretIsHiddenInAllItsSpellings(t *testing.T) {
	const login = `archiver:p<ss "w0rd"/+é`
	_, password, _ := strings.Cut(login, ":")
	inJSON := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	h := Hiding(New(login)).InErrors(New(login).Password())
	for _, secret := range []string{login, password} {
		for name, text := range map[string]string{
			"plain":          secret,
			"in JSON":        inJSON(secret),
			"in a query":     url.QueryEscape(secret),
			"in a path":      url.PathEscape(secret),
			"in base64":      base64.StdEncoding.EncodeToString([]byte(secret)),
			"without =":      base64.RawURLEncoding.EncodeToString([]byte(secret)),
			"inside base64":  base64.StdEncoding.EncodeToString([]byte("Bearer " + secret + ", or so")),
			"inside base64,": base64.URLEncoding.EncodeToString([]byte("a Bearer " + secret + ", or so")),
		} {
			hidden := h.Text("bad token " + text + "!")
			if !strings.Contains(hidden, Hidden) || len(hidden) > len("bad token !")+len(Hidden)+30 {
				t.Errorf("%s: %s", name, hidden)
			}
			for _, part := range []string{secret, "w0rd", "cDxzcy"} {
				if strings.Contains(hidden, part) {
					t.Errorf("%s: %s", name, hidden)
				}
			}
			if everywhere := h.Anywhere(text); secret == login && !strings.Contains(everywhere, Hidden) || secret == password && everywhere != text {
				t.Errorf("%s, anywhere: %s", name, everywhere)
			}
			if string(h.Bytes([]byte(text))) != h.Anywhere(text) {
				t.Error(name)
			}
		}
	}
}

func TestWhatIsTooShortForASecretStays(t *testing.T) {
	h := Hiding(New("job"), New(""), New("ab"))
	if got := h.Anywhere("a job, ab"); got != "a job, ab" {
		t.Error(got)
	}
	if got := h.Text("a job, ab"); got != "a [hidden], ab" {
		t.Error(got)
	}
}
