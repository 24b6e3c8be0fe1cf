//go:build !linux

package db

// NetworkFileSystem knows no network file system here; the README asks for a
// local disk.
func NetworkFileSystem(string) string { return "" }
