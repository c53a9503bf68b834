// Package walk chooses the rows of a subset.
//
//	Run ──▶ tables that are kept whole, and roots with all that belongs to them
//	    ──▶ the passes of the plan: in each, parents first, every table that lacks rows has its turn
//	    ──▶ Result: which rows, and why
//
//	a turn:  searcher ──▶ candidates and what they reference
//	         memory   ──▶ what is kept of that, what is still to be looked up
//	         chooser  ──▶ candidates that are free; then the market: the cheapest of the others
//
// Whatever is kept is kept with all that it references, so that what is kept is
// complete at every moment.
//
// A row is known by its place (package snapshot); those of some heaps are known
// by their key too, an integer that other rows reference (directory).
package walk
