// Package soak tells tests how long they may take: `make test` is for everybody and every push, `make soak` for the
// night.
//
// What only guards against rare races, a kill at every step or hundreds of random schemas, is drawn in small there and
// whole here. A test that has no small form stands in a file with the build tag soak.
package soak

// Rounds returns how many of something a test tries: few in `make test`, many in `make soak`.
func Rounds(few, many int) int {
	if On {
		return many
	}
	return few
}
