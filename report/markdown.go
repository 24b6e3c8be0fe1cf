package report

import (
	"bufio"
	"strings"
	"unicode"
	"unicode/utf8"

	"importarchive/queries"
)

// markdownWriter writes a table in GitHub's Markdown. The header says which
// columns are numbers, as the table's description has it, or else as the first
// rows show it.
type markdownWriter struct {
	w       *bufio.Writer
	columns []column
	first   [][]cell
	fixed   bool
}

func encodeMarkdown(w *bufio.Writer, t *Table, _ Options) error {
	m := &markdownWriter{w: w}
	for _, name := range t.Columns {
		m.columns = append(m.columns, column{name: name})
	}
	if t.Described != nil {
		for i, c := range t.Described {
			m.columns[i].numbers = c.Type == queries.Integer || c.Type == queries.Real
		}
		if err := m.header(); err != nil {
			return err
		}
	}
	if err := t.Each(m.row); err != nil || m.fixed {
		return err
	}
	return m.fixLayout()
}

func (m *markdownWriter) row(values []any) error {
	cells := make([]cell, len(values))
	for i, v := range values {
		cells[i] = cell{Spell(v), isNumber(v)}
	}
	if m.fixed {
		return m.line(cells)
	}
	m.first = append(m.first, cells)
	if len(m.first) == settlingRows {
		return m.fixLayout()
	}
	return nil
}

func (m *markdownWriter) fixLayout() error {
	for _, cells := range m.first {
		for i, c := range cells {
			col := &m.columns[i]
			col.numbers = col.numbers || c.number
			col.texts = col.texts || !c.number && c.text != ""
		}
	}
	for i := range m.columns {
		m.columns[i].numbers = m.columns[i].numbers && !m.columns[i].texts
	}
	if err := m.header(); err != nil {
		return err
	}
	for _, cells := range m.first {
		if err := m.line(cells); err != nil {
			return err
		}
	}
	m.first = nil
	return nil
}

func (m *markdownWriter) header() error {
	m.fixed = true
	names := make([]cell, len(m.columns))
	for i, col := range m.columns {
		names[i].text = col.name
	}
	_ = m.line(names)
	for _, col := range m.columns {
		rule := "| --- "
		if col.numbers {
			rule = "| ---: "
		}
		_, _ = m.w.WriteString(rule)
	}
	_, err := m.w.WriteString("|\n")
	return err
}

func (m *markdownWriter) line(cells []cell) error {
	for _, c := range cells {
		_, _ = m.w.WriteString("| ")
		if c.text != "" {
			_, _ = m.w.WriteString(markdownText(c.text) + " ")
		}
	}
	_, err := m.w.WriteString("|\n")
	return err
}

// markdownText escapes a text so that it stays one line, without markup or a
// link, and does not end its cell. An underscore inside a word is no markup, and
// most names have one.
func markdownText(s string) string {
	s = Printable(s)
	if !strings.ContainsAny(s, markdownMarks) {
		return s
	}
	var b strings.Builder
	before := ' '
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		if strings.ContainsRune(markdownMarks, r) && (r != '_' || !inWord(before) || !inWord(after)) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

const markdownMarks = "\\`*_[]<>|~&$"

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
