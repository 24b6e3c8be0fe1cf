package report

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Terminal passes text on to a terminal, with escapes in place of what the terminal would
// obey (see [Printable]). Files and pipes get the formats unaltered; on a screen, the
// reason of a job must not move the cursor or change the title of the window.
type Terminal struct {
	To      io.Writer
	pending []byte // what may be the beginning of a character, or of a line's end
}

// Write implements [io.Writer].
func (t *Terminal) Write(p []byte) (int, error) {
	text := append(t.pending, p...)
	whole := len(text)
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if b := text[len(text)-n]; utf8.RuneStart(b) {
			if !utf8.FullRune(text[len(text)-n:]) || n == 1 && b == '\r' {
				whole = len(text) - n
			}
			break
		}
	}
	t.pending = bytes.Clone(text[whole:])
	return len(p), t.write(text[:whole])
}

// Close writes what is left. It does not close the terminal.
func (t *Terminal) Close() error {
	rest := t.pending
	t.pending = nil
	return t.write(rest)
}

func (t *Terminal) write(text []byte) error {
	var shown []byte
	for line := range bytes.Lines(text) {
		content, end := bytes.TrimSuffix(line, []byte("\n")), ""
		if len(content) < len(line) {
			end = "\n"
			if trimmed := bytes.TrimSuffix(content, []byte("\r")); len(trimmed) < len(content) {
				content, end = trimmed, "\r\n"
			}
		}
		for i, cell := range bytes.Split(content, []byte("\t")) {
			if i > 0 {
				shown = append(shown, '\t')
			}
			shown = append(shown, Printable(string(cell))...)
		}
		shown = append(shown, end...)
	}
	_, err := t.To.Write(shown)
	return err
}
