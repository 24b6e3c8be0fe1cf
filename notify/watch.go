package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"importarchive/db"
	"importarchive/queries"
)

// turnFacts is what a notice tells of a cluster that turned.
type turnFacts struct {
	// stale, recovered
	LastCompleteAt *string  `json:"last_complete_at"`    // null: never
	StaleFrom      string   `json:"stale_from"`          // the complete listing after which it turned stale, or since when it is watched
	StaleAfter     *float64 `json:"stale_after_seconds"` // how old a complete listing may be
	LastOutcome    *string  `json:"last_outcome"`        // of the newest run that has ended
	ErrorKind      *string  `json:"error_kind"`          // what was wrong with that
	Error          *string  `json:"error"`
}

// watch compares every cluster with what was last told of it.
func (n *Notifier) watch(ctx context.Context, box *db.Outbox, listings map[string]db.Listing) error {
	watched, err := box.Watched(ctx)
	if err != nil {
		return err
	}
	verdicts, err := n.retention.verdicts(ctx, n, listings)
	if err != nil {
		return err
	}
	byName := map[string]*db.Watched{}
	for i := range watched {
		byName[watched[i].Cluster] = &watched[i]
	}
	for i := range n.Clusters {
		cl := &n.Clusters[i]
		w := byName[cl.Name]
		if w == nil {
			continue // unreachable: Begin has put it there
		}
		if err := n.freshness(ctx, box, cl, w, listings[cl.Name]); err != nil {
			return err
		}
		if v, ok := verdicts[cl.Name]; ok {
			if err := n.quickness(ctx, box, w, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// freshness tells when a cluster turns stale, and when it is fresh again. One
// that was never complete counts from when it is watched.
func (n *Notifier) freshness(ctx context.Context, box *db.Outbox, cl *Cluster, w *db.Watched, l db.Listing) error {
	now, from := n.Now(), l.Looked
	if from.IsZero() {
		from = w.Since
	}
	stale := cl.stale(from, now)
	if stale == !w.StaleFrom.IsZero() {
		return nil
	}
	after := cl.StaleAfter(from).Seconds()
	facts := turnFacts{StaleFrom: spelled(from), StaleAfter: &after}
	kind := db.NoticeStale
	if stale {
		w.StaleFrom = from
	} else {
		kind, facts.StaleFrom = db.NoticeRecovered, spelled(w.StaleFrom)
		w.StaleFrom = time.Time{}
	}
	facts.LastCompleteAt = orNull(l.Complete.IsZero(), spelled(l.Complete))
	facts.LastOutcome = orNull(l.Outcome == "", string(l.Outcome))
	facts.ErrorKind = orNull(l.ErrorKind == "", l.ErrorKind)
	facts.Error = orNull(l.Error == "", l.Error)
	return n.turned(ctx, box, w, kind, facts)
}

// quickness tells when the measured retention shows that the schedule is too
// slow, and when it shows that it is quick enough again. What it can't show
// turns nothing.
func (n *Notifier) quickness(ctx context.Context, box *db.Outbox, w *db.Watched, v verdict) error {
	if v.TooSlow == w.TooSlow || !v.TooSlow && v.Verdict != "ok" {
		return nil
	}
	w.TooSlow = v.TooSlow
	return n.turned(ctx, box, w, db.NoticeRetention, v)
}

func (n *Notifier) turned(ctx context.Context, box *db.Outbox, w *db.Watched, kind db.NoticeKind, facts any) error {
	if !n.tells(kind) {
		return box.Turn(ctx, *w, nil)
	}
	text, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	return box.Turn(ctx, *w, &db.Notice{Kind: kind, At: n.Now(), Facts: text})
}

// verdict is what the report retention says of a cluster.
type verdict struct {
	TooSlow            bool     `json:"too_slow"`
	Verdict            string   `json:"verdict"`
	ShortestMinSeconds *float64 `json:"shortest_min_seconds"`
	ShortestMaxSeconds *float64 `json:"shortest_max_seconds"`
	ScheduleSeconds    *float64 `json:"schedule_seconds"`
}

// measured is when retention was last measured.
type measured struct {
	at     time.Time
	newest time.Time // complete listing then
}

// measureEvery is far from what measuring costs: 72 ms at ten million jobs.
const measureEvery = time.Minute

// verdicts measures, if a complete listing has come since that was last done.
func (m *measured) verdicts(ctx context.Context, n *Notifier, listings map[string]db.Listing) (all map[string]verdict, err error) {
	newest, now := m.newest, n.Now()
	for _, l := range listings {
		if l.Complete.After(newest) {
			newest = l.Complete
		}
	}
	if newest.Equal(m.newest) || !m.at.IsZero() && now.Sub(m.at) < measureEvery {
		return nil, nil
	}
	all, err = measure(ctx, n.Archive.Reader())
	if err != nil {
		return nil, fmt.Errorf("measuring retention: %w", err)
	}
	m.at, m.newest = now, newest
	return all, nil
}

func measure(ctx context.Context, archive *sql.DB) (map[string]verdict, error) {
	q, err := queries.Report("retention")
	if err != nil {
		return nil, err
	}
	rows, err := archive.QueryContext(ctx, q.SQL, sql.Named("cluster", nil))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]verdict{}
	for rows.Next() {
		var name string
		var jobs int64
		var medianMin, medianMax *float64
		var v verdict
		err := rows.Scan(&name, &jobs, &v.ShortestMinSeconds, &v.ShortestMaxSeconds, &medianMin, &medianMax, &v.ScheduleSeconds, &v.Verdict)
		if err != nil {
			return nil, err
		}
		v.TooSlow = strings.HasPrefix(v.Verdict, "too slow")
		all[name] = v
	}
	return all, rows.Err()
}

// spelled gives a time as the archive spells it.
func spelled(t time.Time) string { return t.UTC().Format(db.TimeFormat) }

func orNull(null bool, s string) *string {
	if null {
		return nil
	}
	return &s
}
