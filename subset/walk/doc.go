// Package walk chooses the rows of a subset.
//
//	rows of "all" tables, roots and what belongs to them
//	    ──▶ each table, parents first, up to its goal, once for each pass of the plan
//	    ──▶ Result: which rows, and why
//
// Whatever it keeps, it keeps with all that it references, so that at every
// moment what is kept is complete.
package walk
