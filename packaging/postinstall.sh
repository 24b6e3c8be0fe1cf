#!/bin/sh
# After installing: create the user, and reload systemd. The service does not start
# yet, because it needs its settings first. After an upgrade (Debian's second
# argument, RPM's count of 2) a service that was running goes on with the new
# version, so that it and the commands agree on the archive's schema.
set -e
systemd-sysusers importarchive.conf
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	if { [ "$1" = configure ] && [ -n "$2" ]; } || [ "$1" = 2 ]; then
		systemctl try-restart importarchive.service
	fi
fi
