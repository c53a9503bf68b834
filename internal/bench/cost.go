package bench

import (
	"cmp"
	"slices"
)

// Cost is what one run of one step took, and what came out. What could not be
// measured, or means nothing for the step, is 0.
type Cost struct {
	Seconds  float64
	Server   float64 // CPU seconds of the server's processes
	Client   float64 // CPU seconds of the program and those it ran
	Memory   int64   // bytes at the program's peak
	Children int64   // bytes at the peak of the largest program it ran
	Blocks   int64   // read by the server, from its cache or not
	Reads    int64   // of them those that its disk was asked for, some at a time
	Trips    int64   // round trips one behind the other, where the source is far away
	Rows     int64   // kept
	Target   int64   // rows that the curve asks for
}

// Series is the costs of one step, a round each.
type Series struct {
	Step  string
	Costs []Cost
}

// Median is the middle of every number by itself.
func (s Series) Median() Cost {
	return Cost{
		Seconds:  median(s.Costs, func(c Cost) float64 { return c.Seconds }),
		Server:   median(s.Costs, func(c Cost) float64 { return c.Server }),
		Client:   median(s.Costs, func(c Cost) float64 { return c.Client }),
		Memory:   median(s.Costs, func(c Cost) int64 { return c.Memory }),
		Children: median(s.Costs, func(c Cost) int64 { return c.Children }),
		Blocks:   median(s.Costs, func(c Cost) int64 { return c.Blocks }),
		Reads:    median(s.Costs, func(c Cost) int64 { return c.Reads }),
		Trips:    median(s.Costs, func(c Cost) int64 { return c.Trips }),
		Rows:     median(s.Costs, func(c Cost) int64 { return c.Rows }),
		Target:   median(s.Costs, func(c Cost) int64 { return c.Target }),
	}
}

// Spread is the fastest and the slowest round, in seconds.
func (s Series) Spread() (least, most float64) {
	if len(s.Costs) == 0 {
		return 0, 0
	}
	seconds := values(s.Costs, func(c Cost) float64 { return c.Seconds })
	return seconds[0], seconds[len(seconds)-1]
}

// Peak is the most memory that the program took in any round.
func (s Series) Peak() (bytes int64) {
	for _, c := range s.Costs {
		bytes = max(bytes, c.Memory)
	}
	return bytes
}

func median[N cmp.Ordered](costs []Cost, of func(Cost) N) N {
	sorted := values(costs, of)
	if len(sorted) == 0 {
		var none N
		return none
	}
	return sorted[(len(sorted)-1)/2]
}

func values[N cmp.Ordered](costs []Cost, of func(Cost) N) []N {
	all := make([]N, len(costs))
	for i, c := range costs {
		all[i] = of(c)
	}
	slices.Sort(all)
	return all
}
