package config

import (
	"errors"
	"net"
	"slices"
	"strings"

	"importarchive/sync/remote"
	"importarchive/web"
)

// Serve is the [serve] table.
type Serve struct {
	Listen   string                 // host:port; "" for off
	Implied  bool                   // nobody wrote Listen: it is the default
	Hosts    []string               // further names of this server, in small letters
	Token    func() (string, error) // nil: no token
	User     string
	Password func() (string, error) // nil: no user
}

func (t *table) serve() Serve {
	s := Serve{
		Listen: t.listen("listen"), Hosts: t.hosts("hosts"),
		Token: revealed(t.secret("token", newKey)), User: t.user("user"), Password: revealed(t.secret("password", newPassword)),
		Implied: !t.has("listen"),
	}
	hasUser, hasPassword := t.has("user"), t.has("password") || t.has("password_file")
	switch {
	case hasUser && !hasPassword:
		t.problem("user", "password or password_file is missing")
	case hasPassword && !hasUser:
		t.missing("user", "the name that goes with the password")
	}
	hasToken := t.has("token") || t.has("token_file")
	if s.Listen != "" && !web.Loopback(s.Listen) && !hasToken && !hasUser && !hasPassword { // half of them is a problem already
		t.problem("listen", `other machines can reach this address, and anybody there could read the archive: `+
			`set token or token_file, or user and password or password_file, or listen on "127.0.0.1:8321"`)
	}
	return s
}

// newPassword makes a secret of a password, without the line break that files
// end in.
func newPassword(value string) (remote.Secret, error) {
	value = strings.TrimRight(value, "\r\n")
	switch {
	case value == "":
		return remote.Secret{}, errors.New("is empty")
	case strings.ContainsFunc(value, isControl):
		return remote.Secret{}, errors.New("has a control character inside")
	}
	return remote.NewSecret(value), nil
}

func (t *table) user(key string) string {
	if !t.has(key) {
		return ""
	}
	x, ok := t.text(key, "a string")
	switch {
	case !ok:
	case x.value == "":
		t.problem(key, "is empty")
	case strings.Contains(x.value, ":") || strings.ContainsFunc(x.value, isControl):
		t.problem(key, "%v has a colon or a control character, which no user name can have here", x)
	}
	return x.value
}

// hosts gives names of hosts, without ports.
func (t *table) hosts(key string) []string {
	list, _ := get[[]any](t, key, `a list such as ["importarchive.example.com"]`)
	var all []string
	for i, v := range list {
		where := element(child(t.where, key), i+1)
		name, ok := v.(string)
		if !ok {
			t.report(t.lines[where], where, "wants a string, not "+typeName(v))
			continue
		}
		if _, _, err := net.SplitHostPort(name); err == nil || name == "" || strings.ContainsAny(name, "/*[]$@") || strings.ContainsFunc(name, isSpaceOrControl) {
			t.report(t.lines[where], where, text{spelled: name}.String()+` is no name of a host: write it like "importarchive.example.com"`)
			continue
		}
		if name = strings.ToLower(strings.TrimSuffix(name, ".")); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
