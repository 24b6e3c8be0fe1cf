package config

import (
	"errors"
	"net/url"
	"strings"

	"importarchive/network"
	"importarchive/web"
)

// network reads how requests go out. What the table does not set is inherited; "" is none
// of it.
func (t *table) network(inherited network.Settings) network.Settings {
	n := inherited
	n.CA = override(t, "ca_file", n.CA, t.networkFile)
	n.Proxy = override(t, "proxy", n.Proxy, t.proxy)
	if _, known := Keys[t.kind]["cert_file"]; known && (t.has("cert_file") || t.has("key_file")) {
		n.Cert, n.Key = t.networkFile("cert_file"), t.networkFile("key_file")
		switch hasCert, hasKey := t.values["cert_file"] != "" && t.has("cert_file"), t.values["key_file"] != "" && t.has("key_file"); {
		case hasCert && !hasKey:
			t.problem("cert_file", "key_file is missing: the private key that goes with the certificate")
		case hasKey && !hasCert:
			t.problem("key_file", "cert_file is missing: the certificate that goes with the private key")
		}
	}
	return n
}

// networkFile returns a file of certificates or of a key, which is read at each use; the
// zero File for "".
func (t *table) networkFile(key string) network.File {
	if x, ok := t.text(key, `a string such as "/etc/importarchive/ca.pem"`); !ok || x.value == "" && x.spelled == "" {
		return network.File{}
	}
	x, _ := t.path(key)
	return network.File{Path: x.value, Name: key + " " + x.String()}
}

// proxy reads the address of a proxy. It never quotes the address, which may have a
// password in it.
func (t *table) proxy(key string) network.Proxy {
	x, ok := t.text(key, `a string such as "http://proxy.example.com:3128"`)
	if !ok || x.value == "" {
		return network.Proxy{}
	}
	u, err := t.parseProxy(x)
	if err != nil {
		t.problem(key, "%v", err)
		return network.Proxy{}
	}
	return network.NewProxy(u)
}

var errProxy = errors.New(`is not the address of a proxy: write it like "http://proxy.example.com:3128" or "socks5://proxy:1080"`)

// parseProxy takes a user and a password from the environment as they are: a password may
// have any of the characters that divide a URL.
func (t *table) parseProxy(x text) (*url.URL, error) {
	address, credentials := x.value, ""
	at := strings.LastIndex(x.spelled, "@")
	scheme, rest, _ := strings.Cut(x.spelled[:max(at, 0)], "://")
	if strings.Contains(rest, "${") {
		credentials, _, _ = expand(rest, t.lookupenv)
		address, _, _ = expand(scheme+"://"+x.spelled[at+1:], t.lookupenv)
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(address, "?#") {
		return nil, errProxy
	}
	if port := u.Port(); port != "" && !isPort(port) {
		return nil, errPort
	}
	if user, password, has := strings.Cut(credentials, ":"); has {
		u.User = url.UserPassword(user, password)
	} else if user != "" {
		u.User = url.User(user)
	}
	switch u.Scheme {
	case "http", "https", "socks5":
	default:
		return nil, errors.New("begins with none of http://, https://, socks5://")
	}
	// rest is of the text of the settings: what the environment brings is not in it.
	if _, password, has := strings.Cut(rest, ":"); has && !strings.Contains(password, "${") {
		return nil, errors.New(`has a password in it: put that into the environment, and write "` + u.Scheme + `://user:${PROXY_PASSWORD}@…"`)
	}
	u.Path = ""
	return u, nil
}

// stays reports whether requests to a host stay on this machine.
func stays(host string, n network.Settings) bool {
	return web.LoopbackHost(host) && (n.Proxy == (network.Proxy{}) || web.LoopbackHost(n.Proxy.Host()))
}
