package bench

import "fmt"

// mostTrips is how many round trips a run may wait for, one behind the other.
const mostTrips = 75

// away is what distance costs, and a disk, beside the archive of a source that is near and in memory.
func (s Shop) away() []Goal {
	var goals []Goal
	add := func(value, most float64, name string, args ...any) {
		goals = append(goals, Goal{Name: s.title() + ": " + fmt.Sprintf(name, args...), Value: value, Most: most})
	}
	for _, far := range []struct {
		step string
		most float64 // seconds more than near
	}{{Far20, 1.6}, {Far80, 6}} {
		if !s.measured(far.step) {
			continue
		}
		if s.measured(Archive) {
			add(seconds(s, far.step)-seconds(s, Archive), far.most, "%s - %s, seconds", far.step, Archive)
		}
		add(float64(s.Step(far.step).Median().Trips), mostTrips, "%s, round trips", far.step)
	}
	if !s.measured(Cold) {
		return goals
	}
	ratio, reads := map[float64]float64{1: 1, 4: 0.6}, map[float64]float64{1: 32_000, 4: 85_000}
	if s.measured(ColdDump) {
		add(seconds(s, Cold)/seconds(s, ColdDump), ratio[s.Scale], "%s / %s", Cold, ColdDump)
	}
	add(float64(s.Step(Cold).Median().Reads), reads[s.Scale], "%s, disk reads", Cold)
	return goals
}
