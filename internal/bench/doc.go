// Package bench measures the subset engine on a shop of many million rows,
// beside yardsticks of the same server in the same minutes. It is run by
// `make bench`, and nobody imports it: what is not in a test here is what can
// be tested.
//
//	testdata/bench/shop.sql ──▶ database ── rounds of steps ──▶ Cost, many a step
//	                                                              │ median, spread
//	                       text, Markdown ◀── Table ◀── Goal ◀── Series
//
// Beside it, `make bench-update` measures an update of the sample shop by
// offshoot and by compose in turn.
package bench
