// Package details holds what a service says of one job when a client asks it for
// that job alone. They are plain structs: package remote fills them, package db
// stores them, and neither knows the other.
package details

import (
	"reflect"
	"time"
)

// AskFor is how long after its listing a run may go on asking for jobs. An answer
// is in the archive some seconds later at the latest, with the time at which it
// came. An export of what is new since the last one looks back twice as far, so
// that it misses no answer.
const AskFor = time.Minute

// Job is what a service says of one job. Its listing has the id, the collection
// and the state, often no more. Texts that the service did not send are "",
// numbers nil, times zero.
type Job struct {
	RawState    string   // the service's own word
	Progress    *float64 // 0 to 100; nil also where the number sent does not say what it means
	ProgressRaw string   // the number as it was sent
	Reason      string

	FileName                          string
	FileSize, TotalRows, ImportedRows *int64 // in bytes, in rows

	// The service's own times, in UTC. Every service seen cuts them to whole
	// seconds: the moment itself is somewhere in the second that begins then.
	CreatedAt, CompletedAt time.Time

	Extra string // all other fields, and those that can't be read, as a JSON object with sorted keys; "" for none
	Files []File // in the order sent
}

// File is what a service says of one of the files that a job loads. Its fields
// are those of [Job].
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

// After is what an archive keeps of this answer where another one, nil for none,
// came before it, and whether it says anything new. Progress that runs backwards
// can't be right: only the number as it was sent stays. Times lose what is finer
// than a millisecond.
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

// forwards is a job's progress, unless it is less than before. The same number
// again means what it meant before.
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
