package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode"
)

// A key this long is looked for in all that a service sends; in error texts,
// where nothing is lost by it, a much shorter one is as well. Shorter still,
// it would be found in words that have nothing to do with it.
const (
	hiddenAnywhere = 8
	hiddenInErrors = 3
)

// hider removes an API key from whatever a service sends back: some echo the
// request, header and all, in their errors.
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

// jsonSpelling is how a key with quotes, backslashes or <, >, & looks inside
// a JSON string.
func jsonSpelling(s string, html bool) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(html)
	_ = enc.Encode(s)
	return strings.Trim(buf.String(), "\"\n")
}

// bytes hides the key in an answer.
func (h hider) bytes(b []byte) []byte {
	if h.errors {
		return b
	}
	for _, s := range h.spellings {
		if bytes.Contains(b, []byte(s)) {
			b = bytes.ReplaceAll(b, []byte(s), []byte(hidden))
		}
	}
	return b
}

// string hides the key in a text.
func (h hider) string(s string) string {
	for _, spelling := range h.spellings {
		s = strings.ReplaceAll(s, spelling, hidden)
	}
	return s
}

// listing hides a key that the answer had spelled in escapes of its own
// choice, so that only reading it made it one.
func (h hider) listing(l *listing) {
	if h.errors {
		return
	}
	for i := range l.jobs {
		j := &l.jobs[i]
		for _, s := range []*string{&j.ID, &j.Collection, &j.RawState, &j.Reason, &j.Extra} {
			*s = h.string(*s)
		}
	}
	for i := range l.rejects {
		raw := &l.rejects[i].Raw
		if plain := reencode(*raw); h.string(plain) != plain {
			*raw = h.string(plain)
		}
	}
}

// details hides such a key in the details of a job.
func (h hider) details(d *Details) {
	if h.errors {
		return
	}
	for _, s := range []*string{&d.Collection, &d.RawState, &d.Reason, &d.Extra, &d.ProgressRaw, &d.FileName} {
		*s = h.string(*s)
	}
	for i := range d.Files {
		f := &d.Files[i]
		for _, s := range []*string{&f.Name, &f.RawState, &f.ProgressRaw, &f.Reason, &f.Extra} {
			*s = h.string(*s)
		}
	}
}

// texts hides such a key in texts that are all of one sort.
func (h hider) texts(all []string) {
	if h.errors {
		return
	}
	for i := range all {
		all[i] = h.string(all[i])
	}
}

// reencode spells JSON without needless escapes; what is no JSON stays.
func reencode(raw string) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if !json.Valid([]byte(raw)) || enc.Encode(decode([]byte(raw))) != nil {
		return raw
	}
	return strings.TrimSuffix(buf.String(), "\n")
}

// error keeps an error that does not show the key, causes and all, and
// replaces one that does by its text without it.
func (h hider) error(err error) error {
	if safe := h.string(err.Error()); safe != err.Error() {
		return errors.New(safe)
	}
	return err
}

// usable says what is wrong with a key that can't be sent in a header,
// without quoting it.
func usable(key Secret) error {
	if strings.ContainsFunc(key.Reveal(), unicode.IsControl) {
		return errors.New("the API key has a line break or another control character in it")
	}
	return nil
}
