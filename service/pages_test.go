package service

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
)

// load reads settings that have to be good, from a folder of their own.
func load(t testing.TB, text string) *config.Config {
	t.Helper()
	t.Chdir(t.TempDir())
	cfg, err := config.Parse("config.toml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const goodCluster = `
[[clusters]]
name = "own"
api = "milvus-v2"
base_url = "http://localhost:19530"
`

func TestWhoMayAskIsReadAtEachUse(t *testing.T) {
	cfg := load(t, goodCluster+`
[serve]
listen = "0.0.0.0:8321"
token = "t0ken"
user = "operator"
password_file = "pages"
hosts = ["Archive.example.com."]
`)
	a := accessOf(&cfg.Serve)
	if token, err := a.Token(); token != "t0ken" || err != nil {
		t.Errorf("%q, %v", token, err)
	}
	for text, want := range map[string]string{"pass word\n": "pass word", " two \r\n": " two ", "": "", "a\tb": ""} {
		if err := os.WriteFile("pages", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Password(); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
	}
	if err := os.Remove("pages"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Password(); err == nil || !strings.Contains(err.Error(), `password_file "pages"`) {
		t.Error(err)
	}
	if a.User != "operator" || len(a.Hosts) != 1 || a.Hosts[0] != "archive.example.com" || a.Listen != "0.0.0.0:8321" {
		t.Errorf("%+v", a)
	}
}

// serving serves with these settings, and returns what a request finds.
type serving struct {
	pages
	t *testing.T
}

func (s *serving) set(listen, says string) error {
	open, err := s.prepare(s.t.Context(), &config.Serve{Listen: listen}, zerolog.Nop())
	if err != nil {
		return err
	}
	open(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, says) }))
	return nil
}

// asks makes a request on a connection of its own.
func asks(address string) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + address + "/")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestWhileTheAddressStaysNoRequestIsRefused(t *testing.T) {
	s := &serving{t: t}
	address := freeAddress(t)
	if err := s.set(address, "0"); err != nil {
		t.Fatal(err)
	}
	enough := make(chan struct{})
	var asking gosync.WaitGroup
	for range 4 {
		asking.Go(func() {
			before := 0
			for {
				said, err := asks(address)
				now, parsed := strconv.Atoi(said)
				if err := errors.Join(err, parsed); err != nil || now < before {
					t.Errorf("%d, and then %q, %v", before, said, err)
					return
				}
				before = now
				select {
				case <-enough:
					return
				default:
				}
			}
		})
	}
	for n := range 200 {
		if err := s.set(address, strconv.Itoa(n+1)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
	}
	close(enough)
	asking.Wait()
	if said, err := asks(address); said != "200" || err != nil {
		t.Errorf("%q, %v", said, err)
	}
}

func TestAnotherAddressIsServedBeforeTheOldOneIsNot(t *testing.T) {
	s := &serving{t: t}
	one, two := freeAddress(t), freeAddress(t)
	if err := errors.Join(s.set(one, "one"), s.set(two, "two")); err != nil {
		t.Fatal(err)
	}
	if said, err := asks(two); said != "two" || err != nil {
		t.Errorf("%q, %v", said, err)
	}
	for {
		if _, err := asks(one); errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	// An address that is taken changes nothing.
	other, err := net.Listen("tcp", one)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := s.set(one, "three"); err == nil || !strings.Contains(err.Error(), "is taken by another program") {
		t.Error(err)
	}
	if said, err := asks(two); said != "two" || err != nil {
		t.Errorf("%q, %v", said, err)
	}
	if err := s.set("", "none"); err != nil {
		t.Fatal(err)
	}
	s.wait()
	if said, err := asks(two); err == nil {
		t.Errorf("%q", said)
	}
}

func TestAReloadFinishesTheRequestUnderWay(t *testing.T) {
	s := &serving{t: t}
	address, began, release := freeAddress(t), make(chan struct{}), make(chan struct{})
	open, err := s.prepare(t.Context(), &config.Serve{Listen: address}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	open(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-release
		_, _ = io.WriteString(w, "old")
	}))
	said := make(chan string)
	go func() {
		text, err := asks(address)
		said <- fmt.Sprint(text, err)
	}()
	<-began
	if err := s.set(address, "new"); err != nil {
		t.Fatal(err)
	}
	if text, err := asks(address); text != "new" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	close(release)
	if text := <-said; text != "old<nil>" {
		t.Error(text)
	}
}

func TestADefaultAddressThatIsTakenKeepsNothingFromRunning(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var log strings.Builder
	var p pages
	open, err := p.prepare(t.Context(), &config.Serve{Listen: taken.Addr().String(), Implied: true}, zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	open(http.NotFoundHandler())
	p.wait()
	if !strings.Contains(log.String(), "pages are not served") {
		t.Error(log.String())
	}
}
