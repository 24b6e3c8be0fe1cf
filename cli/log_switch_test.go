package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"importarchive/config"
)

func TestAReloadChangesLevelAndFormatOfLoggersThatExist(t *testing.T) {
	var out bytes.Buffer
	p := &program{Env: &Env{Stderr: &out, Now: time.Now, LookupEnv: noEnv}}
	var lines logSwitch
	lines.set(p, config.Log{Level: "info", Format: "json"})
	log := lines.logger(p).With().Str("task", "export").Logger()
	say := func() string {
		out.Reset()
		log.Debug().Msg("quiet")
		log.Error().Msg("loud")
		return out.String()
	}
	if got := say(); strings.Contains(got, "quiet") || !strings.Contains(got, `"level":"error","task":"export","time":`) {
		t.Error(got)
	}
	lines.set(p, config.Log{Level: "trace", Format: "console"})
	if got := say(); !strings.Contains(got, "DBG quiet task=export") || !strings.Contains(got, "ERR loud") {
		t.Error(got)
	}
	lines.set(p, config.Log{Level: "error", Format: "json"})
	if got := say(); strings.Contains(got, "quiet") || !strings.Contains(got, `"message":"loud"`) {
		t.Error(got)
	}
}
