package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"importarchive/sync/remote/simulator/fate"
)

// Naming is the set of names under which a service has the call for one job.
type Naming string

const (
	AllNames  Naming = ""             // all names known of its dialect
	CamelName Naming = "getProgress"  // only so
	SnakeName Naming = "get_progress" // only so
	NoName    Naming = "none"         // there is no such call
)

// knows reports whether the service has the call under this name. The first API has
// one name.
func (n Naming) knows(name string) bool {
	return n == AllNames || string(n) == name || n != NoName && name == "get"
}

// describe returns the service's answer about one job. It has forgotten jobs that have
// left the list.
func (c *cluster) describe(q *question, hit *hit, w *World) *answer {
	if !c.Naming.knows(q.name) {
		return noSuchPath()
	}
	if !c.admits(q) {
		return c.dialect.badKey.answer()
	}
	if a := c.shaped(hit); a != nil {
		return a
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := w.now().UnixMilli()
	c.advance(w.still(now))
	l, ok := c.find(q.jobID)
	switch {
	case !ok:
		r := c.dialect.noJob
		r.message = fmt.Sprintf(r.message, q.jobID)
		a := r.answer()
		a.heard = c.answers(q.number, now, Forgotten)
		return a
	case hit.withholds(&l, c.at):
		return c.dialect.denied.answer()
	}
	d := c.detail(&l, c.at)
	data, _ := json.Marshal(c.dialect.spell(c, d)) // plain fields always can be
	a := jsonAnswer(http.StatusOK, append(append(c.open(nil, `,"data":`), data...), '}'))
	if !c.Unrecorded {
		a.heard = c.describes(q.number, now, d)
	}
	return a
}

// find returns the job with this id if it is listed at this moment. An id does not show
// the job's number, so the first search computes all ids, once.
func (c *cluster) find(id string) (fate.Life, bool) {
	if c.numbers == nil {
		c.numbers, c.numbered = make(map[string]int), -c.Jobs
	}
	for ; c.numbered < c.born; c.numbered++ {
		l := c.rules.Life(c.numbered)
		c.numbers[string(c.rules.AppendID(nil, &l))] = c.numbered
	}
	n, ok := c.numbers[id]
	if !ok || n >= c.born {
		return fate.Life{}, false
	}
	l := c.rules.Life(n)
	listed, _ := l.Listed(c.at)
	return l, listed
}

// detail is the state of a job at a moment, with all fields that any service shows.
type detail struct {
	fate.Standing
	id, collection string
	word           string // describe's, for its state
	created        int64
	files          []fate.Standing
}

func (c *cluster) detail(l *fate.Life, t int64) *detail {
	d := &detail{id: string(c.rules.AppendID(nil, l)), collection: c.names[l.Collection(t)], created: l.Born}
	d.Standing, d.files = c.rules.Stand(l, t)
	_, d.word = c.words(l, t)
	return d
}

// clock spells a moment as the service does: by its own clock, in its own
// zone, cut to whole seconds; "" for never.
func (c *cluster) clock(at int64) string {
	if at == fate.Never {
		return ""
	}
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMilli(at).Add(c.Clock).In(zone).Format(time.RFC3339)
}

// The three shapes of an answer. Their fields are those of the documented
// examples, and of Milvus's describe in its source.

type describedV1 struct {
	Collection   string  `json:"collectionName,omitempty"`
	FileName     string  `json:"fileName"`
	FileSize     int64   `json:"fileSize"`
	Ready        float64 `json:"readyPercentage"`
	CompleteTime *string `json:"completeTime"`
	Error        *string `json:"errorMessage"`

	JobID   string        `json:"jobId,omitempty"`
	Details []describedV1 `json:"details,omitempty"`
}

// spellV1 spells the answer of the first API. The spelling of times as in the second
// API, and a time for failed jobs, are guesses.
func spellV1(c *cluster, d *detail) any {
	spell := func(p *fate.Standing) describedV1 {
		t := describedV1{FileName: p.Name, FileSize: p.Size, Ready: float64(p.Progress)}
		if !c.Percent {
			t.Ready /= 100
		}
		if p.Ended != fate.Never {
			at, reason := c.clock(p.Ended), p.Reason
			t.CompleteTime, t.Error = &at, &reason
		}
		return t
	}
	t := spell(&d.Standing)
	t.Collection, t.JobID = d.collection, d.id
	for i := range d.files {
		t.Details = append(t.Details, spell(&d.files[i]))
	}
	return t
}

type describedV2 struct {
	JobID        string        `json:"jobId,omitempty"`
	Collection   string        `json:"collectionName,omitempty"`
	FileName     string        `json:"fileName"`
	FileSize     int64         `json:"fileSize"`
	State        string        `json:"state"`
	Progress     int           `json:"progress"`
	CompleteTime string        `json:"completeTime"`
	Reason       string        `json:"reason"`
	TotalRows    int64         `json:"totalRows"`
	Details      []describedV2 `json:"details,omitempty"`
}

// spellV2 spells the answer of the second API; the time of failed jobs is a guess.
func spellV2(c *cluster, d *detail) any {
	spell := func(p *fate.Standing) describedV2 {
		return describedV2{
			FileName: p.Name, FileSize: p.Size, State: c.dialect.words[p.State], Progress: p.Progress,
			CompleteTime: c.clock(p.Ended), Reason: p.Reason, TotalRows: p.Rows,
		}
	}
	t := spell(&d.Standing)
	t.JobID, t.Collection, t.State = d.id, d.collection, d.word
	for i := range d.files {
		t.Details = append(t.Details, spell(&d.files[i]))
	}
	return t
}

type describedMilvus struct {
	Collection   string `json:"collectionName,omitempty"`
	CompleteTime string `json:"completeTime"`
	CreateTime   string `json:"createTime,omitempty"`

	Details      []describedMilvus `json:"details,omitempty"`
	FileName     string            `json:"fileName,omitempty"`
	FileSize     int64             `json:"fileSize"`
	ImportedRows int64             `json:"importedRows"`
	JobID        string            `json:"jobId,omitempty"`
	Progress     int               `json:"progress"`
	Reason       string            `json:"reason,omitempty"`
	State        string            `json:"state"`
	TotalRows    int64             `json:"totalRows"`
}

// spellMilvus spells the answer of Milvus: only completed jobs have a time of their end.
func spellMilvus(c *cluster, d *detail) any {
	spell := func(p *fate.Standing) describedMilvus {
		return describedMilvus{
			CompleteTime: c.clock(p.Completed), FileSize: p.Size, ImportedRows: p.Imported,
			Progress: p.Progress, Reason: p.Reason, State: c.dialect.words[p.State], TotalRows: p.Rows,
		}
	}
	t := spell(&d.Standing)
	t.Collection, t.CreateTime, t.JobID, t.State = d.collection, c.clock(d.created), d.id, d.word
	for i := range d.files {
		f := spell(&d.files[i])
		f.FileName = "[" + d.files[i].Name + "]"
		t.Details = append(t.Details, f)
	}
	return t
}
