// Package dbtest helps tests to use archives. Only tests import it.
//
// [Test] is the suite that every [db.Store] must pass. Package model has the
// simplest store that passes it. A [Story] writes to a store what a cluster lists,
// run by run, with a clock that only the story moves; [Live] is a story in which
// everything happens. [Fresh] and [Verify] serve tests of the archive file.
//
// Begin reading at [Test] and [Story].
package dbtest
