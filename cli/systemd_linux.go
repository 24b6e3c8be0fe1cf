package cli

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// monotonic is the moment by the clock with which systemd tells the answer to
// its own reload from one to an earlier one.
func monotonic() []string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return nil
	}
	return []string{fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000)}
}
