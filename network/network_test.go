//go:build !windows

package network_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"importarchive/network"
	"importarchive/secret"
	"importarchive/sync/remote"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

const key = "the-user:the key of Milvus"

// list reads the list at an address, as a run does.
func list(t *testing.T, base string, n network.Settings) error {
	t.Helper()
	return listWith(t, base, n, nil)
}

func listWith(t *testing.T, base string, n network.Settings, way http.RoundTripper) error {
	t.Helper()
	d, _ := remote.DialectNamed("milvus-v2")
	client := remote.NewClient(remote.Target{
		Dialect: d, BaseURL: base, Network: n, Timeout: 20 * time.Second, RetryFor: time.Minute,
		Key: func() (secret.Secret, error) { return secret.New(key), nil },
	}, way, nil, time.Now)
	for _, err := range client.Pages(t.Context(), nil) {
		if err != nil {
			return err
		}
	}
	return nil
}

func at(t *testing.T, address string) network.Proxy {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return network.NewProxy(u)
}

func named(name, path string) network.File {
	return network.File{Path: path, Name: fmt.Sprintf("%s %q", name, filepath.Base(path))}
}

func port(address string) string { return address[strings.LastIndex(address, ":"):] }

// refusedAtOnce wants an error of this kind after one try, with these words.
func refusedAtOnce(t *testing.T, err error, kind remote.Kind, words ...string) {
	t.Helper()
	e, ok := errors.AsType[*remote.Error](err)
	if !ok || e.Kind != kind || e.Tries > 1 {
		t.Errorf("want %s after one try: %v", kind, err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("no %q in: %v", word, err)
		}
	}
}

func TestOnlyAnAuthorityOfTheSettingsIsTrusted(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	m := serve(t, &tls.Config{Certificates: []tls.Certificate{ours.pair(t, time.Hour, "localhost")}})
	old := serve(t, &tls.Config{Certificates: []tls.Certificate{ours.pair(t, -time.Minute, "localhost")}})
	plain := serve(t, nil)
	base := "https://localhost" + port(m.URL)
	trusting := network.Settings{CA: named("ca_file", file(t, certText(ours.cert)+certText(other.cert)))}

	if err := list(t, base, trusting); err != nil {
		t.Error(err)
	}
	refusedAtOnce(t, list(t, base, network.Settings{}), remote.TLS, "does not know", "set ca_file")
	refusedAtOnce(t, list(t, base, network.Settings{CA: named("ca_file", file(t, certText(other.cert)))}), remote.TLS, `ca_file "file.pem"`)
	refusedAtOnce(t, list(t, m.URL, trusting), remote.TLS, "another name", "base_url")
	refusedAtOnce(t, list(t, "https://localhost"+port(old.URL), trusting), remote.TLS, "has expired", "clock")
	refusedAtOnce(t, list(t, "https://localhost"+port(plain.URL), trusting), remote.TLS, "speaks no TLS", "base_url")
}

func TestAServerMayWantACertificate(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	clients := x509.NewCertPool()
	clients.AddCert(ours.cert)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		m := serve(t, &tls.Config{
			Certificates: []tls.Certificate{ours.pair(t, time.Hour, "localhost")},
			ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: clients, MaxVersion: version,
		})
		base := "https://localhost" + port(m.URL)
		n := network.Settings{CA: named("ca_file", file(t, certText(ours.cert)))}
		refusedAtOnce(t, list(t, base, n), remote.TLS, "cert_file and key_file")
		for _, a := range []*authority{ours, other} {
			cert, key := pairTexts(t, a.pair(t, time.Hour, "client"))
			n.Cert, n.Key = named("cert_file", file(t, cert)), named("key_file", file(t, key))
			err := list(t, base, n)
			if a == ours && err != nil {
				t.Error(err)
			}
			if a == other { // TLS does not even show it, because it is of no authority that the server names
				refusedAtOnce(t, err, remote.TLS, `cert_file "file.pem"`)
			}
		}
	}
}

