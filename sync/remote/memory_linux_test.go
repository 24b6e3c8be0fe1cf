//go:build !race

package remote

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// reads names the dialect whose answer a child process reads.
const reads = "IMPORTARCHIVE_TEST_READS"

// TestAMillionRecordsTakeLittleMemory has a child process read an answer of a million
// records, 38 MB, and looks at how much of its memory was ever resident. A paged
// service has no business to send that: the client stops after ten times what it asked
// for. Milvus has no pages, so its answer is read whole.
func TestAMillionRecordsTakeLittleMemory(t *testing.T) {
	if dialect := os.Getenv(reads); dialect != "" {
		readsAMillion(t, dialect)
		return
	}
	for dialect, want := range map[string]string{"zilliz-v1": "protocol after 0 records", "milvus-v2": "1000000 records"} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAMillionRecordsTakeLittleMemory$", "-test.v")
		child.Env = append(os.Environ(), reads+"="+dialect)
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("%s: %v, want %q: %s", dialect, err, want, out)
		}
		resident := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
		if resident == nil {
			t.Fatalf("%s: %s", dialect, out)
		}
		if kB, _ := strconv.Atoi(string(resident[1])); kB > 300<<10 {
			t.Errorf("%s: %d MiB were resident", dialect, kB>>10)
		}
	}
}

func readsAMillion(t *testing.T, dialect string) {
	target := testTarget()
	target.Dialect, _ = DialectNamed(dialect)
	client := NewClient(target, millions{}, NewPacer(), time.Now)
	records := 0
	for page, err := range client.Pages(t.Context(), nil) {
		if e, ok := errors.AsType[*Error](err); ok {
			t.Logf("%s after %d records", e.Kind, records)
			break
		}
		records += len(page.Jobs)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records\n%s", records, status)
}

// millions answers with a million records.
type millions struct{}

func (millions) RoundTrip(r *http.Request) (*http.Response, error) {
	from, into := io.Pipe()
	go func() {
		b, err := append(make([]byte, 0, 1<<16), `{"code":200,"data":{"tasks":[`...), error(nil)
		if r.Method == http.MethodPost {
			b = append(b[:0], `{"code":0,"data":{"records":[`...)
		}
		for n := range 1_000_000 {
			if n > 0 {
				b = append(b, ',')
			}
			b = append(strconv.AppendInt(append(b, `{"jobId":"`...), int64(1_000_000+n), 10), `","state":"Completed"}`...)
			if len(b) > 60_000 {
				if _, err = into.Write(b); err != nil {
					break
				}
				b = b[:0]
			}
		}
		if err == nil {
			_, err = into.Write(append(b, "]}}"...))
		}
		_ = into.CloseWithError(err)
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: from, Request: r}, nil
}
