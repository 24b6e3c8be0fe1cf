// Package dbtest holds what every [db.Store] must do ([Test]), the plainest
// store that does it ([Memory]), and short ways to say what a cluster lists
// ([Story]). Only tests import it.
package dbtest
