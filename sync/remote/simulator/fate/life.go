package fate

// State is how far a job is. The two states between running and completed are
// those of an import in two phases.
type State uint8

// The states, and how many there are.
const (
	Pending State = iota
	Running
	Uncommitted // all rows are loaded, the commit is yet to come
	Committing
	Completed
	Failed
	Cancelled
	States
)

// Reasons as services give them. Some jobs fail without: users complain about it.
var reasons = [...]string{
	"", "file is empty", "access to the object was denied", "row counts of the files differ",
	"a field of the schema is missing", aborted: "aborted by user",
}

const aborted = 5

// Life is the whole fate of a job.
type Life struct {
	N                   int // from 0 in order of birth; negative for jobs that had finished before
	Born, Started       int64
	Uncommitted, Commit int64 // of a two-phase import: when it waits, and when it is committed
	Ended               int64
	Renamed             int64
	Gone, Back, Left    int64 // out of the list, in it again, out of it for good
	End                 State
	Disagreed           bool // list and describe say different words once it has ended
	Ghost               bool // a listing has it as failed although it has left; set by that listing alone

	loaded, due         int64  // when all its rows are loaded, when it would end if it were to
	reason              uint8  // in reasons
	collection, another uint16 // by number; another after Renamed
}

// twoPhases makes a job wait for its commit once its rows are loaded. One that
// never ends waits for ever.
func (l *Life) twoPhases() {
	if l.Started == Never {
		return
	}
	loaded, commit := l.moment(3, 5), l.moment(4, 5)
	l.loaded = loaded
	if loaded < min(l.Ended, l.Gone) {
		l.Uncommitted = loaded
	}
	if commit < l.Ended && l.Ended != Never {
		l.Commit = commit
	}
}

// finishBeforeStart ends a job that is to be finished and listed from the start.
func (l *Life) finishBeforeStart() {
	l.Gone = Never
	if l.Ended == Never {
		l.Ended, l.End = l.due, Completed
		l.Started = min(l.Started, l.Ended-1)
	}
}

// Listed reports whether a job that was born is in the list, and until when that
// stays so.
func (l *Life) Listed(t int64) (bool, int64) {
	switch {
	case t < l.Gone:
		return true, l.Gone
	case t < l.Back:
		return false, l.Back
	}
	return t < l.Left, l.Left
}

// LeftWithin reports whether a job is out of the list at the end of a stretch, and
// left it within.
func (l *Life) LeftWithin(from, t int64) bool {
	listed, _ := l.Listed(t)
	return !listed && (from < l.Gone && l.Gone <= t || from < l.Left && l.Left <= t)
}

// State at a moment.
func (l *Life) State(t int64) State {
	switch {
	case t >= l.Ended:
		return l.End
	case t >= l.Commit:
		return Committing
	case t >= l.Uncommitted:
		return Uncommitted
	case t >= l.Started:
		return Running
	}
	return Pending
}

// Reason of a job that has ended badly by then; "" where it has none.
func (l *Life) Reason(t int64) string {
	if l.State(t) != l.End {
		return ""
	}
	return reasons[l.reason]
}

// Collection is the number of the job's collection. The new names of renamed
// ones are numbered after all others, in the same order.
func (l *Life) Collection(t int64) uint16 {
	if t >= l.Renamed {
		return l.another
	}
	return l.collection
}

// stuck reports whether a job stays for ever where Milvus waits for an index.
func (l *Life) stuck() bool { return l.Ended == Never && l.Uncommitted == Never }

// Progress in percent. A failed job says 0, so progress can go backwards; a
// stuck one stays at 80, and one that is yet to be committed at 99.
func (l *Life) Progress(t int64) int {
	switch l.State(t) {
	case Running:
		if l.stuck() {
			t = min(t, l.moment(4, 5))
		}
		return int(100 * (t - l.Started) / max(1, l.loaded-l.Started))
	case Uncommitted, Committing:
		return 99
	case Completed:
		return 100
	default:
		return 0
	}
}

// moment is when a job is to have loaded i of n parts.
func (l *Life) moment(i, n int) int64 {
	if l.Started == Never {
		return Never
	}
	return l.Started + (l.loaded-l.Started)*int64(i)/int64(n)
}
