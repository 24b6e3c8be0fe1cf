//go:build !linux

package cli

func monotonic() []string { return nil }
