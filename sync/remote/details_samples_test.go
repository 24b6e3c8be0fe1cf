package remote

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"importarchive/db/details"
	"importarchive/sync/remote/answer"
)

// TestSampleDetailsGetTheirVerdict is TestSampleAnswersGetTheirVerdict for
// answers about one job. It asks for the job that an answer names.
func TestSampleDetailsGetTheirVerdict(t *testing.T) {
	checkSamples(t, "details", func(d *Dialect, _ string, status int, body []byte) string {
		id := namedIn(body)
		got, failure := d.readDetails(status, body, id)
		return detailsVerdict(d, id, got, failure)
	})
}

var saidOf = regexp.MustCompile(`jobID=(\d+)`)

// namedIn is the job that an answer is about, as encoding/json reads it, or as
// an error names it.
func namedIn(body []byte) string {
	if named := saidOf.FindSubmatch(body); named != nil {
		return string(named[1])
	}
	var env struct{ Data struct{ JobID any } }
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if err := dec.Decode(&env); err != nil || env.Data.JobID == nil {
		return "job-1"
	}
	return fmt.Sprint(env.Data.JobID)
}

// detailsVerdict shows details or an error with nothing left out.
func detailsVerdict(d *Dialect, id string, got Details, failure *Error) string {
	if failure != nil {
		text := verdict(answer.Listing{}, failure)
		if d.unknownCall(failure) {
			text += "the server does not know the call\n"
		}
		return text
	}
	return showJob(jobOf(id, got)) + showRest(got.ProgressRaw, map[string]*int64{"size": got.FileSize, "total": got.TotalRows, "imported": got.ImportedRows}) +
		showTime("created", got.CreatedAt) + showTime("completed", got.CompletedAt) + fmt.Sprintf(" file=%q\n", got.FileName) + showFiles(got.Files)
}

func showFiles(files []details.File) string {
	var b strings.Builder
	for _, f := range files {
		j := Job{ID: f.Name, RawState: f.RawState, Progress: f.Progress, Reason: f.Reason, Extra: f.Extra}
		b.WriteString("file of " + showJob(j) + showRest(f.ProgressRaw, map[string]*int64{"size": f.Size, "total": f.TotalRows, "imported": f.ImportedRows}))
		b.WriteString(showTime("completed", f.CompletedAt) + "\n")
	}
	return b.String()
}

func showRest(raw string, counts map[string]*int64) string {
	text := fmt.Sprintf(" raw=%q", raw)
	for _, name := range []string{"size", "total", "imported"} {
		if n := counts[name]; n != nil {
			text += fmt.Sprintf(" %s=%d", name, *n)
		}
	}
	return text
}

func showTime(name string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return fmt.Sprintf(" %s=%s", name, at.Format(time.RFC3339Nano))
}

func jobOf(id string, d Details) Job {
	return Job{ID: id, Collection: d.Collection, RawState: d.RawState, Progress: d.Progress, Reason: d.Reason, Extra: d.Extra}
}
