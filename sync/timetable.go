package sync

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

// Task is work on a schedule, such as the runs of one cluster, or a backup.
type Task struct {
	Name     string // unique in its timetable
	Schedule cron.Schedule
	Log      zerolog.Logger // says that a tick is skipped, or that the task panicked
	Do       func(ctx context.Context)

	// Start, where set, runs once, as soon as the timetable gets a task of this
	// name.
	Start func(ctx context.Context)
}

// Timetable runs tasks on their schedules. Each task runs once at a time: a
// tick that comes while the task still runs is skipped. A task that panics
// harms neither the others nor its own next tick.
type Timetable struct {
	ctx     context.Context // of all tasks
	cron    *cron.Cron
	entries map[string]*entry
	starts  sync.WaitGroup
}

// entry is the name of a task in a timetable. It outlives the task, because a
// task that Set takes out may still be running when a later Set brings it back.
type entry struct {
	task  atomic.Pointer[Task] // the newest of this name
	start atomic.Bool          // the next run is the task's Start
	job   cron.Job             // has the token of SkipIfStillRunning
	id    cron.EntryID         // 0: Set has taken the task out
}

// NewTimetable gives an empty timetable whose tasks get this context.
func NewTimetable(ctx context.Context) *Timetable {
	return &Timetable{ctx: ctx, cron: cron.New(cron.WithLogger(cron.DiscardLogger)), entries: map[string]*entry{}}
}

// Set makes these the tasks of the timetable. What runs meanwhile finishes as
// it began. A task whose schedule stays the same keeps its next tick:
// scheduled anew, "@every 1h" would begin its hour again. Set is not safe for
// concurrent use with itself, Start and Stop.
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
		// The order matters: with Recover outside, one panic would keep the token
		// of SkipIfStillRunning, and the task would never run again.
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
	e.id = t.cron.Schedule(task.Schedule, e.job)
	task.Log.Debug().Str("task", task.Name).Time("next", task.Schedule.Next(time.Now()).UTC()).Msg("scheduled")
	if isNew && task.Start != nil {
		e.start.Store(true)
		t.starts.Go(func() {
			e.job.Run()
			e.start.Store(false) // it was skipped: an older run still goes on
		})
	}
}

// Start begins to run tasks when they are due.
func (t *Timetable) Start() { t.cron.Start() }

// Stop runs no task any more, and returns when none is running. What shall end
// early must be told so by the context.
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

// Info implements [cron.Logger]. The chain calls it when it skips a tick.
func (e *entry) Info(string, ...any) {
	log := e.task.Load().Log
	log.Warn().Msg("the run before is still going on; this one is skipped")
}

// Error implements [cron.Logger]. The chain calls it when it recovers a panic.
func (e *entry) Error(err error, msg string, pairs ...any) {
	fields := make([]any, len(pairs)) // as texts: zerolog would look inside by reflection
	for i, v := range pairs {
		fields[i] = fmt.Sprint(v)
	}
	log := e.task.Load().Log
	log.Error().Err(err).Fields(fields).Msg(msg)
}
