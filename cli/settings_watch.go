package cli

import (
	"context"
	"os"
	"time"
)

// settingsPoll is how often the settings file is read, to see whether it has
// changed. Reading it notices what notifications of the file system miss:
// another file put in its place by an editor, the swapped links of Kubernetes,
// network file systems.
const settingsPoll = 2 * time.Second

// settingsWatch notices when the settings are to be loaded again.
type settingsWatch struct {
	read    func() ([]byte, error)
	load    func(text []byte, err error)
	hangups <-chan os.Signal
	tried   reading // what was last loaded
}

// reading is what one look at the file gave.
type reading struct{ text, err string }

func readingOf(text []byte, err error) reading {
	if err != nil {
		return reading{err: err.Error()}
	}
	return reading{text: string(text)}
}

// run loads the file on each hangup, and when what it says has changed and two
// looks in a row agree on it. An editor may have written half of it at the
// first one, or have taken the old file away: half a file can be right TOML
// and lack most clusters.
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
