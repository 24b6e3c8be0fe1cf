package config

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// text is a string of the settings file. Problems quote its spelling, never its
// value: a variable of the environment may hold a key, in any setting.
type text struct {
	spelled string // such as "${DATA}/archive.db"
	value   string // such as "/srv/archive.db"
}

// String quotes the spelling, shortened to 80 characters.
func (x text) String() string {
	if r := []rune(x.spelled); len(r) > 80 {
		return strconv.Quote(string(r[:80])) + "…"
	}
	return strconv.Quote(x.spelled)
}

// because returns a parser's reason for refusing the value. It returns "" if the
// reason may quote a value from the environment.
func (x text) because(err error) string {
	if x.spelled != x.value {
		return ""
	}
	return ": " + err.Error()
}

var (
	variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

	// The string may be a key, so the message doesn't quote it.
	errDollar = errors.New("has a $ without a meaning: write ${NAME} for a variable of the environment, $$ for a dollar")
)

// expand replaces ${NAME} by the variable's value and $$ by a dollar. It also
// returns the names of variables that are not set.
func expand(s string, lookupenv func(string) (string, bool)) (value string, unset []string, err error) {
	var b strings.Builder
	for {
		before, _, found := strings.Cut(s, "$")
		b.WriteString(before)
		if !found {
			return b.String(), unset, nil
		}
		s = s[len(before):]
		if rest, ok := strings.CutPrefix(s, "$$"); ok {
			b.WriteByte('$')
			s = rest
			continue
		}
		m := variable.FindStringSubmatch(s)
		if m == nil {
			return "", nil, errDollar
		}
		v, ok := lookupenv(m[1])
		if !ok {
			unset = append(unset, m[1])
		}
		b.WriteString(v)
		s = s[len(m[0]):]
	}
}

// variableUses are the places that use variables of the environment.
type variableUses []variableUse

type variableUse struct {
	name string
	line int
}

// String names each variable once, with all its lines, in their order.
func (uses variableUses) String() string {
	var names []string
	lines := make(map[string][]string)
	uses = slices.Clone(uses)
	slices.SortStableFunc(uses, func(a, b variableUse) int { return a.line - b.line })
	for _, u := range slices.Compact(uses) {
		if lines[u.name] == nil {
			names = append(names, u.name)
		}
		lines[u.name] = append(lines[u.name], strconv.Itoa(u.line))
	}
	for i, name := range names {
		word := "line "
		if len(lines[name]) > 1 {
			word = "lines "
		}
		names[i] += " (" + word + strings.Join(lines[name], ", ") + ")"
	}
	return strings.Join(names, ", ")
}
