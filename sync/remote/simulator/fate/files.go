package fate

import "strconv"

// File is one of a job's files.
type File struct {
	Name       string
	Size, Rows int64 // in bytes, and as many as are to be imported
}

// Files works out what a job imports.
func (r *Rules) Files(l *Life) []File {
	d := Roll(r.Seed, files, l.N)
	folder := strconv.FormatUint(d.PCG.Uint64()|1<<63, 36)[:8]
	all := make([]File, 1+int(4*d.Unit()*d.Unit()))
	for i := range all {
		rows := 1000 + int64(99_000*d.Unit())
		all[i] = File{
			Name: folder + "/" + strconv.Itoa(i+1) + ".parquet",
			Rows: rows,
			Size: rows * (40 + int64(960*d.Unit())),
		}
	}
	return all
}

// Standing is how a job, or one of its files, is at a moment.
type Standing struct {
	File      // of a job: the first one's name, and the sums of all
	State     State
	Progress  int   // in percent; 0 of what failed
	Imported  int64 // rows
	Completed int64 // when it ended well; Never if it didn't
	Ended     int64 // in whatever way
	Reason    string
}

// Stand works out how a job and each of its files are at a moment. The files are
// imported one after the other.
func (r *Rules) Stand(l *Life, t int64) (job Standing, files []Standing) {
	job = Standing{State: l.State(t), Progress: l.Progress(t), Completed: Never, Ended: Never, Reason: l.Reason(t)}
	if l.Ended <= t {
		job.Ended = l.Ended
	}
	if job.State == Completed {
		job.Completed = l.Ended
	}
	all := r.Files(l)
	job.Name = all[0].Name
	for i, f := range all {
		p := l.fileAt(f, i, len(all), t)
		files = append(files, p)
		job.Size += f.Size
		job.Rows += f.Rows
		job.Imported += p.Imported
	}
	return job, files
}

// fileAt is the i-th of n files. Of a job that ended badly the last file is what
// was wrong with it; those before it may be finished.
func (l *Life) fileAt(f File, i, n int, t int64) Standing {
	p := Standing{File: f, Completed: Never, Ended: Never}
	t = min(t, l.Ended)
	begun, due := l.moment(i, n), l.moment(i+1, n)
	if l.stuck() {
		t = min(t, l.moment(4, 5))
	}
	switch bad := t == l.Ended && l.End != Completed; {
	case l.Started != Never && t >= due && (!bad || i < n-1):
		p.State, p.Progress, p.Imported, p.Completed, p.Ended = Completed, 100, f.Rows, due, due
	case bad:
		p.State, p.Reason, p.Ended = l.End, reasons[l.reason], l.Ended
	case l.Started != Never && t > begun:
		p.State = Running
		p.Progress = int(100 * (t - begun) / (due - begun))
		p.Imported = f.Rows * (t - begun) / (due - begun)
	}
	return p
}