func TestAFileThatCantBeUsedIsASettingsErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t, "ours")
	cert, privateKey := pairTexts(t, ours.pair(t, time.Hour, "client"))
	_, otherKey := pairTexts(t, ours.pair(t, time.Hour, "client"))
	oldCert, oldKey := pairTexts(t, ours.pair(t, -time.Minute, "client"))
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here: ", err)
	}
	ca := func(path string) network.Settings { return network.Settings{CA: named("ca_file", path)} }
	pair := func(cert, key string) network.Settings {
		return network.Settings{Cert: named("cert_file", file(t, cert)), Key: named("key_file", file(t, key))}
	}
	for _, story := range []struct {
		n    network.Settings
		want string
	}{
		{ca(filepath.Join(folder, "none.pem")), `ca_file "none.pem": no such file or directory`},
		{ca(pipe), `ca_file "pipe": is a pipe, not a regular file`},
		{ca("/dev/zero"), `ca_file "zero": is a device, not a regular file`},
		{ca(folder), `is a directory, not a file`},
		{ca(file(t, "hello")), `ca_file "file.pem": has no certificate in PEM form`},
		{ca(file(t, privateKey)), `has no certificate in PEM form`},
		{ca(file(t, string(ours.cert.Raw))), `openssl x509 -inform der`},
		{ca(file(t, oldCert)), `its certificate expired on `},
		{ca(file(t, strings.Repeat("#", 2<<20))), `is bigger than 1024 KiB`},
		{pair(cert, otherKey), `key_file "file.pem": private key does not match public key, with cert_file "file.pem"`},
		{pair(cert, cert), `key_file "file.pem": has no private key`},
		{pair(cert, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), `passphrase`},
		{pair(oldCert, oldKey), `cert_file "file.pem": its certificate expired on `},
		{pair("", privateKey), `cert_file "file.pem": has no certificate`},
	} {
		err := list(t, "https://localhost:1", story.n)
		refusedAtOnce(t, err, remote.Settings, story.want)
		if checked := story.n.Check(time.Now()); checked == nil || !strings.Contains(err.Error(), checked.Error()) {
			t.Errorf("check: %v", checked)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
	}
	if err := ca(file(t, "\ufeff"+cert+oldCert)).Check(time.Now()); err != nil {
		t.Errorf("a bundle with one old certificate: %v", err)
	}
}

func TestAFileIsReadAnewForEachRequest(t *testing.T) {
	t.Parallel()
	first, second := newAuthority(t, "first"), newAuthority(t, "second")
	now := first.pair(t, time.Hour, "localhost")
	m := serve(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &now, nil }})
	base, path := "https://localhost"+port(m.URL), file(t, certText(first.cert))
	n := network.Settings{CA: named("ca_file", path)}
	way := network.New(n, time.Now)
	if err := listWith(t, base, n, way); err != nil {
		t.Fatal(err)
	}
	now = second.pair(t, time.Hour, "localhost")
	way.CloseIdleConnections()
	refusedAtOnce(t, listWith(t, base, n, way), remote.TLS, "no authority in ca_file")
	put(t, path, certText(second.cert))
	if err := listWith(t, base, n, way); err != nil {
		t.Error(err)
	}
	put(t, path, "half a file")
	go func() { // an operator copies it: for a moment it is wrong
		time.Sleep(100 * time.Millisecond)
		_ = os.WriteFile(path, []byte(certText(second.cert)), 0o600)
	}()
	if err := listWith(t, base, n, way); err != nil {
		t.Error(err)
	}
}

func TestRequestsGoThroughTheProxy(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t, "ours")
	m := serve(t, &tls.Config{Certificates: []tls.Certificate{ours.pair(t, time.Hour, "milvus.example.test")}})
	plain := serve(t, nil)
	ca := named("ca_file", file(t, certText(ours.cert)))
	ownTLS := &tls.Config{Certificates: []tls.Certificate{ours.pair(t, time.Hour, "localhost")}}
	const user = "archiver:pass w0rd/@"
	spelled := url.UserPassword("archiver", "pass w0rd/@").String() + "@"
	for _, story := range []struct {
		name, scheme string
		serve        func(*proxy, net.Conn)
		tls          *tls.Config
	}{
		{"CONNECT", "http", (*proxy).http, nil},
		{"CONNECT over TLS", "https", (*proxy).http, ownTLS},
		{"SOCKS 5", "socks5", (*proxy).socks, nil},
	} {
		for _, credentials := range []string{"", user} {
			p := startProxy(t, &proxy{to: m.Listener.Addr().String(), user: credentials}, story.tls, story.serve)
			q := startProxy(t, &proxy{to: plain.Listener.Addr().String(), user: credentials}, story.tls, story.serve)
			before := ""
			if credentials != "" {
				before = spelled
			}
			for base, p := range map[string]*proxy{"https://milvus.example.test": p, "http://milvus.example.test": q} {
				n := network.Settings{CA: ca, Proxy: at(t, story.scheme+"://"+before+"localhost"+port(p.Addr().String()))}
				if err := list(t, base, n); err != nil {
					t.Errorf("%s to %s: %v", story.name, base, err)
				}
				host, _, _ := strings.Cut(strings.Join(p.asked, " "), ":")
				if host != "milvus.example.test" || !slices.Equal(p.presents, []string{credentials}) {
					t.Errorf("%s to %s: asked %q as %q", story.name, base, p.asked, p.presents)
				}
			}
		}
	}
}

