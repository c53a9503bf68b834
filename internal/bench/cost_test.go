package bench

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedian_TakesTheMiddleOfEveryNumberByItself(t *testing.T) {
	s := Series{Costs: []Cost{
		{Seconds: 3, Server: 1, Memory: 100, Rows: 7, Target: 8},
		{Seconds: 1, Server: 3, Memory: 300, Rows: 7, Target: 8},
		{Seconds: 2, Server: 9, Memory: 200, Rows: 7, Target: 8},
	}}
	want := Cost{Seconds: 2, Server: 3, Memory: 200, Rows: 7, Target: 8}
	if diff := cmp.Diff(want, s.Median()); diff != "" {
		t.Error(diff)
	}
}

func TestMedian_OfEvenlyManyIsTheLowerOfTheTwo(t *testing.T) {
	s := Series{Costs: []Cost{{Seconds: 4}, {Seconds: 1}, {Seconds: 3}, {Seconds: 2}}}
	if got := s.Median().Seconds; got != 2 {
		t.Errorf("got %g", got)
	}
}

func TestSeries_WithoutARoundIsNothing(t *testing.T) {
	var s Series
	least, most := s.Spread()
	if s.Median() != (Cost{}) || least != 0 || most != 0 || s.Peak() != 0 {
		t.Errorf("%v, %g, %g, %d", s.Median(), least, most, s.Peak())
	}
}

func TestSpread_IsTheFastestAndTheSlowest(t *testing.T) {
	least, most := Series{Costs: []Cost{{Seconds: 4}, {Seconds: 1}, {Seconds: 3}}}.Spread()
	if least != 1 || most != 4 {
		t.Errorf("%g to %g", least, most)
	}
}

func TestPeak_IsThatOfTheWorstRound(t *testing.T) {
	if got := (Series{Costs: []Cost{{Memory: 5}, {Memory: 9}, {Memory: 7}}}).Peak(); got != 9 {
		t.Errorf("got %d", got)
	}
}

func TestShop_AddsCostsToTheirStep(t *testing.T) {
	var s Shop
	s.Add(Scan, Cost{Seconds: 1})
	s.Add(Dump, Cost{Seconds: 5})
	s.Add(Scan, Cost{Seconds: 2})
	want := []Series{{Scan, []Cost{{Seconds: 1}, {Seconds: 2}}}, {Dump, []Cost{{Seconds: 5}}}}
	if diff := cmp.Diff(want, s.Steps); diff != "" {
		t.Error(diff)
	}
	if s.Step(Archive).Costs != nil || s.Step(Archive).Step != Archive {
		t.Errorf("%v", s.Step(Archive))
	}
}
