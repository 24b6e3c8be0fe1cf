package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// table reads one table of the settings file. A mistake is added to the problems,
// and reading continues with the zero value.
type table struct {
	*settings
	kind   string // its name in Keys, such as "sync" or "clusters"; "" for the file itself
	where  string // its path in lines, such as "clusters[2]"
	shown  string // its path in messages, such as `clusters[2] "prod"`
	values map[string]any
}

// newTable begins to read a table, and reports unknown keys.
func (f *settings) newTable(kind, where, shown string, values map[string]any) *table {
	t := &table{settings: f, kind: kind, where: where, shown: shown, values: values}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if why, ok := removed[kind][key]; ok {
			t.problem(key, "this key is gone, because %s: delete the line", why)
		} else if _, ok := Keys[kind][key]; !ok {
			t.problem(key, "unknown key%s", suggestion(kind, key))
		}
	}
	return t
}

// table returns a table of the file; an empty one if it is missing.
func (t *table) table(kind string) *table {
	values, _ := t.values[kind].(map[string]any)
	if values == nil && t.has(kind) {
		t.problem(kind, "wants a table, [%s], not %s", kind, typeName(t.values[kind]))
	}
	return t.newTable(kind, kind, kind, values)
}

// tables returns the tables of a list.
func (t *table) tables(kind string) []*table {
	list, ok := t.values[kind].([]any)
	if !ok && t.has(kind) {
		t.problem(kind, "wants a list of tables, not %s: begin each with [[%s]]", typeName(t.values[kind]), kind)
		return nil
	}
	var ts []*table
	for i, v := range list {
		where := element(kind, i+1)
		values, ok := v.(map[string]any)
		if !ok {
			t.report(t.lines[where], where, "wants a table, not "+typeName(v))
			continue
		}
		shown := where
		if name, ok := values["name"].(string); ok {
			shown += " " + text{spelled: name}.String()
		}
		ts = append(ts, t.newTable(kind, where, shown, values))
	}
	return ts
}

// problem adds a problem of a key.
func (t *table) problem(key, format string, args ...any) {
	t.report(t.line(key), child(t.shown, key), fmt.Sprintf(format, args...))
}

// missing adds the problem that a required key is missing.
func (t *table) missing(key, what string) {
	t.report(t.lines[t.where], t.shown, key+" is missing: "+what)
}

// line returns the line of a key, or else of its table.
func (t *table) line(key string) int {
	if n, ok := t.lines[child(t.where, key)]; ok {
		return n
	}
	return t.lines[t.where]
}

// has reports whether the file has the key, whatever its value.
func (t *table) has(key string) bool {
	_, ok := t.values[key]
	return ok
}

// get returns the value of a key, or its default. It is not ok if there is
// neither, or if the type is wrong, which is a problem.
func get[T any](t *table, key, wants string) (v T, ok bool) {
	value, given := t.values[key]
	if !given {
		value = Keys[t.kind][key]
	}
	if value == nil {
		return v, false
	}
	if v, ok = value.(T); !ok {
		t.problem(key, "wants %s, not %s", wants, typeName(value))
	}
	return v, ok
}

// list passes the strings of a list to read, which says what is wrong with one; ""
// for nothing. It returns how many elements the list has, and ok as get does.
func (t *table) list(key, wants string, read func(string) string) (count int, ok bool) {
	list, ok := get[[]any](t, key, wants)
	for i, v := range list {
		wrong := "wants a string, not " + typeName(v)
		if s, is := v.(string); is {
			wrong = read(s)
		}
		if where := element(child(t.where, key), i+1); wrong != "" {
			t.report(t.lines[where], where, wrong)
		}
	}
	return len(list), ok
}

// text returns a string whose variables are replaced. It is not ok as with get,
// and if a variable is not set.
func (t *table) text(key, wants string) (text, bool) {
	s, ok := get[string](t, key, wants)
	if !ok {
		return text{}, false
	}
	value, unset, err := expand(s, t.lookupenv)
	if err != nil {
		t.problem(key, "%v", err)
	}
	for _, name := range unset {
		t.unset = append(t.unset, variableUse{name, t.line(key)})
	}
	if err != nil || len(unset) > 0 {
		return text{}, false // an incomplete value would only cause more problems
	}
	return text{spelled: s, value: value}, true
}

func (t *table) boolean(key string) bool {
	b, _ := get[bool](t, key, "true or false")
	return b
}

func (t *table) integer(key string, least, most int, takes string) int {
	n, ok := get[int64](t, key, "a whole number")
	if !ok || !inRange(t, key, n, n, int64(least), int64(most), "small", "large", takes) {
		return 0
	}
	return int(n)
}

func (t *table) number(key string, least, most float64, takes string) float64 {
	n, ok := get[any](t, key, "")
	if whole, is := n.(int64); is {
		n = float64(whole)
	}
	x, is := n.(float64)
	switch {
	case !ok:
		return 0
	case !is:
		t.problem(key, "wants a number, not %s", typeName(n))
		return 0
	case math.IsNaN(x):
		t.problem(key, "nan is not a number, %s", takes)
		return 0
	case !inRange(t, key, x, n, least, most, "small", "large", takes):
		return 0
	}
	return x
}

func (t *table) duration(key string, least, most time.Duration, takes string) time.Duration {
	x, ok := t.text(key, `a duration in quotes, such as "30s"`)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(strings.TrimSpace(x.value))
	if err != nil {
		t.problem(key, `%v is not a duration: write it like "30s", "2m" or "1h30m"`, x)
		return 0
	}
	if !inRange(t, key, d, x, least, most, "short", "long", takes) {
		return 0
	}
	return d
}

// oneOf returns one of the words.
func (t *table) oneOf(key string, words []string) string {
	x, ok := t.text(key, "a string")
	if ok && !slices.Contains(words, x.value) {
		t.problem(key, "%v is none of %s", x, strings.Join(words, ", "))
	}
	return x.value
}
