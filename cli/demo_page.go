package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db/sqlite"
	"importarchive/report/export"
	"importarchive/service"
	"importarchive/web"
)

const demoPagePath = "demo.html"

// pageMark is in every page that this program writes. The demo replaces only a file
// that has it.
var pageMark = []byte(`<meta name="generator" content="importarchive">`)

// writeDemoPage writes the page of the demo's archive beside it.
func (p *program) writeDemoPage(ctx context.Context, st *sqlite.Archive) error {
	old, err := os.ReadFile(demoPagePath)
	if err == nil && !bytes.Contains(old, pageMark) {
		fmt.Fprintf(p.Stderr, "%s is not of a demo and stays as it is\n", demoPagePath)
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var drawn bytes.Buffer
	if err := p.page(ctx, &drawn, st.Reader, demoPath); err != nil {
		return fmt.Errorf("drawing %s: %w", demoPagePath, err)
	}
	return os.WriteFile(demoPagePath, drawn.Bytes(), 0o644)
}

// demoListen listens at the default address of the pages, or at a free port if that
// is taken.
func demoListen(ctx context.Context) (net.Listener, error) {
	l, err := service.Listen(ctx, config.Keys["serve"]["listen"].(string))
	if err != nil {
		return service.Listen(ctx, "127.0.0.1:0")
	}
	return l, nil
}

// demoSite returns the site of the demo's archive.
func (p *program) demoSite(st *sqlite.Archive, log zerolog.Logger) web.Site {
	return web.Site{
		Archive: st.Reader, Now: p.Now, Title: pageTitle(demoPath), Log: log,
		Access: web.Access{Listen: "127.0.0.1:0"}, Workbook: export.XLSX(),
	}
}
