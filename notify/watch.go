package notify

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/db/rows"
	"importarchive/db/store/clocks"
	"importarchive/queries"
)

// turnFacts are the facts of a notice about a cluster that turned stale or recovered.
type turnFacts struct {
	LastConclusiveAt *string `json:"last_conclusive_at"`  // null: never
	LastCompleteAt   *string `json:"last_complete_at"`    // null: never
	StaleFrom        string  `json:"stale_from"`          // the end of the conclusive run after which it turned stale, or since when it is watched
	StaleAfter       float64 `json:"stale_after_seconds"` // how old a conclusive run may be
	runFacts
}

// runFacts has how the newest closed run ended.
type runFacts struct {
	LastOutcome *db.Outcome `json:"last_outcome"`
	ErrorKind   *string     `json:"error_kind"`
	Error       *string     `json:"error"`
}

// watch compares every cluster with its newest notices.
func (n *Notifier) watch(ctx context.Context, box outbox, listings map[string]listing) error {
	all, err := box.watched(ctx)
	if err != nil {
		return err
	}
	verdicts, err := n.retention.verdicts(ctx, n, listings)
	if err != nil {
		return err
	}
	for i := range n.Clusters {
		cl := &n.Clusters[i]
		w := all[cl.Name]
		if w == nil {
			continue // unreachable: begin has stored it
		}
		if err := n.freshness(ctx, box, cl, w, listings[cl.Name]); err != nil {
			return err
		}
		if err := n.clock(ctx, box, cl.Name, w, n.doubts.wrong[cl.Name]); err != nil {
			return err
		}
		if v, ok := verdicts[cl.Name]; ok {
			if err := n.quickness(ctx, box, cl.Name, w, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// freshness makes a notice when a cluster turns stale, and when it is fresh
// again. The age counts from when the cluster is first watched, if it has no later
// conclusive run: one that was switched off for a week is not late when it is
// switched on.
func (n *Notifier) freshness(ctx context.Context, box outbox, cl *Cluster, w *watched, l listing) error {
	now, from := n.Now(), l.Conclusive
	if from.Before(w.Since) {
		from = w.Since
	}
	stale := cl.stale(from, now)
	if stale == !w.StaleFrom.IsZero() {
		return nil
	}
	kind, facts := Stale, turnFacts{
		LastConclusiveAt: orNull(l.Conclusive), LastCompleteAt: orNull(l.Complete), StaleFrom: queries.SpellTime(from),
		StaleAfter: cl.StaleAfter(from).Seconds(), runFacts: l.runFacts,
	}
	if stale {
		w.StaleFrom = from
	} else {
		kind, facts.StaleFrom = Recovered, queries.SpellTime(w.StaleFrom)
		w.StaleFrom = time.Time{}
	}
	return n.turned(ctx, box, cl.Name, w, kind, facts)
}

// quickness makes a notice when the measured retention shows that the schedule
// is too slow, and when it shows that it is quick enough again. A verdict that
// shows neither changes nothing.
func (n *Notifier) quickness(ctx context.Context, box outbox, cluster string, w *watched, v verdict) error {
	if v.TooSlow == w.TooSlow || !v.TooSlow && v.Verdict != "ok" {
		return nil
	}
	w.TooSlow = v.TooSlow
	return n.turned(ctx, box, cluster, w, Retention, v)
}

// doubts has why ages of clusters can't be judged, as this process last read it.
type doubts struct {
	at    time.Time
	all   map[string]string
	wrong map[string]string // those of them that are more than a wait after an outage
}

// read reads the doubts once a minute: a cluster that fails for months has many runs
// since the newest that read something.
func (d *doubts) read(ctx context.Context, n *Notifier) error {
	now := n.Now()
	if waits(d.at.Add(measureEvery), now, measureEvery) {
		return nil
	}
	all, err := clocks.All(ctx, n.Archive.Reader)
	if err != nil {
		return err
	}
	*d = doubts{now, clocks.Why(all), map[string]string{}}
	for i := range all {
		if c := &all[i]; c.Wrong(now) {
			d.wrong[c.Cluster] = cmp.Or(d.all[c.Cluster], "its newest listing has a time that is still to come")
		}
	}
	return nil
}

// oldFrom returns the time before which notices are old: their age counts up to now,
// or up to the newest listing where that is earlier. While a clock is in doubt, none
// is old.
func oldFrom(now time.Time, listings map[string]listing, doubts map[string]string) time.Time {
	if len(doubts) > 0 {
		return time.Time{}
	}
	var newest time.Time
	for _, l := range listings {
		newest = db.Later(newest, l.Conclusive)
	}
	if newest.Before(now) {
		now = newest
	}
	return now.Add(-keptFor)
}

// clockFacts are the facts of a notice about a clock.
type clockFacts struct {
	Wrong bool    `json:"wrong"`
	Doubt *string `json:"doubt"` // null: it is right again
}

// clock makes a notice when a cluster's ages can't be judged any more, and when they
// can be again.
func (n *Notifier) clock(ctx context.Context, box outbox, cluster string, w *watched, doubt string) error {
	facts := clockFacts{Wrong: doubt != ""}
	if facts.Wrong == w.Doubt {
		return nil
	}
	if w.Doubt = facts.Wrong; facts.Wrong {
		facts.Doubt = &doubt
	}
	return n.turned(ctx, box, cluster, w, Clock, facts)
}

func (n *Notifier) turned(ctx context.Context, box outbox, cluster string, w *watched, kind Kind, facts any) error {
	if !n.wants(kind) {
		return box.turn(ctx, cluster, w, nil)
	}
	text, err := object(facts)
	if err != nil {
		return err
	}
	return box.turn(ctx, cluster, w, &notice{Kind: kind, Cluster: cluster, At: n.Now(), Facts: text})
}

// verdict is the row of a cluster in the report retention.
type verdict struct {
	TooSlow            bool     `json:"too_slow"`
	Verdict            string   `json:"verdict"`
	ShortestMinSeconds *float64 `json:"shortest_min_seconds"`
	ShortestMaxSeconds *float64 `json:"shortest_max_seconds"`
	ScheduleSeconds    *float64 `json:"schedule_seconds"`
}

// measured has when this process last measured retention.
type measured struct {
	at     time.Time
	newest time.Time // complete listing then
}

// measureEvery keeps the cost low: 72 ms at ten million jobs.
const measureEvery = time.Minute

// verdicts measures if there was a complete listing since the last time.
func (m *measured) verdicts(ctx context.Context, n *Notifier, listings map[string]listing) (all map[string]verdict, err error) {
	newest, now := m.newest, n.Now()
	for _, l := range listings {
		if l.Complete.After(newest) {
			newest = l.Complete
		}
	}
	if newest.Equal(m.newest) || !m.at.IsZero() && now.Sub(m.at) < measureEvery {
		return nil, nil
	}
	all, err = measure(ctx, n.Archive.Reader)
	if err != nil {
		return nil, fmt.Errorf("measuring retention: %w", err)
	}
	m.at, m.newest = now, newest
	return all, nil
}

func measure(ctx context.Context, archive *sql.DB) (map[string]verdict, error) {
	type line struct {
		cluster string
		verdict
	}
	lines, err := rows.All(ctx, archive, func(l *line) []any {
		var unused any
		return []any{&l.cluster, &unused, &l.ShortestMinSeconds, &l.ShortestMaxSeconds, &unused, &unused, &l.ScheduleSeconds, &l.Verdict}
	}, queries.Report("retention").SQL, sql.Named("cluster", nil))
	all := map[string]verdict{}
	for _, l := range lines {
		l.TooSlow = strings.HasPrefix(l.Verdict, "too slow")
		all[l.cluster] = l.verdict
	}
	return all, err
}

// orNull spells a time as the archive does; null for the zero time.
func orNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := queries.SpellTime(t)
	return &s
}
