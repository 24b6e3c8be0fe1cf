// Package migrations holds the archive's schema, one SQL file a version, as
// goose reads them. A file that has been released is never edited: databases
// in the field have run it.
package migrations

import "embed"

// Files are the migrations, named NNNN_what.sql.
//
//go:embed *.sql
var Files embed.FS
