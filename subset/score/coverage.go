package score

import (
	"maps"
	"math"
	"slices"
)

// mostValues is how many distinct values a column of low cardinality has.
const mostValues = 100

// values is how many rows have each value of a column, by a digest of the
// value. Beyond mostValues it is nil: the column is not of low cardinality.
type values map[string]int64

func (v values) rows() (n int64) {
	for _, rows := range v {
		n += rows
	}
	return n
}

// few reports whether the values are worth to be looked for one by one: more
// than one, and each of them found in two rows on the average.
func (v values) few() bool {
	return len(v) > 1 && len(v) <= mostValues && v.rows() >= 2*int64(len(v))
}

// Coverage says which values of a column of low cardinality are left.
type Coverage struct {
	Values   int     `json:"values"`   // distinct in the source
	Found    int     `json:"found"`    // of those, in the subset
	Share    float64 `json:"share"`    // Found of Values
	Expected float64 `json:"expected"` // Share that an even sample of as many rows has on the average
	Weighted float64 `json:"weighted"` // share of the source's rows that have a value which is found
}

func (v values) coverage(subset values) *Coverage {
	c := &Coverage{Values: len(v)}
	var rows int64
	for digest, n := range v {
		if subset[digest] > 0 {
			c.Found++
			rows += n
		}
	}
	c.Share = rounded(ratio(int64(c.Found), int64(c.Values)))
	c.Weighted = rounded(ratio(rows, v.rows()))
	c.Expected = rounded(v.expected(subset.rows()))
	return c
}

// expected is the share of values of which at least one row is among that
// many, drawn evenly and without repeats.
func (v values) expected(drawn int64) float64 {
	all := v.rows()
	drawn = min(drawn, all)
	var found float64
	for _, n := range slices.Sorted(maps.Values(v)) {
		found++
		if all-n >= drawn {
			found -= math.Exp(logChoose(all-n, drawn) - logChoose(all, drawn))
		}
	}
	return found / float64(max(len(v), 1))
}
