package sync

import "importarchive/db"

// stateOf translates a service's word. One table serves every dialect: the
// services share a server, and no word means two things. A word that is not here
// is unknown; the archive keeps it as the service sent it.
//
// v1 has five words: its documents show three, the vendor's own translation
// from v2 (in its Java SDK) names ImportPending and ImportCancel as well.
// Open-source Milvus folds its inner steps into Importing, and since two-phase
// imports came says Uncommitted and Committing for a job that has loaded its
// rows but not published them: it is still running. Its word None is not a
// state but the lack of one.
func stateOf(raw string) db.State {
	switch raw {
	case "ImportPending", "Pending":
		return db.Pending
	case "ImportRunning", "InProgress", "Importing", "Uncommitted", "Committing":
		return db.Running
	case "ImportCompleted", "Completed":
		return db.Completed
	case "ImportFailed", "Failed":
		return db.Failed
	case "ImportCancel", "Cancel":
		return db.Cancelled
	}
	return db.Unknown
}
