package main

import (
	"fmt"
	"io"
)

// summary prints one line a package, as CONTRIBUTING has them, and tells
// whether all pass.
func summary(w io.Writer, seed int, scores []score) bool {
	all := true
	fmt.Fprintf(w, "\n| package | noticed, SEED=%d |\n|---|---|\n", seed)
	for _, s := range scores {
		fmt.Fprintf(w, "| `%s` | %d of %d |\n", s.name, s.noticed, s.changes)
		all = all && s.passes()
	}
	if !all {
		fmt.Fprintf(w, "\ntoo few: %d of %d must be noticed in each\n", least, usual)
	}
	return all
}
