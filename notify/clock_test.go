package notify_test

import (
	"testing"
	"time"

	"importarchive/db"
)

func TestAClockThatIsWrongGetsOneNoticeAndOneWhenItIsRight(t *testing.T) {
	bubble(t, []string{"prod"}, func(s *service) {
		s.start()
		story := s.stories["prod"]
		s.lists("prod")
		ahead := -366 * 24 * time.Hour
		story.Clock = &ahead
		for range 3 {
			s.lists("prod")
			s.pass(2 * time.Minute)
		}
		s.restart()
		if got := kinds(s.accepted()); got != "clock prod" {
			t.Fatalf("got %s", got)
		}
		want := "prod: its ages can't be judged, and nothing of it is pruned: this machine's clock is 366 days ahead of the service's; " + db.MendClock
		if p := s.posts[0]; p.Text != want || p.Events[0]["wrong"] != true || p.Events[0]["doubt"] != "this machine's clock is 366 days ahead of the service's" {
			t.Errorf("%s %v", p.Text, p.Events[0])
		}
		story.Clock = new(time.Duration)
		s.lists("prod")
		s.pass(2 * time.Minute)
		if got := kinds(s.accepted()); got != "clock prod, clock prod" || s.posts[1].Text != "prod: the clocks agree again" || s.posts[1].Events[0]["doubt"] != nil {
			t.Errorf("got %s, %v", got, s.posts)
		}
	})
}
