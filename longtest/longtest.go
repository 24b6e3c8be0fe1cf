// Package longtest decides which tests run and how large they are. A plain
// `go test ./...` ends within a minute or two. The flag -long, or
// IMPORTARCHIVE_LONG=1 in the environment, adds the tests that take long and gives
// the others their full size.
//
// A test that always takes long begins with [Only]. A test that can be smaller in a
// plain run takes its numbers from [Size]. -short overrides both.
//
// Every package with tests imports longtest, because `go test ./... -long` fails in a
// package without the flag. The program itself never imports it.
package longtest

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// Variable is the environment variable with the effect of the flag.
const Variable = "IMPORTARCHIVE_LONG"

var long = flag.Bool("long", false, "also run the tests that take long, and all at full size; "+Variable+"=1 does the same")

// Enabled reports whether tests may take long. With -short they never may.
func Enabled() bool {
	set, _ := strconv.ParseBool(os.Getenv(Variable))
	return (*long || set) && !testing.Short()
}

// Only skips a test unless tests may take long.
func Only(t testing.TB) {
	t.Helper()
	if !Enabled() {
		t.Skip("takes long: it runs with -long or " + Variable + "=1")
	}
}

// Size returns the size of a test in a plain run or in a long one.
func Size(plain, full int) int {
	if Enabled() {
		return full
	}
	return plain
}
