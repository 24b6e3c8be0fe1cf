//go:build !linux

package files

// NetworkFileSystem knows no network file system here; docs/service.md asks for a
// local disk.
func NetworkFileSystem(string) string { return "" }
