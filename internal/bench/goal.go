package bench

import "fmt"

// Goal is a number and what it should be. Least or Most is 0 where there is
// nothing to hold it against.
type Goal struct {
	Name        string
	Value       float64
	Least, Most float64
	None        bool // it should be 0
}

// Held reports whether the value is where it should be.
func (g Goal) Held() bool {
	if g.None {
		return g.Value == 0
	}
	return g.Value >= g.Least && (g.Most == 0 || g.Value <= g.Most)
}

// Verdict is the goal in words and how it stands.
func (g Goal) Verdict() string {
	wanted := ""
	switch {
	case g.None:
		wanted = "none"
	case g.Least > 0 && g.Most > 0:
		wanted = fmt.Sprintf("%g to %g", g.Least, g.Most)
	case g.Least > 0:
		wanted = fmt.Sprintf("at least %g", g.Least)
	case g.Most > 0:
		wanted = fmt.Sprintf("at most %g", g.Most)
	default:
		return ""
	}
	if !g.Held() {
		return wanted + ": MISSED"
	}
	return wanted + ": held"
}

// Speed is the ratios of times and memory, over all shops.
func Speed(shops []Shop) []Goal {
	var goals []Goal
	for _, s := range shops {
		goals = append(goals, s.speed()...)
	}
	small, big := find(shops, 1), find(shops, 4)
	if small == nil || big == nil {
		return goals
	}
	for _, step := range []string{Archive, Database} {
		if ratio, ok := divide(seconds(*big, step), seconds(*small, step)); ok {
			goals = append(goals,
				Goal{
					Name: fmt.Sprintf("%s, %s / %s", step, big.title(), small.title()), Value: ratio,
					Most: growth(step),
				})
		}
	}
	return goals
}

// growth is by how much four times the rows may take longer: the curve keeps
// 2.66 times as many.
func growth(step string) float64 {
	if step == Database {
		return 2.8
	}
	return 0
}

func (s Shop) speed() []Goal {
	yardstick := seconds(s, Scan) + seconds(s, Schema)
	most := map[float64]float64{1: 1.6, 4: 1.3}[s.Scale]
	var goals []Goal
	add := func(name string, value, by, most float64) {
		if ratio, ok := divide(value, by); ok {
			goals = append(goals, Goal{Name: s.title() + ": " + name, Value: ratio, Most: most})
		}
	}
	if s.measured(Scan) && s.measured(Schema) {
		add("database / (scan + schema)", seconds(s, Database), yardstick, most)
		add("archive / (scan + schema)", seconds(s, Archive), yardstick, 0)
	}
	add("archive / sample", seconds(s, Archive), seconds(s, Sample), 0)
	add("database / dump", seconds(s, Database), seconds(s, Dump), 0)
	for _, step := range []string{Archive, Database} {
		add(step+", peak memory / (64 MB + 32 bytes a row)", float64(s.Step(step).Peak()),
			allowed(s.Step(step).Median().Rows), 1)
	}
	return append(goals, s.away()...)
}

// allowed is how many bytes of memory a run that keeps so many rows may take.
func allowed(rows int64) float64 { return 64<<20 + 32*float64(rows) }

// Balance is what a subset must be like, whatever it costs.
func (s Shop) Balance() []Goal {
	if len(s.Tables) == 0 {
		return nil
	}
	var kept, target int64
	goals := []Goal{{Name: s.title() + ": dangling rows", Value: float64(s.Loose), None: true}}
	lowest := Goal{Value: -1}
	for _, t := range s.Tables {
		kept += t.Kept
		target += t.Target
		if t.Target == 0 {
			continue
		}
		if share := float64(t.Kept) / float64(t.Target); lowest.Value < 0 || share < lowest.Value {
			lowest = Goal{
				Name: fmt.Sprintf("%s: kept / target, lowest (%s)", s.title(), t.Name), Value: share,
				Least: 0.5,
			}
		}
	}
	if target == 0 {
		return goals
	}
	whole := Goal{
		Name: s.title() + ": kept / target, whole database", Value: float64(kept) / float64(target),
		Least: 0.8, Most: 1.3,
	}
	return append(goals, whole, lowest)
}

func (s Shop) title() string { return millions(s.Rows) + " rows" }

func (s Shop) measured(step string) bool { return len(s.Step(step).Costs) > 0 }

func seconds(s Shop, step string) float64 { return s.Step(step).Median().Seconds }

func divide(a, b float64) (float64, bool) {
	if a == 0 || b == 0 {
		return 0, false
	}
	return a / b, true
}

func find(shops []Shop, scale float64) *Shop {
	for i := range shops {
		if shops[i].Scale == scale {
			return &shops[i]
		}
	}
	return nil
}
