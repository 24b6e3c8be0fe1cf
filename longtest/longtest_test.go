package longtest

import (
	"flag"
	"testing"
)

func TestTheVariableOrTheFlagMakesTestsLong(t *testing.T) {
	if testing.Short() {
		t.Skip("-short wins over both")
	}
	defer func(set bool) { *long = set }(*long)
	for _, of := range []struct {
		variable string
		flag     bool
		want     bool
	}{
		{"", false, false},
		{"0", false, false},
		{"1", false, true},
		{"true", false, true},
		{"", true, true},
		{"0", true, true},
	} {
		t.Setenv(Variable, of.variable)
		*long = of.flag
		if got := Enabled(); got != of.want || Size(2, 30) != map[bool]int{false: 2, true: 30}[of.want] {
			t.Errorf("with %s=%q and -long=%v: %v, size %d", Variable, of.variable, of.flag, got, Size(2, 30))
		}
	}
}

func TestShortTestsAreNeverLong(t *testing.T) {
	short := flag.Lookup("test.short").Value
	before := short.String()
	defer func() { _ = short.Set(before) }()
	t.Setenv(Variable, "1")
	if err := short.Set("true"); err != nil {
		t.Fatal(err)
	}
	if Enabled() {
		t.Error("a short run has the long tests")
	}
	if !t.Run("skipped", func(t *testing.T) { Only(t); t.Error("it ran") }) {
		t.Error("a short run has a long test")
	}
}
