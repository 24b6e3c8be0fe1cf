//go:build !windows

package network_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "importarchive/longtest"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{}
	a.cert, a.key = a.sign(t, name, time.Hour, nil)
	return a
}

// sign makes a certificate for names of hosts, or of an authority without any, that is
// valid for so long from an hour ago on.
func (a *authority) sign(t *testing.T, name string, valid time.Duration, hosts []string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid),
		DNSNames: hosts, IsCA: hosts == nil, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (a *authority) pair(t *testing.T, valid time.Duration, hosts ...string) tls.Certificate {
	cert, key := a.sign(t, "leaf", valid, hosts)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func certText(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

func pairTexts(t *testing.T, p tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate[0]})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// put writes a file, as editors and operators do: another file in its place.
func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

func file(t *testing.T, text string) string {
	return put(t, filepath.Join(t.TempDir(), "file.pem"), text)
}

// milvus is a server of Milvus' API without jobs. It counts requests.
type milvus struct {
	*httptest.Server
	mu       sync.Mutex
	requests int
}

func (m *milvus) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	_, _ = io.WriteString(w, `{"code":0,"data":{"records":[]}}`)
}

// serve starts a server; with TLS if there is a configuration of it.
func serve(t *testing.T, config *tls.Config) *milvus {
	m := &milvus{}
	m.Server = httptest.NewUnstartedServer(m)
	m.Config.ErrorLog = quiet()
	if m.TLS = config; config == nil {
		m.Start()
	} else {
		m.StartTLS()
	}
	t.Cleanup(m.Close)
	return m
}

// proxy accepts connections and passes them to one server, whatever name they ask for.
type proxy struct {
	net.Listener
	to       string // the server's address
	user     string // "user:password" that it wants; "" for none
	status   int    // it answers CONNECT so; 0: 200
	mu       sync.Mutex
	asked    []string // hosts
	presents []string // credentials
}

func startProxy(t *testing.T, p *proxy, config *tls.Config, serve func(*proxy, net.Conn)) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	p.Listener = l
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(p, conn) }()
		}
	}()
	return p
}

func (p *proxy) note(host, credentials string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.presents = append(p.asked, host), append(p.presents, credentials)
}

// http serves requests as an HTTP proxy does: CONNECT, and plain requests. An answer that
// refuses echoes what it got.
func (p *proxy) http(conn net.Conn) {
	in := bufio.NewReader(conn)
	req, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	basic := strings.TrimPrefix(req.Header.Get("Proxy-Authorization"), "Basic ")
	credentials, _ := base64.StdEncoding.DecodeString(basic)
	p.note(req.Host, string(credentials))
	status := p.status
	if p.user != "" && string(credentials) != p.user {
		status = http.StatusProxyAuthRequired
	}
	if status != 0 {
		body := fmt.Sprintf("<html>%s %s", basic, credentials)
		fmt.Fprintf(conn, "HTTP/1.1 %d %s %s\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), basic, len(body), body)
		return
	}
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer out.Close()
	if req.Method == http.MethodConnect {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	} else {
		_ = req.Write(out)
	}
	pass(struct {
		io.Reader
		io.Writer
	}{in, conn}, out)
}

// socks serves one connection as a SOCKS 5 proxy does (RFC 1928, RFC 1929).
func (p *proxy) socks(conn net.Conn) {
	in := bufio.NewReader(conn)
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(in, b)
		return b
	}
	methods := read(int(read(2)[1]))
	method := byte(0)
	if p.user != "" {
		method = 2
		if !strings.Contains(string(methods), "\x02") {
			_, _ = conn.Write([]byte{5, 0xff})
			return
		}
	}
	_, _ = conn.Write([]byte{5, method})
	credentials := ""
	if method == 2 {
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		credentials = string(user) + ":" + string(password)
		refused := byte(0)
		if credentials != p.user {
			refused = 1
		}
		_, _ = conn.Write([]byte{1, refused})
		if refused != 0 {
			return
		}
	}
	read(4)
	host := string(read(int(read(1)[0])))
	read(2)
	p.note(host, credentials)
	_, _ = conn.Write([]byte{5, byte(p.status), 0, 1, 0, 0, 0, 0, 0, 0})
	if p.status != 0 {
		return
	}
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer out.Close()
	pass(struct {
		io.Reader
		io.Writer
	}{in, conn}, out)
}

func pass(client io.ReadWriter, server net.Conn) {
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
}
