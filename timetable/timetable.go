// Package timetable runs tasks on their schedules. A [Timetable] holds [Task]s,
// such as the runs of one cluster, a backup or an export. They have these guarantees
// in common: a task runs once at a time, a panic harms neither the others nor
// the task's next tick, and the tasks can be replaced while they run. When the clock
// jumps, every task finds its way back within a minute. The ticks come from the
// library cron.
//
// The package also determines what a schedule promises: [Expected] and [StaleAfter].
// Freshness and gaps are measured against that.
//
// It knows nothing of clusters and archives. Package sync makes the tasks of the
// clusters; package service makes the others and owns the timetable.
package timetable

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"
)

// Task is work on a schedule.
type Task struct {
	Name     string // unique in its timetable
	Schedule cron.Schedule
	Log      zerolog.Logger // gets a line for each skipped tick and each panic
	Do       func(ctx context.Context)

	// Start, if not nil, runs once in place of Do when the timetable gets a task of
	// this name.
	Start func(ctx context.Context)
}

// Timetable runs tasks on their schedules. It skips a tick that comes while the
// task still runs.
type Timetable struct {
	ctx     context.Context // all tasks get it
	now     func() time.Time
	cron    *cron.Cron
	entries map[string]*entry
	starts  sync.WaitGroup
}

// entry is what a timetable keeps under a task's name. It outlives the task: a
// task that Set removes may still run when a later Set adds it again.
type entry struct {
	task  atomic.Pointer[Task] // the newest of this name
	start atomic.Bool          // the next run is the task's Start
	job   cron.Job             // holds the token of SkipIfStillRunning
	due   due
	id    cron.EntryID // 0: Set has removed the task
}

// New returns an empty timetable whose tasks get this context, and run by the clock
// now. The clock may jump: see due.go.
func New(ctx context.Context, now func() time.Time) *Timetable {
	return &Timetable{ctx: ctx, now: now, cron: cron.New(cron.WithLogger(cron.DiscardLogger)), entries: map[string]*entry{}}
}

// Set replaces all tasks of the timetable. A task that is running finishes with its
// old settings. A task whose schedule stays the same keeps its next tick: a new
// entry for "@every 1h" would begin the hour again. Set, Start and Stop are not
// safe for concurrent use.
func (t *Timetable) Set(tasks []Task) {
	wanted := map[string]bool{}
	for i := range tasks {
		wanted[tasks[i].Name] = true
		t.set(&tasks[i])
	}
	for name, e := range t.entries {
		if !wanted[name] && e.id != 0 {
			t.cron.Remove(e.id)
			e.id = 0
		}
	}
}

func (t *Timetable) set(task *Task) {
	e := t.entries[task.Name]
	if e == nil {
		e = &entry{}
		// Recover must be the inner one. As the outer one, it would let a panic keep
		// the token of SkipIfStillRunning, and the task would never run again.
		e.job = cron.NewChain(cron.SkipIfStillRunning(e), cron.Recover(e)).Then(cron.FuncJob(func() { e.run(t.ctx) }))
		t.entries[task.Name] = e
	}
	was := e.task.Swap(task)
	isNew := e.id == 0
	if !isNew && reflect.DeepEqual(was.Schedule, task.Schedule) {
		return
	}
	if !isNew {
		t.cron.Remove(e.id)
	}
	e.due.plan(task.Schedule, t.now().Round(0))
	e.id = t.cron.Schedule(waker{&e.due, t.now}, cron.FuncJob(func() {
		if e.due.now(t.now().Round(0), time.Now()) {
			e.job.Run()
		}
	}))
	task.Log.Debug().Str("task", task.Name).Time("next", task.Schedule.Next(t.now()).UTC()).Msg("scheduled")
	if isNew && task.Start != nil {
		e.start.Store(true)
		t.starts.Go(func() {
			e.job.Run()
			e.start.Store(false) // SkipIfStillRunning may have skipped it: an older run goes on
		})
	}
}

// Start begins to run the tasks when they are due.
func (t *Timetable) Start() { t.cron.Start() }

// Stop starts no more tasks and waits for those that run. It does not cancel
// them; the context of New does.
func (t *Timetable) Stop() {
	<-t.cron.Stop().Done()
	t.starts.Wait()
}

func (e *entry) run(ctx context.Context) {
	task := e.task.Load()
	if e.start.Swap(false) && task.Start != nil {
		task.Start(ctx)
		return
	}
	task.Do(ctx)
}

// Info implements [cron.Logger]. SkipIfStillRunning calls it for each skipped tick.
func (e *entry) Info(string, ...any) {
	log := e.task.Load().Log
	log.Warn().Msg("the run before is still going on; this one is skipped")
}

// Error implements [cron.Logger]. Recover calls it for each panic.
func (e *entry) Error(err error, msg string, pairs ...any) {
	fields := make([]any, len(pairs)) // as texts, because zerolog would reflect on other values
	for i, v := range pairs {
		fields[i] = fmt.Sprint(v)
	}
	log := e.task.Load().Log
	log.Error().Err(err).Fields(fields).Msg(msg)
}
