package cli

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"importarchive/db"
	"importarchive/page"
)

const demoPagePath = "demo.html"

// pageMark stands in every page of ours: only such a file is replaced.
var pageMark = []byte(`<meta name="generator" content="importarchive">`)

// writeDemoPage writes the page of the demo's archive beside it.
func (p *program) writeDemoPage(ctx context.Context, st *db.SQLite) (err error) {
	old, err := os.ReadFile(demoPagePath)
	if err == nil && !bytes.Contains(old, pageMark) {
		fmt.Fprintf(p.Stderr, "%s is not of a demo and stays as it is\n", demoPagePath)
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	tx, err := st.Reader().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	var drawn bytes.Buffer
	if err := page.Write(ctx, &drawn, tx, p.Now(), pageTitle(demoPath)); err != nil {
		return fmt.Errorf("drawing %s: %w", demoPagePath, err)
	}
	return os.WriteFile(demoPagePath, drawn.Bytes(), 0o644)
}
