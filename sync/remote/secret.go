package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"

	"importarchive/sync/remote/answer"
)

// Secret is an API key that can't be printed by accident: every verb of
// package fmt, encoding/json and zerolog show "[hidden]".
type Secret struct{ value string }

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value, for the Authorization header and nothing else.
func (s Secret) Reveal() string { return s.value }

// Format hides the value from every verb, %d and %#v included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

const hidden = "[hidden]"

// The client hides a key of hiddenAnywhere bytes or more in everything that a service
// sends, and a shorter one only in error texts, where a wrong match does no harm. Still
// shorter ones would match words that have nothing to do with the key.
const (
	hiddenAnywhere = 8
	hiddenInErrors = 3
)

// hider removes an API key from a service's answers: some services echo the request
// with its headers in their errors.
type hider struct {
	spellings []string // of the key: as it is, in JSON, in a URL
	errors    bool     // only in error texts
}

func newHider(key Secret) hider {
	s := key.Reveal()
	if len(s) < hiddenInErrors {
		return hider{errors: true}
	}
	spellings := []string{s}
	for _, other := range []string{jsonSpelling(s, true), jsonSpelling(s, false), url.QueryEscape(s), url.PathEscape(s)} {
		if other != s {
			spellings = append(spellings, other)
		}
	}
	return hider{spellings, len(s) < hiddenAnywhere}
}

// jsonSpelling returns the spelling of a key inside a JSON string, with its quotes,
// backslashes and <, >, & escaped.
func jsonSpelling(s string, html bool) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(html)
	_ = enc.Encode(s)
	return strings.Trim(buf.String(), "\"\n")
}

// body hides the key in an answer. A service may spell it with any escapes, and
// package answer writes escapes for invalid bytes, so body compares the text of such a
// string and not its spelling.
func (h hider) body(b []byte) []byte {
	if h.errors {
		return b
	}
	for _, s := range h.spellings {
		if bytes.Contains(b, []byte(s)) {
			b = bytes.ReplaceAll(b, []byte(s), []byte(hidden))
		}
	}
	if answer.Verbatim(b) || !json.Valid(b) {
		return b
	}
	return answer.MapStrings(b, h.string)
}

// string hides the key in a text.
func (h hider) string(s string) string {
	for _, spelling := range h.spellings {
		s = strings.ReplaceAll(s, spelling, hidden)
	}
	return s
}

// error returns an error that does not show the key unchanged, with its causes. It
// replaces any other by its text without the key.
func (h hider) error(err error) error {
	if safe := h.string(err.Error()); safe != err.Error() {
		return errors.New(safe)
	}
	return err
}

// usable returns an error for a key that no header can carry. The error does not quote
// the key.
func usable(key Secret) error {
	if strings.ContainsFunc(key.Reveal(), unicode.IsControl) {
		return errors.New("the API key has a line break or another control character in it")
	}
	return nil
}
