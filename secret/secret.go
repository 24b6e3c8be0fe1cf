// Package secret keeps keys and passwords out of everything that is printed, logged or
// archived. A [Secret] does not print itself. A [Hider] removes secrets from texts of
// others: a service, a proxy or a webhook may echo a request with its headers.
package secret

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unique"
)

// Secret is a key or a password that can't be printed by accident: every verb of
// package fmt, encoding/json and zerolog show "[hidden]". Inside an unexported field,
// where fmt calls no method, it shows the pointer of the handle. Two Secrets of one value
// are equal.
type Secret struct{ handle unique.Handle[string] }

// New hides a value.
func New(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{unique.Make(value)}
}

// Reveal returns the value, to send or compare it.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.handle.Value()
}

// Password returns what follows the first colon of "user:password"; the zero Secret
// without a colon.
func (s Secret) Password() Secret {
	_, password, _ := strings.Cut(s.Reveal(), ":")
	return New(password)
}

// Format hides the value from every verb, %d and %#v included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Hidden) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// Hidden stands in place of a secret.
const Hidden = "[hidden]"

// A Hider hides a secret of hiddenAnywhere bytes or more in everything that a service
// sends, and a shorter one only in error texts, where a wrong match does no harm. Still
// shorter ones would match words that have nothing to do with the secret.
const (
	hiddenAnywhere = 8
	hiddenInErrors = 3
)

// Hider removes secrets from texts, in all spellings that they may have there.
type Hider struct {
	anywhere []Secret // spellings
	errors   []Secret // these, and more
}

// Hiding returns a Hider of these secrets.
func Hiding(secrets ...Secret) Hider {
	var h Hider
	for _, s := range secrets {
		if value := s.Reveal(); len(value) >= hiddenAnywhere {
			h.anywhere = append(h.anywhere, spellings(value)...)
		}
	}
	longestFirst(h.anywhere)
	return h.InErrors(secrets...)
}

// InErrors also hides these secrets in error texts. A password alone belongs here: it may
// be a word that is also the name of a collection.
func (h Hider) InErrors(secrets ...Secret) Hider {
	h.errors = slices.Clone(h.errors)
	for _, s := range secrets {
		if value := s.Reveal(); len(value) >= hiddenInErrors {
			h.errors = append(h.errors, spellings(value)...)
		}
	}
	longestFirst(h.errors)
	return h
}

// longestFirst makes a spelling that contains another one disappear as a whole.
func longestFirst(all []Secret) {
	slices.SortStableFunc(all, func(a, b Secret) int { return cmp.Compare(len(b.Reveal()), len(a.Reveal())) })
}

// spellings returns a secret as it is, in JSON, in a URL and in base64.
func spellings(s string) (secrets []Secret) {
	all := []string{s, jsonSpelling(s, true), jsonSpelling(s, false), url.QueryEscape(s), url.PathEscape(s)}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for before := range 3 {
			if inside := base64Inside(encoding, s, before); len(inside) >= hiddenAnywhere {
				all = append(all, inside)
			}
		}
	}
	slices.Sort(all)
	for _, spelling := range slices.Compact(all) {
		secrets = append(secrets, New(spelling))
	}
	return secrets
}

// base64Inside returns the digits that depend on s alone, where this many bytes are
// before it in its group of three, and any number after it.
func base64Inside(e *base64.Encoding, s string, before int) string {
	digits := e.EncodeToString(append(make([]byte, before), s...))
	from := []int{0, 2, 3}[before]
	to := (before + len(s)) * 8 / 6
	return digits[from:max(from, to)]
}

// jsonSpelling returns the spelling of a secret inside a JSON string, with its quotes,
// backslashes and perhaps <, >, & escaped.
func jsonSpelling(s string, html bool) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(html)
	_ = enc.Encode(s)
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(buf.String(), "\n"), `"`), `"`)
}

// Nowhere reports whether Anywhere has nothing to hide.
func (h Hider) Nowhere() bool { return len(h.anywhere) == 0 }

// Anywhere hides the secrets in a text that is no error, such as the reason of a job.
func (h Hider) Anywhere(s string) string { return replace(s, h.anywhere) }

// Bytes is Anywhere for a whole answer, which it copies only if a secret is in it.
func (h Hider) Bytes(b []byte) []byte {
	for _, spelling := range h.anywhere {
		if bytes.Contains(b, []byte(spelling.Reveal())) {
			b = bytes.ReplaceAll(b, []byte(spelling.Reveal()), []byte(Hidden))
		}
	}
	return b
}

// Text hides the secrets in the text of an error.
func (h Hider) Text(s string) string { return replace(s, h.errors) }

func replace(s string, spellings []Secret) string {
	for _, spelling := range spellings {
		s = strings.ReplaceAll(s, spelling.Reveal(), Hidden)
	}
	return s
}

// Error returns an error that does not show a secret unchanged, with its causes. It
// replaces any other by its text without the secret.
func (h Hider) Error(err error) error {
	if safe := h.Text(err.Error()); safe != err.Error() {
		return errors.New(safe)
	}
	return err
}
