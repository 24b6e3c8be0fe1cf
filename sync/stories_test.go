package sync

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"importarchive/db"
	"importarchive/sync/rejects"
	"importarchive/sync/remote"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestStories plays the listings in testdata/stories and compares what was
// decided. A story is a text: lines at the margin happen, indented lines are
// what was decided then.
//
//	gone-after 2               when a job is gone (default 2)
//	page a=ImportRunning/shop  a page with these jobs, id=word/collection
//	page count=7 a=…           with the service's own count
//	page forgotten=2 a=…       with jobs that the service forgot meanwhile
//	end                        the listing is over
//	told a=Failed              the job's details show this state
//	knows a b                  asked for these jobs, the service knows them
//	forgets a b                … it does not, as of all others
//	silent a b                 … it can't say; without names: of no job
//	speaks                     it can again
//	no-call                    it has no call to ask for a job
//	wait 60                    so many minutes pass
//	break                      the listing was cut short: nothing is concluded
//
// A page is requested one second after what came before and received one
// second later. Times are shown as seconds since the story began.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(text), got); diff != "" && !*update {
				t.Errorf("the story went otherwise (-want +got):\n%s", diff)
			}
		})
	}
}

// story is one that is being played.
type story struct {
	out       strings.Builder
	seconds   int
	goneAfter int
	known     *db.Known
	listing   *listing
	ids       map[uint32]string
	says      map[string]verdict // of queried jobs; others are forgotten
	silent    bool
	noCall    bool
	rejects   int64 // the digest of the listing before
}

var storyStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func play(t *testing.T, text string) string {
	s := &story{goneAfter: 2, known: db.NewKnown(), ids: map[uint32]string{}, says: map[string]verdict{}}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue // what was decided is written anew
		}
		s.out.WriteString(line + "\n")
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if s.listing == nil {
			s.listing = newListing(s.known, s.goneAfter)
		}
		switch words[0] {
		case "gone-after":
			fmt.Sscan(words[1], &s.goneAfter)
			s.listing = nil
		case "page":
			s.page(words[1:])
		case "end":
			s.end()
		case "break":
			s.listing = nil
		case "wait":
			var minutes int
			fmt.Sscan(words[1], &minutes)
			s.seconds += 60 * minutes
		case "knows", "forgets", "silent":
			s.silent = s.silent || words[0] == "silent" && len(words) == 1
			for _, id := range words[1:] {
				s.says[id] = map[string]verdict{"knows": denied, "forgets": confirmed, "silent": undecided}[words[0]]
			}
		case "told":
			s.told(words[1:])
		case "speaks":
			s.silent = false
		case "no-call":
			s.noCall = true
		default:
			t.Fatalf("a story can't %q", line)
		}
	}
	return s.out.String()
}

func (s *story) page(words []string) {
	p := remote.Page{Count: -1, Asked: s.tick(), Received: s.tick()}
	for _, w := range words {
		id, rest, _ := strings.Cut(w, "=")
		if id == "count" {
			fmt.Sscan(rest, &p.Count)
			continue
		}
		if id == "forgotten" {
			fmt.Sscan(rest, &p.Forgotten)
			continue
		}
		if id == "reject" {
			p.Rejects = append(p.Rejects, remote.Reject{Reason: "no id", Raw: rest})
			continue
		}
		word, collection, _ := strings.Cut(rest, "/")
		word, reason, _ := strings.Cut(word, "!")
		p.Jobs = append(p.Jobs, remote.Job{ID: id, RawState: word, Collection: collection, Reason: reason})
	}
	before := s.listing.rejects.Count()
	changes, _ := s.listing.page(&p, false)
	for i := range changes {
		s.tell(&changes[i])
	}
	if n := s.listing.rejects.Count() - before; n > 0 {
		fmt.Fprintf(&s.out, "  %d rejected\n", n)
	}
	if again := decideAgain(s.listing, &p); len(again) > 0 {
		fmt.Fprintf(&s.out, "  NOT SETTLED: %v\n", again)
	}
	if s.listing.ended() {
		s.out.WriteString("  nothing new: reading stops\n")
	}
}

// decideAgain decides a page a second time, in a copy of the listing: the first
// time must have settled it.
func decideAgain(l *listing, p *remote.Page) []db.Change {
	same := *l
	same.rejects = rejects.Set{}
	changes, _ := same.page(p, false)
	return changes
}

// told sets the states in the service's answers about jobs.
func (s *story) told(words []string) {
	for _, w := range words {
		id, word, _ := strings.Cut(w, "=")
		d := db.Described{ID: id, Asked: s.tick(), Received: s.tick(), State: stateOf(word), Details: &db.Details{RawState: word}}
		if c := moveByDetails(s.known, &d, false); c != nil {
			s.tell(c)
		}
	}
}

func (s *story) end() {
	l := s.listing
	s.listing = nil
	if why := l.disturbed(); why != "" {
		fmt.Fprintf(&s.out, "  disturbed: %s\n", why)
		return
	}
	fmt.Fprintf(&s.out, "  complete: %d listed, %d rejected\n", l.listed, l.rejects.Count())
	before := s.rejects
	s.rejects = l.rejects.Digest()
	if l.rejects.Count() > 0 && s.rejects != before {
		s.out.WriteString("  other rejects than before: nothing is concluded\n")
		return
	}
	a := l.absent()
	a.unsupported = s.noCall
	for seq, more := a.next(); more && !a.unsupported; seq, more = a.next() {
		v, told := s.says[s.ids[seq]]
		switch {
		case s.silent:
			v = undecided
		case !told:
			v = confirmed
		}
		a.answer(seq, v)
		fmt.Fprintf(&s.out, "  asked for %s: %s\n", s.ids[seq], []string{undecided: "undecided", confirmed: "confirmed", denied: "denied"}[v])
	}
	for c := range l.conclude(a) {
		s.tell(&c)
	}
	if n := a.undecided(); n > 0 {
		fmt.Fprintf(&s.out, "  partial: %v\n", undecidedError(n, errors.New("silence")))
		return
	}
	s.known.CompleteStart = l.start
}

func (s *story) tick() time.Time {
	s.seconds++
	return storyStart.Add(time.Duration(s.seconds) * time.Second)
}

func (s *story) tell(c *db.Change) {
	if c.Kind == db.Appeared {
		s.ids[c.Seq] = c.Job.ID
	}
	what := string(c.Job.State)
	switch c.Kind {
	case db.Moved:
		what = fmt.Sprintf("%s > %s", c.FromState, c.Job.State)
		if c.FromState == c.Job.State && c.FromState != db.Unknown {
			what = fmt.Sprintf("%s > %s, still %s", c.FromRawState, c.Job.RawState, c.Job.State)
		}
	case db.Renamed:
		what = "to " + c.Job.Collection
	case db.Missed:
		what = fmt.Sprintf("%d times", c.Misses)
	}
	if c.Job.State == db.Unknown && c.Job.RawState != "" {
		what += fmt.Sprintf(" %q", c.Job.RawState)
	}
	name := c.Job.ID
	if name == "" {
		name = s.ids[c.Seq]
	}
	fmt.Fprintf(&s.out, "  %s %s %s (%s, %s]\n", name, c.Kind, what, seconds(c.NotBefore), seconds(c.ObservedAt))
}

func seconds(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return fmt.Sprint(t.Sub(storyStart).Seconds())
}
