package rejects

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"importarchive/db"
	_ "importarchive/longtest"
)

func setOf(raws ...string) *Set {
	s := &Set{}
	for _, raw := range raws {
		s.Add(db.Reject{Raw: raw})
	}
	return s
}

func TestASetIsTheSameInAnyOrder(t *testing.T) {
	var raws []string
	for i := range 100 {
		raws = append(raws, fmt.Sprintf(`{"n":%d}`, i/2))
	}
	one := setOf(raws...)
	if one.Count() != 100 || len(one.Samples()) != samples {
		t.Errorf("%d records, %d samples", one.Count(), len(one.Samples()))
	}
	rand.Shuffle(len(raws), func(i, j int) { raws[i], raws[j] = raws[j], raws[i] })
	other := setOf(raws...)
	if one.Digest() != other.Digest() || !slices.Equal(one.Samples(), other.Samples()) {
		t.Errorf("%v and %v", one, other)
	}
	for name, another := range map[string]*Set{
		"one less": setOf(raws[1:]...), "one more": setOf(append(raws, raws[0])...),
		"another text": setOf(append(raws[1:], "{}")...), "none": {},
	} {
		if another.Digest() == one.Digest() {
			t.Errorf("%s: the same digest", name)
		}
	}
	if (&Set{}).Digest() != 0 {
		t.Error("an empty set has a digest")
	}
}

func TestATextIsFreshOnce(t *testing.T) {
	s := &Set{}
	for i, want := range []bool{true, false, true, false} {
		if got := s.Add(db.Reject{Raw: fmt.Sprint(i / 2)}); got != want {
			t.Errorf("record %d: %t", i, got)
		}
	}
	if len(s.Samples()) != 2 || s.TooMany() {
		t.Errorf("%+v", s)
	}
}
