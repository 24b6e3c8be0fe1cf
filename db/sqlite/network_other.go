//go:build !linux

package sqlite

// NetworkFileSystem knows no network file system here; the README asks for a
// local disk.
func NetworkFileSystem(string) string { return "" }
