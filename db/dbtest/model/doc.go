// Package model has the simplest store that passes the suite of package dbtest: the
// model that other stores are compared with, and a quick store for tests of the
// engine. Only tests import it.
//
// Begin reading at [Memory]. A draft collects what one commit alters of it.
package model
