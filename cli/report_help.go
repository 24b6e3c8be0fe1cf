package cli

import (
	"fmt"
	"slices"
	"strings"

	"importarchive/queries"
	"importarchive/report"
)

// reportHelp says what the header of a report's file says.
func reportHelp(q *queries.Query) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", q.Title, q.About)
	if len(q.Columns) > 0 {
		b.WriteString("\nIts columns; where a type has a question mark, a value can be missing:\n\n")
		writeColumns(&b, q.Columns)
	}
	for _, parameter := range q.Parameters {
		if report.KindOf(parameter.Name) == report.TimeKind {
			b.WriteString("\n" + timeHelp + "\n")
			break
		}
	}
	b.WriteString("\nThe same in the plain shell; --sql prints the file:\n\n")
	if !slices.ContainsFunc(q.Parameters, func(p queries.Parameter) bool { return p.Required }) {
		b.WriteString("  " + plainShell(q, "") + "\n")
	}
	if len(q.Parameters) > 0 {
		b.WriteString("  " + plainShell(q, setParameter(q)) + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// timeHelp says how times are typed.
const timeHelp = `Times are typed as 2026-11-23, "2026-11-23 10:00" (both UTC),
2026-11-23T10:00:00+08:00, or an age such as 36h or 7d.`

func writeColumns(b *strings.Builder, columns []queries.Column) {
	names, types := 0, 0
	for _, c := range columns {
		names, types = max(names, len(c.Name)), max(types, len(typeWord(c)))
	}
	for _, c := range columns {
		fmt.Fprintf(b, "  %-*s  %-*s  %s\n", names, c.Name, types, typeWord(c), c.About)
	}
}

func typeWord(c queries.Column) string {
	if c.Nullable {
		return string(c.Type) + "?"
	}
	return string(c.Type)
}

func plainShell(q *queries.Query, options string) string {
	return fmt.Sprintf("sqlite3 -readonly %sarchive.db < queries/%s.sql", options, q.Name)
}

// setParameter gives an example of setting a parameter in the shell. A text
// needs quotes within quotes there: the shell would take 2026-11-23 for a
// subtraction.
func setParameter(q *queries.Query) string {
	parameter := q.Parameters[0]
	if i := slices.IndexFunc(q.Parameters, func(p queries.Parameter) bool { return p.Required }); i >= 0 {
		parameter = q.Parameters[i]
	}
	value := `\"'NAME'\"`
	switch report.KindOf(parameter.Name) {
	case report.TimeKind:
		value = `\"'2026-11-23'\"`
	case report.NumberKind:
		value = "7"
	case report.SwitchKind:
		value = "1"
	}
	return fmt.Sprintf(`-cmd ".parameter set :%s %s" `, parameter.Name, value)
}
