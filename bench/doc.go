// Package bench says how fast the archive answers, measured by a person and
// not by CI: machines are shared, and a slow minute is no fault. It is a module
// of its own, so that building, checking and testing the program leave it out.
//
//	go test -C bench . -run '^$' -bench Reports -jobs 1000000
//
// It builds an archive as big as that, and asks it every saved report with
// each of its filters. What may take how long stands in reports_test.go; what
// was measured, in docs/trust.md.
//
// BenchmarkLateness runs the service itself over five hundred clusters, and says
// how far they are behind their schedule with a bad one among them.
//
// [Build] fills an archive directly, a million jobs with a year of history in
// a minute or two, and is checked by sqlite.Verify: what it makes is an
// archive in every respect that reports can see. Only its pages are fuller
// than those of one that has grown, because indexes are made last.
package bench
