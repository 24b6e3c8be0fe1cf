package cli

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"importarchive/db"
)

// NotifyConfig is the [notify] table. Addresses and the token are secrets, so
// it has only the means to get them; nil is off.
type NotifyConfig struct {
	Webhook   func() (*url.URL, error)
	Token     func() (string, error)
	Heartbeat func() (*url.URL, error)
	On        []db.NoticeKind
}

func (t *table) notify() NotifyConfig {
	insecure := t.boolean("insecure_http")
	n := NotifyConfig{Webhook: t.address("webhook", insecure), Heartbeat: t.address("heartbeat", insecure)}
	if token := t.secret("token"); token != nil {
		n.Token = func() (string, error) { return token() }
		if n.Webhook == nil && !t.filled("webhook") && !t.has("webhook_file") {
			t.problem("token", "is sent to the webhook, and there is none")
		}
	}
	list, ok := get[[]any](t, "on", `a list such as ["failed", "stale"]`)
	for i, v := range list {
		where := element(child(t.where, "on"), i+1)
		name, is := v.(string)
		switch kind := db.NoticeKind(name); {
		case !is:
			t.report(t.lines[where], where, "wants a string, not "+typeName(v))
		case !slices.Contains(db.NoticeKinds[:], kind):
			t.report(t.lines[where], where, fmt.Sprintf("%v is none of %s", text{spelled: name}, noticeKinds()))
		default:
			n.On = append(n.On, kind)
		}
	}
	if ok && len(list) == 0 && n.Webhook != nil {
		t.problem("on", "is empty: take webhook out for off, or name some of %s", noticeKinds())
	}
	return n
}

func noticeKinds() string {
	var names []string
	for _, k := range db.NoticeKinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// filled says whether the file has the key with something in it.
func (t *table) filled(key string) bool { return t.has(key) && t.values[key] != "" }

// secret gives what gives a secret: from the settings, or from the file that
// the key with _file names, which is read at each call. It is nil when there
// is none. No problem quotes it.
func (t *table) secret(key string) func() (string, error) {
	if inFile := key + "_file"; t.has(inFile) {
		if t.filled(key) {
			t.problem(inFile, "%s is there too: take one out", key)
		}
		x, ok := t.path(inFile)
		if !ok {
			return nil
		}
		return func() (string, error) {
			secret, err := readKey(x.value)
			if err != nil {
				return "", fmt.Errorf("%s %v: %w", inFile, x, err)
			}
			return secret.Reveal(), nil
		}
	}
	x, ok := t.text(key, "a string")
	if !ok || x.value == "" {
		return nil
	}
	secret, err := newKey(x.value)
	if err != nil {
		t.problem(key, "%v", err)
		return nil
	}
	return func() (string, error) { return secret.Reveal(), nil }
}

// address gives what gives an address that is a secret. One in the settings
// is looked at now, one in a file when it is used.
func (t *table) address(key string, insecure bool) func() (*url.URL, error) {
	secret := t.secret(key)
	if secret == nil {
		return nil
	}
	inFile := t.has(key + "_file")
	get := func() (*url.URL, error) {
		s, err := secret()
		if err != nil {
			return nil, err
		}
		u, err := parseAddress(s, insecure)
		if err != nil && inFile {
			err = fmt.Errorf("%s_file: %w", key, err)
		}
		return u, err
	}
	if !inFile {
		if _, err := get(); err != nil {
			t.problem(key, "%v", err)
		}
	}
	return get
}

// parseAddress never quotes the address.
func parseAddress(s string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New(`is no URL: write it like "https://host/path"`)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("begins with neither https:// nor http://")
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	case u.Fragment != "":
		return nil, errors.New("has a fragment (#), which is never sent")
	case u.Scheme == "http" && !loopback(u.Hostname()) && !insecure:
		return nil, errors.New("http:// would send it readable for all on the way: use https://, or set insecure_http = true")
	}
	return u, nil
}
