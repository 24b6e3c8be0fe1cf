package simulator

import (
	"strconv"
	"time"
)

// File is one of a job's files.
type File struct {
	Name       string
	Size, Rows int64 // in bytes, and as many as are to be imported
}

// filesOf works out what a job imports.
func (c *cluster) filesOf(l *life) []File {
	d := roll(c.seed, files, l.n)
	folder := strconv.FormatUint(d.pcg.Uint64()|1<<63, 36)[:8]
	all := make([]File, 1+int(4*d.unit()*d.unit()))
	for i := range all {
		rows := 1000 + int64(99_000*d.unit())
		all[i] = File{
			Name: folder + "/" + strconv.Itoa(i+1) + ".parquet",
			Rows: rows,
			Size: rows * (40 + int64(960*d.unit())),
		}
	}
	return all
}

// detail is how a job stands at a moment, as far as any service tells.
type detail struct {
	standing
	id, collection string
	word           string // describe's, for its state
	created        int64
	files          []standing
}

// standing is that of a job or of one of its files.
type standing struct {
	File
	state     state
	progress  int   // in percent; 0 of what failed
	imported  int64 // rows
	completed int64 // when it ended well; never if it didn't
	ended     int64 // in whatever way
	reason    string
}

// detail looks at a job. Its files are imported one after the other.
func (c *cluster) detail(l *life, t int64) *detail {
	d := &detail{
		standing:   standing{state: l.state(t), progress: l.progress(t), completed: never, ended: never},
		id:         string(c.appendID(nil, l)),
		collection: c.names[l.name(t)],
		created:    l.born,
	}
	_, d.word = c.words(l, t)
	if d.state == l.end && l.ended <= t {
		d.ended, d.reason = l.ended, reasons[l.reason]
	}
	if d.state == completed {
		d.completed = l.ended
	}
	all := c.filesOf(l)
	d.Name = all[0].Name
	for i, f := range all {
		p := c.fileAt(l, f, i, len(all), t)
		d.files = append(d.files, p)
		d.Size += f.Size
		d.Rows += f.Rows
		d.imported += p.imported
	}
	return d
}

// fileAt is the i-th of n files. Of a job that ended badly the last one is
// what was wrong with it; those before it may have been finished.
func (c *cluster) fileAt(l *life, f File, i, n int, t int64) standing {
	p := standing{File: f, completed: never, ended: never}
	t = min(t, l.ended)
	begun, due := l.moment(i, n), l.moment(i+1, n)
	if l.stuck() {
		t = min(t, l.moment(4, 5))
	}
	over := t == l.ended
	switch bad := over && l.end != completed; {
	case l.started != never && t >= due && (!bad || i < n-1):
		p.state, p.progress, p.imported, p.completed, p.ended = completed, 100, f.Rows, due, due
	case bad:
		p.state, p.reason, p.ended = l.end, reasons[l.reason], l.ended
	case l.started != never && t > begun:
		p.state = running
		p.progress = int(100 * (t - begun) / (due - begun))
		p.imported = f.Rows * (t - begun) / (due - begun)
	}
	return p
}

// moment is when a job is to have loaded i of n parts.
func (l *life) moment(i, n int) int64 {
	if l.started == never {
		return never
	}
	return l.started + (l.loaded-l.started)*int64(i)/int64(n)
}

// clock spells a moment as the service does: by its own clock, in its own
// zone, cut to whole seconds; "" for never.
func (c *cluster) clock(at int64) string {
	if at == never {
		return ""
	}
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMilli(at).Add(c.Clock).In(zone).Format(time.RFC3339)
}
