package config

import (
	"errors"
	"net"
	"slices"
	"strings"

	"importarchive/secret"
	"importarchive/sync/remote"
	"importarchive/web"
)

// Serve is the [serve] table.
type Serve struct {
	Listen   string                 // host:port; "" for off
	Implied  bool                   // Listen is the default, and not in the file
	Hosts    []string               // further names of this server, in lower case
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
	if s.Listen != "" && !web.Loopback(s.Listen) && !hasToken && !hasUser && !hasPassword { // only one of user and password is a problem already
		t.problem("listen", `other machines can reach this address and could read the archive: `+
			`set token or token_file, or user and password or password_file, or listen on "127.0.0.1:8321"`)
	}
	return s
}

// newPassword makes a secret of a password, without the line break at the end of
// a file.
func newPassword(value string) (remote.Secret, error) {
	value = strings.TrimRight(value, "\r\n")
	switch {
	case value == "":
		return remote.Secret{}, errors.New("is empty")
	case strings.ContainsFunc(value, isControl):
		return remote.Secret{}, errors.New("has a control character inside")
	}
	return secret.New(value), nil
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
		t.problem(key, "%v has a colon or a control character, which a user name can't have", x)
	}
	return x.value
}

// hosts returns names of hosts, without ports.
func (t *table) hosts(key string) []string {
	var all []string
	t.list(key, `a list such as ["importarchive.example.com"]`, func(name string) string {
		if _, _, err := net.SplitHostPort(name); err == nil || name == "" || strings.ContainsAny(name, "/*[]$@") || strings.ContainsFunc(name, isSpaceOrControl) {
			return text{spelled: name}.String() + ` is not the name of a host: write it like "importarchive.example.com"`
		}
		if name = strings.ToLower(strings.TrimSuffix(name, ".")); !slices.Contains(all, name) {
			all = append(all, name)
		}
		return ""
	})
	return all
}
