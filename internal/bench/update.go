package bench

import (
	"fmt"
	"strings"
)

// The ways to update the sample shop that are compared.
const (
	Compose  = "compose"        // docker compose up --build --wait
	Update   = "offshoot"       // offshoot up, the database reset to the archive
	KeepData = "offshoot, kept" // offshoot up --keep-data
)

// UpdateGoal is how much longer than compose an update may take that resets
// the database, which compose does not.
const UpdateGoal = 1.1

// Updates is what updates of a running stack cost, a round each.
type Updates struct {
	Machine Machine
	Compose string // its version, and how it builds
	Series  []Series
}

// Ratio is how much longer the steps of one kind took than those of another,
// by the medians of all rounds.
func (u Updates) Ratio(step, yardstick string) float64 {
	below := u.seconds(yardstick)
	if below == 0 {
		return 0
	}
	return u.seconds(step) / below
}

func (u Updates) seconds(step string) float64 {
	for _, s := range u.Series {
		if s.Step == step {
			return s.Median().Seconds
		}
	}
	return 0
}

// Text is the result for a terminal.
func (u Updates) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n%-16s %8s %8s %8s\n", u.Machine, u.Compose, "update", "median", "fastest", "slowest")
	for _, s := range u.Series {
		least, most := s.Spread()
		fmt.Fprintf(&b, "%-16s %6.2f s %6.2f s %6.2f s\n", s.Step, s.Median().Seconds, least, most)
	}
	fmt.Fprintf(&b, "\n%s takes %.2f of %s (goal: at most %.2f)\n", Update, u.Ratio(Update, Compose), Compose,
		UpdateGoal)
	return b.String()
}
