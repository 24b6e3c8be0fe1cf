package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// screen is stderr with a progress line below the log. If stderr is no terminal,
// there is no progress line, and screen only passes on what is written.
type screen struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	visible  bool      // the progress line is on the terminal
	drawn    time.Time // when it was drawn
}

const (
	clearLine = "\r\x1b[K"
	redraw    = 100 * time.Millisecond
)

func newScreen(out io.Writer, terminal bool) *screen { return &screen{out: out, terminal: terminal} }

// Write writes above the progress line.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	return s.out.Write(b)
}

// progress shows how many pages and jobs of a listing have been read. It shows
// nothing for a listing of one page.
func (s *screen) progress(cluster string, pages, listed int) {
	if !s.terminal || pages < 2 {
		return
	}
	s.line(fmt.Sprintf("%s: page %d, %d jobs", cluster, pages, listed))
}

func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal || time.Since(s.drawn) < redraw {
		return
	}
	fmt.Fprint(s.out, clearLine, text)
	s.visible, s.drawn = true, time.Now()
}

func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

func (s *screen) erase() {
	if s.visible {
		fmt.Fprint(s.out, clearLine)
		s.visible = false
	}
}
