//go:build !windows

package network_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"importarchive/network"
	"importarchive/sync/remote"
)

func TestAnOldTLSIsNoMissingCertificate(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t, "ours")
	m := serve(t, &tls.Config{
		Certificates: []tls.Certificate{ours.pair(t, time.Hour, "localhost")},
		MinVersion:   tls.VersionTLS10, MaxVersion: tls.VersionTLS10,
	})
	base := "https://localhost" + port(m.URL)
	refusedAtOnce(t, list(t, base, network.Settings{}), remote.TLS, "the server speaks only an old TLS", "TLS 1.2")
	// A server that answers with the version that it likes, whatever the client offers.
	old := startProxy(t, &proxy{}, nil, func(_ *proxy, conn net.Conn) {
		hello := make([]byte, 38)
		copy(hello, "\x03\x01") // TLS 1.0, a random, no session, a cipher, no compression
		copy(hello[35:], "\x00\x2f\x00")
		_, _ = conn.Write(append([]byte("\x16\x03\x01\x00\x2a\x02\x00\x00\x26"), hello...))
		_, _ = io.Copy(io.Discard, conn)
	})
	refusedAtOnce(t, list(t, "https://"+old.Addr().String(), network.Settings{}), remote.TLS, "speaks only an old TLS")
}

func TestWhatIsNoProxyIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for answer, words := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Log in": "answers with a page of its own",
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nLog in":             "answers with a page of its own",
		"220 mail.example.com ESMTP\r\n":                                 "does not speak HTTP",
		"HTTP/x 200 OK\r\n\r\n":                                          "does not speak HTTP",
	} {
		p := startProxy(t, &proxy{}, nil, func(_ *proxy, conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1<<10))
			_, _ = io.WriteString(conn, answer)
		})
		n := network.Settings{Proxy: at(t, "http://"+p.Addr().String())}
		refusedAtOnce(t, list(t, "https://h.test", n), remote.Proxy, words, n.Proxy.String())
	}
}

func TestAnOutageNamesTheProxyOnce(t *testing.T) {
	t.Parallel()
	bad := startProxy(t, &proxy{status: 502}, nil, (*proxy).http)
	err := oneTry(t, "https://h.test", at(t, "http://"+bad.Addr().String()))
	if strings.Count(err.Error(), "the proxy") != 1 {
		t.Error(err)
	}
}

// A bundle that is being written ends in the middle of a certificate.
func TestABundleWithADamagedCertificateIsRefused(t *testing.T) {
	t.Parallel()
	one, two := certText(newAuthority(t, "one").cert), certText(newAuthority(t, "two").cert)
	for text, want := range map[string]string{
		one + two[:len(two)-40]:                     "1 of its 2 certificates are damaged or cut off",
		strings.Replace(one, "\n", "\n!", 1) + two:  "1 of its 2 certificates are damaged or cut off",
		one[:len(one)/2]:                            "1 of its 1 certificates are damaged or cut off",
		"# one\njunk -----\r\n" + one + "x\n" + two: "",
		strings.ReplaceAll(one+two, "\n", "\r\n"):   "",
		strings.Repeat(one, 200):                    "",
	} {
		err := network.Settings{CA: named("ca_file", file(t, text))}.Check(time.Now())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
