#!/bin/sh
# Before removing, and not before upgrading (Debian's "upgrade", RPM's 1).
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
	systemctl --no-reload disable --now importarchive.service
fi
