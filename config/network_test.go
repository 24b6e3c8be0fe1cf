package config

import (
	"testing"
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
