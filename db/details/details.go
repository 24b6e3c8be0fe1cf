// Package details has the structs of a service's answer about a single job. Package
// remote fills them, package db stores them, and neither imports the other.
package details

import (
	"reflect"
	"time"
)

// AskFor is how long after its listing a run may query single jobs. An answer is in
// the archive some seconds later at the latest, with the time at which it was
// received. An incremental export reaches back twice as far, so that it misses no
// answer.
const AskFor = time.Minute

// Job is a service's answer about one job. A listing has the id, the collection and
// the state, often no more. Texts that the service did not send are "", numbers
// nil, times zero.
type Job struct {
	RawState    string   // the service's own word
	Progress    *float64 // 0 to 100; nil also where the meaning of the number is unclear
	ProgressRaw string   // the number as it was sent
	Reason      string

	FileName                          string
	FileSize, TotalRows, ImportedRows *int64 // in bytes, in rows

	// The service's own times, in UTC. All services so far cut them to whole
	// seconds: the true time lies in the second that begins then.
	CreatedAt, CompletedAt time.Time

	Extra string // all other fields, and those that can't be read, as a JSON object with sorted keys; "" for none
	Files []File // in the order sent
}

// File is a service's answer about one of a job's files. Its fields mean the same
// as those of [Job].
type File struct {
	Name                          string
	Size, TotalRows, ImportedRows *int64
	RawState                      string
	Progress                      *float64
	ProgressRaw                   string
	Reason                        string
	CompletedAt                   time.Time
	Extra                         string
}

// After returns what an archive keeps of this answer after the answer before it
// (nil for none), and whether it says anything new. Progress that runs backwards
// can't be right, so only its raw text stays. Times are cut to milliseconds.
func (d *Job) After(before *Job) (now *Job, news bool) {
	now = new(*d)
	now.CreatedAt, now.CompletedAt = wholeMillis(d.CreatedAt), wholeMillis(d.CompletedAt)
	now.Files = make([]File, len(d.Files))
	copy(now.Files, d.Files)
	for i := range now.Files {
		now.Files[i].CompletedAt = wholeMillis(now.Files[i].CompletedAt)
	}
	if before == nil {
		return now, true
	}
	now.Progress = forwards(now.Progress, now.ProgressRaw, before.Progress, before.ProgressRaw)
	for i := range min(len(now.Files), len(before.Files)) {
		if f, b := &now.Files[i], &before.Files[i]; f.Name == b.Name {
			f.Progress = forwards(f.Progress, f.ProgressRaw, b.Progress, b.ProgressRaw)
		}
	}
	was := *before
	if was.Files == nil {
		was.Files = []File{}
	}
	return now, !reflect.DeepEqual(*now, was)
}

// forwards returns a job's progress, unless it is less than before. The same raw
// number again means the same progress as before.
func forwards(now *float64, raw string, before *float64, rawBefore string) *float64 {
	if raw == rawBefore && raw != "" {
		return before
	}
	if now != nil && before != nil && *now < *before {
		return nil
	}
	return now
}

func wholeMillis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
