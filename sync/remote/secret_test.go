package remote

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"importarchive/secret"
)

func TestAKeyIsReadForEachRequest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := 0
		var sent []string
		s := service(func(w http.ResponseWriter, r *http.Request) {
			sent = append(sent, r.Header.Get("Authorization"))
			if len(sent) == 2 {
				w.WriteHeader(503)
				return
			}
			listed([]string{"a"}, []string{"b"})(w, r)
		})
		_, err := readAll(t.Context(), testClient(s, func(t *Target) {
			t.Key = func() (Secret, error) { n++; return secret.New(fmt.Sprint("rotated-", n)), nil }
		}))
		want := "Bearer rotated-1 Bearer rotated-2 Bearer rotated-3 Bearer rotated-4"
		if got := strings.Join(sent, " "); got != want || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestAKeyThatCantBeUsedIsASettingsError(t *testing.T) {
	for _, story := range []struct {
		key  func() (Secret, error)
		want string
	}{
		{
			func() (Secret, error) { return Secret{}, os.ErrNotExist },
			"page 1: settings: API key: file does not exist",
		},
		{
			func() (Secret, error) { return secret.New(testKey + "\n"), nil },
			"page 1: settings: the API key has a line break or another control character in it",
		},
		{
			func() (Secret, error) { return secret.New("split\x00here"), nil },
			"page 1: settings: the API key has a line break or another control character in it",
		},
	} {
		inBubble(t, func(t *testing.T) {
			s := service(func(http.ResponseWriter, *http.Request) { t.Error("asked") })
			_, err := readAll(t.Context(), testClient(s, func(t *Target) { t.Key = story.key }))
			if errText(err) != story.want {
				t.Errorf("\n got %q\nwant %q", errText(err), story.want)
			}
		})
	}
}

func TestABaseURLThatCantBeUsedIsASettingsErrorThatDoesNotQuoteIt(t *testing.T) {
	for _, base := range []string{"", "controller.example.test", "ftp://h", "https://", "https://user:hunter2hunter2@h", "https://h?key=hunter2hunter2", "https://h\x7f/hunter2hunter2"} {
		inBubble(t, func(t *testing.T) {
			_, err := readAll(t.Context(), testClient(listed(), func(t *Target) { t.BaseURL = base }))
			if err == nil || err.Kind != Settings || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v", base, err)
			}
		})
	}
}

// TestTheKeyIsInNothingThatComesOut has services that say the key back in
// every way, and looks for it in every spelling of what the client gives.
func TestTheKeyIsInNothingThatComesOut(t *testing.T) {
	inJSON, _ := json.Marshal("bad token " + testKey)
	spelled := ""
	for _, r := range testKey {
		spelled += fmt.Sprintf(`\u%04x`, r)
	}
	say := func(status int, text string) service {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("RequestId", "for "+testKey)
			w.Header().Set("Location", "https://"+url.PathEscape(testKey)+".test/?k="+url.QueryEscape(testKey))
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}
	for name, s := range map[string]http.RoundTripper{
		"in a message":        say(401, fmt.Sprintf(`{"code":80001,"message":%s}`, inJSON)),
		"in \\u escapes":      say(401, fmt.Sprintf(`{"code":80001,"message":"%s"}`, spelled)),
		"as a code":           say(200, fmt.Sprintf(`{"code":%s}`, inJSON)),
		"in HTML":             say(200, "<html>"+testKey),
		"in a query":          say(503, "GET /?key="+url.QueryEscape(testKey)),
		"in a redirect":       say(302, ""),
		"in records":          say(200, fmt.Sprintf(`{"code":200,"data":{"tasks":[{"jobId":%s,"x":%s},{"y":%s}]}}`, inJSON, inJSON, inJSON)),
		"in records, escaped": say(200, fmt.Sprintf(`{"code":200,"data":{"tasks":[{"jobId":"%s","x":"%s"}]}}`, spelled, spelled)),
		"in a broken answer": roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("malformed HTTP response %q: %w", testKey, errors.New(testKey))
		}),
		"in a panic": roundTrip(func(r *http.Request) (*http.Response, error) { panic(r.Header) }),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := testClient(s, func(t *Target) { t.RetryFor = time.Second })
				out := []any{c, *c}
				for p, err := range c.Pages(t.Context(), nil) {
					out = append(out, p, err)
					for ; err != nil; err = errors.Unwrap(err) {
						out = append(out, err)
					}
					break
				}
				for _, v := range out {
					for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
						text := fmt.Sprintf(verb, v)
						for _, secret := range []string{testKey, "k3y-", "+tail"} {
							if strings.Contains(text, secret) {
								t.Errorf("%T as %s: %s", v, verb, text)
							}
						}
					}
				}
			})
		})
	}
}

func TestAShortKeyIsNotHiddenInAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		pages, err := readAll(t.Context(), testClient(listed([]string{"job-1"}), func(t *Target) {
			t.Key = func() (Secret, error) { return secret.New("job"), nil }
		}))
		if err != nil || pages[0] != "1: job-1, count 1, tries 1" {
			t.Errorf("%v, %v", pages, err)
		}
	})
}

func TestASecretIsHiddenFromEveryPrinter(t *testing.T) {
	s := secret.New(testKey)
	inJSON, err := json.Marshal(map[string]any{"key": s, "keys": []*Secret{&s}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %d %x", s, s, s, s, s, s, s), fmt.Sprintf("%v %#v", []Secret{s}, struct{ S Secret }{s}), string(inJSON),
	} {
		if strings.Contains(text, "k3y-") || strings.Contains(text, "+tail") || !strings.Contains(text, secret.Hidden) {
			t.Error(text)
		}
	}
}

// A search for the key in the bytes of an answer misses a key in escapes, and the
// client does not search there for a short key. Shown texts must have neither.
func TestAKeyInEscapesOrAShortOneIsNotShown(t *testing.T) {
	const plain, escaped = "secretkey-ABCDEF0123", `\u0073ecretkey-ABCDEF0123`
	for _, story := range []struct{ name, key, body string }{
		{"in the code", plain, `{"code":"` + escaped + `","message":"x"}`},
		{"in the message", plain, `{"code":80001,"message":"` + escaped + `"}`},
		{"in a reject", plain, `{"code":200,"data":{"tasks":[{"jobId":"","echo":"` + escaped + `"}]}}`},
		{"in extra", plain, `{"code":200,"data":{"tasks":[{"jobId":"a","echo":"` + escaped + `"}]}}`},
		{"short", "abc1234", `{"code":80001,"message":"Invalid token: abc1234"}`},
	} {
		inBubble(t, func(t *testing.T) {
			asked := 0
			s := service(func(w http.ResponseWriter, _ *http.Request) {
				if asked++; asked > 1 {
					story.body = `{"code":200,"data":{"tasks":[]}}`
				}
				_, _ = w.Write([]byte(story.body))
			})
			client := testClient(s, func(t *Target) {
				t.Key = func() (Secret, error) { return secret.New(story.key), nil }
			})
			var shown string
			for page, err := range client.Pages(t.Context(), nil) {
				shown += fmt.Sprintf("%+v %v\n", page, err)
			}
			if strings.Contains(shown, story.key) || strings.Contains(shown, escaped) || !strings.Contains(shown, secret.Hidden) {
				t.Errorf("%s: %s", story.name, shown)
			}
		})
	}
}
