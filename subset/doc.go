// Package subset takes a small, referentially complete part of a PostgreSQL
// database.
//
//	Open ──▶ Source ── Plan ──▶ Plan (package plan: a pure value, printed by --plan)
//	            │                 │
//	            └───── Run ◀──────┘
//	                    │
//	     package walk: which rows │ copy: their bytes
//	                    ▼
//	     Sink (database, script, archive) ──▶ Report
//
// A Source looks at one snapshot of the database, see package snapshot.
//
// A row is known by its place, heap and ctid, which is stable while the
// snapshot is held. Everything about foreign keys is asked of the server by
// joins on ctid, so tables without a key are no special case.
package subset
