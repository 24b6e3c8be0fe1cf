package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"importarchive/db"
)

// linesAtMost is how many notices a message names one by one. Its events have
// all of them.
const linesAtMost = 10

// message gives the body that a parcel is sent as:
//
//	{"text": "…", "archive": "…", "events": [{"id": 7, "kind": "failed", "cluster": "…", "noticed_at": "…", …facts}]}
//
// It depends on nothing but the parcel: sent again it is the same.
func message(p *db.Parcel) ([]byte, error) {
	text, err := summary(p.Notices)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	events := make([]json.RawMessage, len(p.Notices))
	for i := range p.Notices {
		if events[i], err = event(&p.Notices[i]); err != nil {
			return nil, fmt.Errorf("notice %d: %w", p.Notices[i].ID, err)
		}
	}
	err = e.Encode(struct {
		Text    string            `json:"text"`
		Archive string            `json:"archive"`
		Events  []json.RawMessage `json:"events"`
	}{text, p.Archive, events})
	return b.Bytes(), err
}

// event gives one notice as JSON, its facts beside what all have.
func event(n *db.Notice) (json.RawMessage, error) {
	head, err := json.Marshal(struct {
		ID        int64         `json:"id"`
		Kind      db.NoticeKind `json:"kind"`
		Cluster   string        `json:"cluster"`
		NoticedAt string        `json:"noticed_at"`
	}{n.ID, n.Kind, n.Cluster, spelled(n.At)})
	if err != nil {
		return nil, err
	}
	if len(n.Facts) < 3 || n.Facts[0] != '{' {
		return nil, errors.New("its facts are no object")
	}
	return slices.Concat(head[:len(head)-1], []byte(","), n.Facts[1:]), nil
}

// facts are all that a line of text may say.
type facts struct {
	JobID      string `json:"job_id"`
	Collection string `json:"collection"`
	State      string `json:"state"`
	Reason     string `json:"reason"`
	ObservedAt string `json:"observed_at"`
	turnFacts
	TooSlow bool   `json:"too_slow"`
	Verdict string `json:"verdict"`
}

// summary is what people read: in a message of its own what happened, in one
// of several how many of what, and the first of them, clusters before jobs.
func summary(all []db.Notice) (string, error) {
	ordered := slices.Clone(all)
	slices.SortStableFunc(ordered, func(a, b db.Notice) int { return ofJob(a.Kind) - ofJob(b.Kind) })
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

func ofJob(k db.NoticeKind) int {
	if k == db.NoticeFailed || k == db.NoticeLost || k == db.NoticeFound {
		return 1
	}
	return 0
}

// counts says how many notices there are of each kind.
func counts(all []db.Notice) string {
	of := map[db.NoticeKind]int{}
	for i := range all {
		of[all[i].Kind]++
	}
	var parts []string
	for _, k := range []struct {
		kind      db.NoticeKind
		one, many string
	}{
		{db.NoticeFailed, "1 job failed", "%d jobs failed"},
		{db.NoticeLost, "1 job was lost", "%d jobs were lost"},
		{db.NoticeFound, "1 lost job is listed again", "%d lost jobs are listed again"},
		{db.NoticeStale, "1 cluster turned stale", "%d clusters turned stale"},
		{db.NoticeRecovered, "1 cluster is fresh again", "%d clusters are fresh again"},
		{db.NoticeRetention, "1 word about retention", "%d words about retention"},
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

// line says what a notice tells, in one line.
func line(n *db.Notice) (string, error) {
	var f facts
	if err := json.Unmarshal(n.Facts, &f); err != nil {
		return "", err
	}
	cluster := plain(n.Cluster, 100)
	job := fmt.Sprintf("%s: job %s", cluster, code(f.JobID))
	if f.Collection != "" {
		job += " into " + code(f.Collection)
	}
	seen := ", seen at " + toSeconds(f.ObservedAt)
	switch n.Kind {
	case db.NoticeFailed:
		return job + " failed" + seen + because(f.Reason), nil
	case db.NoticeLost:
		return fmt.Sprintf("%s went away unfinished (it was %s)%s: nobody can say how it ended", job, f.State, seen), nil
	case db.NoticeFound:
		return fmt.Sprintf("%s is listed again (it is %s)%s: it was not lost", job, f.State, seen), nil
	case db.NoticeStale:
		return cluster + " is stale: " + staleSince(&f), nil
	case db.NoticeRecovered:
		return cluster + " is fresh again. It was stale from " + toSeconds(f.StaleFrom) + " on", nil
	case db.NoticeRetention:
		if f.TooSlow {
			return cluster + ": the schedule is " + plain(f.Verdict, 300), nil
		}
		return cluster + ": the schedule is quick enough again for how long the service keeps finished jobs", nil
	}
	return "", fmt.Errorf("nobody knows how to tell of %q", n.Kind)
}

func staleSince(f *facts) string {
	text := "it was never listed completely since it is watched, " + toSeconds(f.StaleFrom)
	if f.LastCompleteAt != nil {
		text = "its newest complete listing ended at " + toSeconds(*f.LastCompleteAt)
	}
	if f.LastOutcome != nil && !db.Outcome(*f.LastOutcome).Conclusive() {
		text += ". The last run " + map[string]string{"failed": "failed", "partial": "was partial", "interrupted": "was interrupted"}[*f.LastOutcome]
		if f.Error != nil {
			text += because(*f.Error)
		}
	}
	return text
}

func because(why string) string {
	if why = plain(why, 300); why == "" {
		return ""
	}
	return ": " + why
}

// toSeconds shortens a time of the archive for people.
func toSeconds(at string) string {
	at, _, _ = strings.Cut(at, ".")
	return at + " UTC"
}

// mrkdwn escapes what has a meaning in Slack's markup wherever it stands: with
// < somebody could call everybody by <!channel>, or dress up a link.
var mrkdwn = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// plain makes one line of what a service or a person wrote, not too long, and
// without markup or characters that nobody sees.
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
