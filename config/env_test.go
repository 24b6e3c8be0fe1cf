package config

import (
	"errors"
	"slices"
	"testing"
)

func TestStringsTakeVariablesOfTheEnvironment(t *testing.T) {
	env := map[string]string{"A": "one", "_b2": "two", "EMPTY": "", "NESTED": "${A}$$"}
	lookupenv := func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
	for _, row := range []struct {
		in, want string
		unset    []string
		err      error
	}{
		{in: ""},
		{in: "plain", want: "plain"},
		{in: "${A}", want: "one"},
		{in: "x${A}y${_b2}z", want: "xoneytwoz"},
		{in: "${EMPTY}", want: ""},
		{in: "${NESTED}", want: "${A}$$"},
		{in: "$$", want: "$"},
		{in: "$$$$", want: "$$"},
		{in: "$${A}", want: "${A}"},
		{in: "$$${A}", want: "$one"},
		{in: "{A}", want: "{A}"},
		{in: "${X}${A}${Y}", want: "one", unset: []string{"X", "Y"}},
		{in: "$", err: errDollar},
		{in: "$A", err: errDollar},
		{in: "$$$", err: errDollar},
		{in: "${", err: errDollar},
		{in: "${}", err: errDollar},
		{in: "${A", err: errDollar},
		{in: "${ A }", err: errDollar},
		{in: "${2}", err: errDollar},
		{in: "${A:-x}", err: errDollar},
		{in: "${A${A}}", err: errDollar},
	} {
		got, unset, err := expand(row.in, lookupenv)
		if got != row.want || !slices.Equal(unset, row.unset) || !errors.Is(err, row.err) {
			t.Errorf("%q: %q, unset %q, %v", row.in, got, unset, err)
		}
	}
}
