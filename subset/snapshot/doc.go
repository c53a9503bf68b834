// Package snapshot holds one read-only snapshot of a database: the connections
// that share it, what its errors mean, and the places of rows in it, which are
// stable while it is held.
//
//	Open ──▶ leader: exports the snapshot, reads the catalog, locks the tables
//	    └──▶ workers: see the same, share the questions
package snapshot
