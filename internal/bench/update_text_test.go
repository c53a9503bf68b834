package bench

import (
	"strings"
	"testing"
)

func TestUpdates_CompareTheMediansOfTheirRounds(t *testing.T) {
	series := func(step string, seconds ...float64) Series {
		s := Series{Step: step}
		for _, took := range seconds {
			s.Costs = append(s.Costs, Cost{Seconds: took})
		}
		return s
	}
	u := Updates{
		Compose: "compose 5.0.2",
		Series:  []Series{series(Compose, 5, 9, 4), series(Update, 5.5, 5.4, 20), series(KeepData, 5)},
	}
	if got := u.Ratio(Update, Compose); got != 1.1 {
		t.Errorf("ratio %v", got)
	}
	if got := (Updates{}).Ratio(Update, Compose); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	text := u.Text()
	for _, want := range []string{
		"compose 5.0.2", "offshoot           5.50 s   5.40 s  20.00 s",
		"offshoot takes 1.10 of compose (goal: at most 1.10)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
