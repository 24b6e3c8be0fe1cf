package cli

import (
	"io"
	"sync/atomic"

	"importarchive/config"

	"github.com/rs/zerolog"
)

// logSwitch is where the service's log goes. Level and format are its own, and
// not the logger's, of which everybody has a copy: a reload changes them here.
type logSwitch struct{ to atomic.Pointer[logTarget] }

type logTarget struct {
	level zerolog.Level
	lines io.Writer
}

// logger gives the logger that writes through the switch.
func (s *logSwitch) logger(p *program) zerolog.Logger {
	return p.timed(zerolog.New(s))
}

func (s *logSwitch) set(p *program, log config.Log) {
	s.to.Store(&logTarget{logLevel(log), p.logLines(p.Stderr, log)})
}

// Write is for lines without a level.
func (s *logSwitch) Write(line []byte) (int, error) { return s.to.Load().lines.Write(line) }

func (s *logSwitch) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	to := s.to.Load()
	if level < to.level {
		return len(line), nil
	}
	return to.lines.Write(line)
}
