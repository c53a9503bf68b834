// Package score says how good a subset is, whatever tool made it.
//
//	source ──▶ Snapshot ─┐
//	                     ├─ Measure: count both sides in place ──▶ Score
//	subset ──▶ Snapshot ─┘
//
//	Verify   one database ──▶ rows that break a foreign key
//	Compare  two subsets  ──▶ the rows that both have
//
// It shares no code with the walk. What it reads of rows are counts, places
// and digests; keys are the only values that pass through, and none is kept.
package score