func TestAProxyThatRefusesIsAnErrorAtOnceAndKeepsItsPassword(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	to := m.Listener.Addr().String()
	start := func(p *proxy, serve func(*proxy, net.Conn)) string {
		p.to = to
		return "localhost" + port(startProxy(t, p, nil, serve).Addr().String())
	}
	wants := &proxy{user: "someone:else"}
	for _, story := range []struct {
		base, proxy string
		words       string
	}{
		{"https://h.test", "http://" + start(wants, (*proxy).http), `write proxy = "http://user:${PROXY_PASSWORD}@localhost:`},
		{"https://h.test", "http://me:hunter2hunter2@" + start(wants, (*proxy).http), "refuses the user or the password"},
		{"http://h.test", "http://me:hunter2hunter2@" + start(wants, (*proxy).http), "refuses the user or the password"},
		{"https://h.test", "http://me:hunter2hunter2@" + start(&proxy{status: 403}, (*proxy).http), "refuses the connection with 403 Forbidden"},
		{"http://h.test", "socks5://" + start(wants, (*proxy).socks), "wants a user and a password"},
		{"http://h.test", "socks5://me:hunter2hunter2@" + start(wants, (*proxy).socks), "refuses the user or the password"},
		{"http://h.test", "socks5://" + start(&proxy{status: 2}, (*proxy).socks), "refuses connections to"},
		{"http://h.test", "socks5://" + start(&proxy{}, func(_ *proxy, conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") }), "does not speak SOCKS 5"},
		{"https://h.test", "https://" + to, "the proxy https://" + to + " speaks no TLS on this port: correct proxy"},
	} {
		err := list(t, story.base, network.Settings{Proxy: at(t, story.proxy)})
		e, ok := errors.AsType[*remote.Error](err)
		if !ok || e.Tries > 1 || e.Kind != remote.Proxy && e.Kind != remote.TLS || !strings.Contains(err.Error(), story.words) {
			t.Errorf("%s: %v", story.words, err)
		}
		hidesPassword(t, err)
	}
	// A proxy's page in place of the service's answer echoes what it got.
	echo := start(&proxy{status: 502}, (*proxy).http)
	err := oneTry(t, "http://h.test", at(t, "http://me:hunter2hunter2@"+echo))
	if err == nil || !strings.Contains(err.Error(), secret.Hidden) {
		t.Error(err)
	}
	hidesPassword(t, err)
}

func hidesPassword(t *testing.T, err error) {
	t.Helper()
	for _, spelled := range []string{"hunter2", "bWU6aHVudGVyMmh1bnRlcjI", "me:"} {
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, spelled) {
			t.Error(text)
		}
	}
}

func TestAProxyThatIsAwayIsTriedAgainAndNamed(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	bad := startProxy(t, &proxy{to: m.Listener.Addr().String(), status: 502}, nil, (*proxy).http)
	for address, words := range map[string]string{
		"http://127.0.0.1:1":                    "the proxy http://127.0.0.1:1 can't be reached: ",
		"socks5://127.0.0.1:1":                  "the proxy socks5://127.0.0.1:1 can't be reached: ",
		"http://user:pw@" + bad.Addr().String(): "can't connect to the server: it answers 502 Bad Gateway",
	} {
		err := oneTry(t, "https://h.test", at(t, address))
		e, ok := errors.AsType[*remote.Error](err)
		if !ok || e.Kind != remote.Unavailable || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A proxy that takes the connection and says nothing, as an HTTP server does that waits
// for the rest of what SOCKS sends.
func TestAProxyThatNeverAnswersIsNamed(t *testing.T) {
	t.Parallel()
	silent := startProxy(t, &proxy{}, nil, func(_ *proxy, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	d, _ := remote.DialectNamed("milvus-v2")
	for _, scheme := range []string{"socks5", "http"} {
		p := at(t, scheme+"://me:hunter2hunter2@"+silent.Addr().String())
		target := remote.Target{Dialect: d, BaseURL: "https://h.test", Timeout: 50 * time.Millisecond, Network: network.Settings{Proxy: p}}
		_, _, err := remote.NewClient(target, nil, nil, time.Now).Probe(t.Context())
		e, ok := errors.AsType[*remote.Error](err)
		if !ok || e.Kind != remote.Unavailable || !strings.Contains(err.Error(), "no answer within 50ms through the proxy "+p.String()) {
			t.Errorf("%s: %v", scheme, err)
		}
		hidesPassword(t, err)
	}
}

// oneTry makes one request.
func oneTry(t *testing.T, base string, p network.Proxy) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	d, _ := remote.DialectNamed("milvus-v2")
	_, err := remote.NewClient(remote.Target{Dialect: d, BaseURL: base, Network: network.Settings{Proxy: p}}, nil, nil, time.Now).Probe(ctx)
	return err
}

func TestAProxyInASettingIsNotPrinted(t *testing.T) {
	n := network.Settings{Proxy: at(t, "http://me:hunter2hunter2@proxy:3128")}
	d, _ := remote.DialectNamed("milvus-v2")
	client := remote.NewClient(remote.Target{Dialect: d, BaseURL: "http://h.test", Network: n}, nil, nil, time.Now)
	for _, v := range []any{n, &n, n.Proxy, client, *client, network.New(n, time.Now), *client} {
		if text := fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v); strings.Contains(text, "hunter2") {
			t.Error(text)
		}
	}
}
