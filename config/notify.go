package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"importarchive/network"
	"importarchive/notify"
)

// Notify is the [notify] table. Addresses and the token are secrets that are read
// at each use; nil is off.
type Notify struct {
	Webhook   func() (*url.URL, error)
	Token     func() (string, error)
	Heartbeat func() (*url.URL, error)
	On        []notify.Kind
	Network   network.Settings // without a certificate, which is for clusters only
}

func (t *table) notify(sync *Sync) Notify {
	way := t.network(network.Settings{CA: sync.Network.CA, Proxy: sync.Network.Proxy})
	insecure := t.boolean("insecure_http")
	n := Notify{Webhook: t.address("webhook", insecure, way), Heartbeat: t.address("heartbeat", insecure, way), Network: way}
	n.Token = revealed(t.secret("token", newKey))
	if hasWebhook := t.has("webhook") && t.values["webhook"] != "" || t.has("webhook_file"); n.Token != nil && !hasWebhook {
		t.problem("token", "is sent to the webhook, and there is none")
	}
	count, ok := t.list("on", `a list such as ["failed", "stale"]`, func(name string) string {
		kind := notify.Kind(name)
		if !slices.Contains(notify.Kinds[:], kind) {
			return fmt.Sprintf("%v is none of %s", text{spelled: name}, noticeKinds())
		}
		n.On = append(n.On, kind)
		return ""
	})
	if ok && count == 0 && n.Webhook != nil {
		t.problem("on", "is empty: remove webhook to switch notices off, or name some of %s", noticeKinds())
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

// address returns how to read an address that is a secret. An address in the
// settings is checked now, one in a file at each use.
func (t *table) address(key string, insecure bool, way network.Settings) func() (*url.URL, error) {
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
		u, err := parseAddress(s, insecure, way)
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
func parseAddress(s string, insecure bool, way network.Settings) (*url.URL, error) {
	u, err := parseURL(s, `"https://host/path"`)
	switch {
	case err != nil:
		return nil, err
	case u.Fragment != "":
		return nil, errors.New("has a fragment (#), which is never sent")
	case u.Scheme == "http" && !stays(u.Hostname(), way) && !insecure:
		return nil, errors.New("http:// would send it unencrypted: use https://, or set insecure_http = true")
	}
	return u, nil
}
