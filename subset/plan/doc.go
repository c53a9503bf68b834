// Package plan decides what a subset keeps, without looking at rows: a pure
// function of the catalog, the counts and what the user asks for. The walk and
// the forecast share what they reckon with: cost.go.
//
//	catalog, counts, Spec ── Make ──▶ Plan (a value, printed by --plan)
package plan
