package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"importarchive/notify"
)

// Notify is the [notify] table. Addresses and the token are secrets, so
// it has only the means to get them; nil is off.
type Notify struct {
	Webhook   func() (*url.URL, error)
	Token     func() (string, error)
	Heartbeat func() (*url.URL, error)
	On        []notify.Kind
}

func (t *table) notify() Notify {
	insecure := t.boolean("insecure_http")
	n := Notify{Webhook: t.address("webhook", insecure), Heartbeat: t.address("heartbeat", insecure)}
	n.Token = revealed(t.secret("token", newKey))
	if hasWebhook := t.has("webhook") && t.values["webhook"] != "" || t.has("webhook_file"); n.Token != nil && !hasWebhook {
		t.problem("token", "is sent to the webhook, and there is none")
	}
	list, ok := get[[]any](t, "on", `a list such as ["failed", "stale"]`)
	for i, v := range list {
		where := element(child(t.where, "on"), i+1)
		name, is := v.(string)
		switch kind := notify.Kind(name); {
		case !is:
			t.report(t.lines[where], where, "wants a string, not "+typeName(v))
		case !slices.Contains(notify.Kinds[:], kind):
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
	for _, k := range notify.Kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// address gives what gives an address that is a secret. One in the settings
// is looked at now, one in a file when it is used.
func (t *table) address(key string, insecure bool) func() (*url.URL, error) {
	secret := revealed(t.secret(key, newKey))
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
