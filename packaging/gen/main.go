// Gen writes the files that packages contain beside the program into a directory: man
// pages and completions, generated from the commands, and the installed settings,
// generated from the example. They are not committed, so they can't be stale.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"importarchive/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY, from the top of the tree")
		os.Exit(2)
	}
	if err := write(os.Args[1], "config.example.toml"); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func write(dir, example string) error {
	text, err := os.ReadFile(example)
	if err != nil {
		return err
	}
	settings, err := installed(string(text))
	if err != nil {
		return err
	}
	for _, sub := range []string{"man", "completions"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			return err
		}
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "config.toml"), []byte(settings), 0o666),
		os.WriteFile(filepath.Join(dir, "zilliz.key"), nil, 0o600),
		completions(filepath.Join(dir, "completions")),
		manPages(filepath.Join(dir, "man")),
	)
}

// installed returns the example settings with the paths of an installed service, so
// that commands find the archive from any directory.
func installed(example string) (string, error) {
	for _, change := range [][2]string{
		{`path = "archive.db"`, `path = "/var/lib/importarchive/archive.db"`},
		{`"/run/secrets/zilliz"`, `"/run/credentials/importarchive.service/zilliz"`},
	} {
		if strings.Count(example, change[0]) != 1 {
			return "", fmt.Errorf("the example does not have %s once", change[0])
		}
		example = strings.Replace(example, change[0], change[1], 1)
	}
	return example, nil
}

func completions(dir string) error {
	root := cli.Commands()
	path := func(shell string) string { return filepath.Join(dir, "importarchive."+shell) }
	return errors.Join(
		root.GenBashCompletionFileV2(path("bash"), true),
		root.GenFishCompletionFile(path("fish"), true),
		root.GenZshCompletionFile(path("zsh")),
	)
}

func manPages(dir string) error {
	root := cli.Commands()
	keepLines(root)
	pages, err := os.MkdirTemp("", "man")
	if err != nil {
		return err
	}
	defer os.RemoveAll(pages)
	header := &doc.GenManHeader{Section: "1", Source: "importarchive", Manual: "importarchive"}
	if err := doc.GenManTree(root, header, pages); err != nil {
		return err
	}
	all, err := filepath.Glob(filepath.Join(pages, "*.1"))
	if err != nil {
		return err
	}
	for _, page := range all {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(page)+".gz"), packed.Bytes(), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// keepLines turns the indented parts of a command's help into code blocks. Else the
// man page would join them into one paragraph.
func keepLines(c *cobra.Command) {
	lines := strings.Split(c.Long, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "  ") {
			lines[i] = "  " + line
		}
	}
	c.Long = strings.Join(lines, "\n")
	for _, sub := range c.Commands() {
		keepLines(sub)
	}
}
