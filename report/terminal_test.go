package report

import (
	"bytes"
	"testing"
)

func TestNothingThatATerminalObeysReachesIt(t *testing.T) {
	const text = "id,reason\r\n1,\"red \x1b[31m, back\rwards, \u009b2J, \u202eleft, é漢\t\xff\"\r\n\r"
	const want = "id,reason\r\n1,\"red \\x1b[31m, back\\rwards, \\u009b2J, \\u202eleft, é漢\t\\xff\"\r\n\\r"
	for size := 1; size <= len(text); size++ {
		var screen bytes.Buffer
		w := &Terminal{To: &screen}
		for rest := []byte(text); len(rest) > 0; {
			n := min(size, len(rest))
			if written, err := w.Write(rest[:n]); written != n || err != nil {
				t.Fatal(written, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if screen.String() != want {
			t.Errorf("in pieces of %d: %q", size, screen.String())
		}
	}
}
