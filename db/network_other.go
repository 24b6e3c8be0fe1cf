//go:build !linux

package db

// networkFileSystem knows no network file system here; the README asks for a
// local disk.
func networkFileSystem(string) string { return "" }
