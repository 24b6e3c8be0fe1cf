package service

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/rs/zerolog"

	"importarchive/config"
	"importarchive/db/sqlite"
)

// settingsPoll is how often the service reads the settings file to find changes. That
// finds changes that notifications of the file system miss:
// another file put in its place by an editor, the swapped links of Kubernetes,
// network file systems.
const settingsPoll = 2 * time.Second

// watch reloads the settings when they change, until the context ends.
func (s *Service) watch(ctx context.Context) {
	w := settingsWatch{
		read: func() ([]byte, error) { return config.ReadFile(s.opts.Path) },
		load: func(text []byte, err error) { s.reload(ctx, text, err) }, hangups: s.opts.Hangups,
		tried: reading{text: string(s.text)},
	}
	w.run(ctx)
}

// settingsWatch notices when the settings are to be loaded again.
type settingsWatch struct {
	read    func() ([]byte, error)
	load    func(text []byte, err error)
	hangups <-chan os.Signal
	tried   reading // the newest text that the service tried to load
}

// reading is the content of the file at one time, or the error.
type reading struct{ text, err string }

func readingOf(text []byte, err error) reading {
	if err != nil {
		return reading{err: err.Error()}
	}
	return reading{text: string(text)}
}

// run loads the file on each hangup, and when its text has changed and two readings in
// a row agree on it. At the first one an editor may have written half of the file, or
// removed the old file: half a file can be valid TOML and lack most clusters.
func (w *settingsWatch) run(ctx context.Context) {
	poll := time.NewTicker(settingsPoll)
	defer poll.Stop()
	before := w.tried
	for {
		hangup := false
		select {
		case <-ctx.Done():
			return
		case <-w.hangups:
			hangup = true
		case <-poll.C:
		}
		text, err := w.read()
		now := readingOf(text, err)
		if hangup || now != w.tried && now == before {
			w.tried = now
			w.load(text, err)
		}
		before = now
	}
}

// filePoll is how often the service looks whether its archive is still in its place.
const filePoll = 2 * time.Second

// watchFile ends the service when the archive's file is no longer the open one: what it
// would store from then on would be lost. A supervisor starts it again, on the file that is
// there then.
func (s *Service) watchFile(ctx context.Context, log zerolog.Logger, stop context.CancelCauseFunc) {
	poll := time.NewTicker(filePoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		if err := s.st.InPlace(); errors.Is(err, sqlite.ErrLost) {
			log.Error().Err(err).Msg("the service ends")
			stop(err)
			return
		}
	}
}
