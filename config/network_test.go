package config

import (
	"os"
	"strings"
	"testing"

	"importarchive/network"
)

func TestAProxysPasswordIsTakenAsItIs(t *testing.T) {
	const password = "hunter2/@:#?% é"
	environment := func(name string) (string, bool) {
		switch name {
		case "PASSWORD":
			return password, true
		case "BOTH":
			return "archiver:" + password, true
		case "ALL":
			return "socks5://archiver:hunter2%2F@proxy:1080", true
		}
		return "", false
	}
	for _, story := range []struct{ spelled, shown, credentials string }{
		{"http://archiver:${PASSWORD}@proxy:3128", "http://proxy:3128", "archiver:" + password},
		{"https://${BOTH}@proxy", "https://proxy", "archiver:" + password},
		{"${ALL}", "socks5://proxy:1080", "archiver:hunter2/"},
		{"http://archiver@proxy/", "http://proxy", "archiver:"},
		{"http://proxy", "http://proxy", ":"},
	} {
		cfg := load(t, "[sync]\nproxy = \""+story.spelled+"\"\n"+goodCluster, environment)
		p := cfg.Clusters[0].Network.Proxy
		if p.String() != story.shown || p.Credentials().Reveal() != story.credentials {
			t.Errorf("%s: %s, %q", story.spelled, p, p.Credentials().Reveal())
		}
	}
}

func TestWhatATableDoesNotSetIsInherited(t *testing.T) {
	cfg := load(t, `
[sync]
ca_file = "ca.pem"
cert_file = "cert.pem"
key_file = "key.pem"
proxy = "http://proxy:3128"
`+goodCluster+`
[[clusters]]
name = "other"
api = "milvus-v2"
base_url = "https://other.example.com"
cert_file = ""
proxy = ""
`, noEnv)
	all := cfg.Sync.Network
	if all.CA.Path != "ca.pem" || all.Key.Name != `key_file "key.pem"` || all.Proxy == (network.Proxy{}) || cfg.Clusters[0].Network != all {
		t.Errorf("%+v", cfg.Clusters[0].Network)
	}
	if want := (network.Settings{CA: all.CA}); cfg.Clusters[1].Network != want {
		t.Errorf("%+v", cfg.Clusters[1].Network)
	}
	if want := (network.Settings{CA: all.CA, Proxy: all.Proxy}); cfg.Notify.Network != want {
		t.Errorf("notices show a certificate, or go another way: %+v", cfg.Notify.Network)
	}
}

func TestAProxyHasAPortThatThereIs(t *testing.T) {
	for _, port := range []string{"0", "65536", "99999"} {
		_, err := Parse("x.toml", []byte("[sync]\nproxy = \"http://proxy:"+port+"\"\n"+goodCluster), os.LookupEnv)
		if err == nil || !strings.Contains(err.Error(), "x.toml:2: sync.proxy: has a port that is not within 1 to 65535") {
			t.Errorf("%s: %v", port, err)
		}
	}
}
