package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"importarchive/db/sqlite"
)

// liveTimeout is how long the service may take to answer. It is shorter than
// a container's health check waits for this command.
const liveTimeout = 4 * time.Second

// live queries /healthz of the running service. It is for the health check of a
// container, which has no shell and no curl beside the program.
func (p *program) live(ctx context.Context) error {
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	if cfg.Serve.Listen == "" {
		return usageError("serve.listen is off in the settings: the service has no address to ask at")
	}
	// Another program may listen at the address.
	runs, err := sqlite.ServiceRuns(cfg.Archive.Path)
	if err != nil {
		return err
	}
	if !runs {
		return fmt.Errorf("no service keeps the archive %s", cfg.Archive.Path)
	}
	ctx, stop := context.WithTimeout(ctx, liveTimeout)
	defer stop()
	url := "http://" + reachable(cfg.Serve.Listen) + "/healthz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// Never through a proxy: the proxy would connect to itself, or to another machine.
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	text := strings.TrimSpace(string(body))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: %s", url, answer.Status, text)
	}
	_, err = fmt.Fprintf(p.Stdout, "%s answers %s\n", url, answer.Status)
	return err
}

// reachable turns an address to listen at into one to connect to: for a service that
// listens on all addresses, that is this machine.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	switch ip, err := netip.ParseAddr(host); {
	case host == "" || err == nil && ip == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case err == nil && ip == netip.IPv6Unspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}
