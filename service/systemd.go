package service

import (
	"context"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"

	"importarchive/timetable"
)

func notifyReady(log zerolog.Logger, status string) {
	notifySystemd(log, daemon.SdNotifyReady, "STATUS="+status)
}

func notifyStopping(log zerolog.Logger, status string) {
	notifySystemd(log, daemon.SdNotifyStopping, "STATUS="+status)
}

// After notifyReloading the service must call notifyReady, also if the reload fails.
func notifyReloading(log zerolog.Logger) {
	notifySystemd(log, daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
}

func notifySystemd(log zerolog.Logger, lines ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		log.Warn().Err(err).Str("state", lines[0]).Msg("can't notify systemd")
	}
}

// watchdog feeds systemd's watchdog three times as often as that asks for. It is
// wanted where the unit sets WatchdogSec.
func watchdog(log zerolog.Logger) (t timetable.Task, wanted bool) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn().Err(err).Msg("systemd's watchdog is not fed")
	}
	return timetable.Task{
		Name: "watchdog", Schedule: every(within / 3), Log: log,
		Do: func(context.Context) { notifySystemd(log, daemon.SdNotifyWatchdog) },
	}, within > 0
}

// every is cron's "@every", which can't be shorter than a second.
type every time.Duration

// Next implements [cron.Schedule].
func (e every) Next(t time.Time) time.Time { return t.Add(time.Duration(e)) }
