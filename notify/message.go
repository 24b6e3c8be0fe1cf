package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"importarchive/db"
	"importarchive/queries"
)

// linesAtMost is how many notices a message names one by one. Its events have
// all of them.
const linesAtMost = 10

// message returns the body of a post:
//
//	{"text": "…", "archive": "…", "events": [{"id": 7, "kind": "failed", "cluster": "…", "noticed_at": "…", …facts}]}
//
// It depends on nothing else, so every attempt has the same body.
func message(archive string, all []notice) (string, error) {
	text, err := summary(all)
	if err != nil {
		return "", err
	}
	events := make([]json.RawMessage, len(all))
	for i := range all {
		if events[i], err = event(&all[i]); err != nil {
			return "", fmt.Errorf("notice %d: %w", all[i].ID, err)
		}
	}
	return object(struct {
		Text    string            `json:"text"`
		Archive string            `json:"archive"`
		Events  []json.RawMessage `json:"events"`
	}{text, archive, events})
}

// event returns one notice as JSON: what all notices have, then its facts.
func event(n *notice) (json.RawMessage, error) {
	head, err := object(struct {
		ID        int64  `json:"id"`
		Kind      Kind   `json:"kind"`
		Cluster   string `json:"cluster"`
		NoticedAt string `json:"noticed_at"`
	}{n.ID, n.Kind, n.Cluster, queries.SpellTime(n.At)})
	if err != nil {
		return nil, err
	}
	if len(n.Facts) < 3 || n.Facts[0] != '{' {
		return nil, errors.New("its facts are no object")
	}
	return json.RawMessage(head[:len(head)-1] + "," + n.Facts[1:]), nil
}

// facts has the facts of any notice.
type facts struct {
	jobFacts
	turnFacts
	verdict
	clockFacts
}

// summary is what people read: of one notice its line; of several how many of
// each kind, and the lines of the first, clusters before jobs.
func summary(all []notice) (string, error) {
	ordered := slices.Clone(all)
	slices.SortStableFunc(ordered, func(a, b notice) int { return ofJob(a.Kind) - ofJob(b.Kind) })
	lines := []string{}
	for i := range ordered[:min(len(ordered), linesAtMost)] {
		l, err := line(&ordered[i])
		if err != nil {
			return "", fmt.Errorf("notice %d: %w", ordered[i].ID, err)
		}
		lines = append(lines, l)
	}
	if len(all) == 1 {
		return lines[0], nil
	}
	text := "importarchive: " + counts(all) + "\n• " + strings.Join(lines, "\n• ")
	if more := len(all) - len(lines); more > 0 {
		text += fmt.Sprintf("\n… and %d more", more)
	}
	return text, nil
}

func ofJob(k Kind) int {
	if k == Failed || k == Lost || k == Found {
		return 1
	}
	return 0
}

// counts says how many notices there are of each kind.
func counts(all []notice) string {
	of := map[Kind]int{}
	for i := range all {
		of[all[i].Kind]++
	}
	var parts []string
	for _, k := range []struct {
		kind      Kind
		one, many string
	}{
		{Failed, "1 job failed", "%d jobs failed"},
		{Lost, "1 job was lost", "%d jobs were lost"},
		{Found, "1 lost job is listed again", "%d lost jobs are listed again"},
		{Stale, "1 cluster turned stale", "%d clusters turned stale"},
		{Recovered, "1 cluster is fresh again", "%d clusters are fresh again"},
		{Retention, "1 word about retention", "%d words about retention"},
		{Clock, "1 word about a clock", "%d words about clocks"},
	} {
		switch n := of[k.kind]; {
		case n == 1:
			parts = append(parts, k.one)
		case n > 1:
			parts = append(parts, fmt.Sprintf(k.many, n))
		}
	}
	return strings.Join(parts, ", ")
}

// line says in one line what happened.
func line(n *notice) (string, error) {
	var f facts
	if err := json.Unmarshal([]byte(n.Facts), &f); err != nil {
		return "", err
	}
	cluster := plain(n.Cluster, 100)
	job := fmt.Sprintf("%s: job %s", cluster, code(f.JobID))
	if f.Collection != nil {
		job += " into " + code(*f.Collection)
	}
	seen := ", seen at " + queries.ToSecond(f.ObservedAt) + " UTC"
	switch n.Kind {
	case Failed:
		return job + " failed" + seen + because(f.Reason), nil
	case Lost:
		return fmt.Sprintf("%s went away unfinished (it was %s)%s: how it ended is unknown", job, f.State, seen), nil
	case Found:
		return fmt.Sprintf("%s is listed again (it is %s)%s: it was not lost", job, f.State, seen), nil
	case Stale:
		return cluster + " is stale: " + staleSince(&f), nil
	case Recovered:
		return cluster + " is fresh again. It was stale from " + queries.ToSecond(f.StaleFrom) + " UTC on", nil
	case Retention:
		if f.TooSlow {
			return cluster + ": the schedule is " + plain(f.Verdict, 300), nil
		}
		return cluster + ": the schedule is quick enough again for how long the service keeps finished jobs", nil
	case Clock:
		if f.Doubt != nil {
			return cluster + ": its ages can't be judged, and nothing of it is pruned: " + plain(*f.Doubt, 300) + "; " + db.MendClock, nil
		}
		return cluster + ": the clocks agree again", nil
	}
	return "", fmt.Errorf("no text for notices of kind %q", n.Kind)
}

func staleSince(f *facts) string {
	text := "it had no conclusive run since it is watched, " + queries.ToSecond(f.StaleFrom) + " UTC"
	if f.LastConclusiveAt != nil {
		text = "its newest conclusive run ended at " + queries.ToSecond(*f.LastConclusiveAt) + " UTC"
	}
	if f.LastOutcome != nil && !f.LastOutcome.Conclusive() {
		text += ". The last run " + map[db.Outcome]string{db.Failure: "failed", db.Partial: "was partial", db.Interrupted: "was interrupted"}[*f.LastOutcome]
		text += because(f.Error)
	}
	return text
}

func because(why *string) string {
	if why == nil {
		return ""
	}
	return ": " + plain(*why, 300)
}

// mrkdwn escapes what has a meaning in Slack's markup wherever it stands: a job
// named <!channel> would call everyone in the channel.
var mrkdwn = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// plain makes one line of a foreign text, cuts it, and removes markup and
// invisible characters.
func plain(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return mrkdwn.Replace(s)
}

// code shows a name as it is. A backtick would end it, and can't be escaped.
func code(s string) string { return "`" + strings.ReplaceAll(plain(s, 100), "`", "'") + "`" }
