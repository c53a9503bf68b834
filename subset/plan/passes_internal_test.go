package plan

import (
	"errors"
	"slices"
	"testing"
)

// scheduled is a plan of three tables that want 100, 50 and 10 rows, the first
// of which leaves half of its room to others, and one that is kept whole.
func scheduled() *Plan {
	return &Plan{Target: 160, Allowance: 16, Tables: []TablePlan{
		{Target: 100, Reserve: 0.5, How: Blocks},
		{Target: 50, Reserve: 1, How: Every},
		{Target: 50, Reserve: 1, How: Drive},
		{Target: 10, Reserve: 1, How: Whole},
	}}
}

func TestPasses_ComeToTheReserveThenTheTargetThenFeedTheStarving(t *testing.T) {
	p := scheduled()
	var goals [][]int64
	var others []bool
	for _, pass := range p.Passes() {
		var of []int64
		for i := range p.Tables {
			of = append(of, pass.Goal(&p.Tables[i]))
		}
		goals, others = append(goals, of), append(others, pass.Others)
	}
	want := [][]int64{{50, 50, 50, 10}, {100, 50, 50, 10}, {60, 30, 30, 6}}
	if !slices.EqualFunc(goals, want, slices.Equal) || !slices.Equal(others, []bool{false, false, true}) {
		t.Errorf("goals %v, others %v", goals, others)
	}
}

func TestTurns_ShareTheAllowanceByWhatTablesLack(t *testing.T) {
	p := scheduled()
	kept := []float64{20, 50, 0, 0}
	var turns []Turn
	spent, err := p.Passes()[1].Turns(func(i int) float64 { return kept[i] }, 2, func(turn Turn) (float64, error) {
		turns = append(turns, turn)
		kept[turn.Table] = float64(turn.Goal)
		return float64(len(turns)), nil
	})
	// 14 are left for 80, 50 and 10 rows; the first spends 1 of its 8, the second 2.
	want := []Turn{
		{Table: 0, Goal: 100, Allowance: 14 * (80. / 140)},
		{Table: 2, Goal: 50, Allowance: 13 * (50. / 60)},
		{Table: 3, Goal: 10, Allowance: 11},
	}
	if err != nil || spent != 2+1+2+3 || !slices.Equal(turns, want) {
		t.Errorf("%v spent, %v, turns %v, want %v", spent, err, turns, want)
	}
}

func TestTurns_PassOverTablesThatOthersFilledMeanwhile(t *testing.T) {
	p := scheduled()
	kept := []float64{0, 50, 0, 0}
	var tables []int
	_, err := p.Passes()[0].Turns(func(i int) float64 { return kept[i] }, 0, func(turn Turn) (float64, error) {
		tables = append(tables, turn.Table)
		kept[2] = 50 // forced by the rows of the first
		return 0, nil
	})
	if err != nil || !slices.Equal(tables, []int{0, 3}) {
		t.Errorf("turns of %v, %v", tables, err)
	}
}

func TestTurns_OfTheLastPassMaySpendAllThatIsLeft(t *testing.T) {
	p := scheduled()
	kept := []float64{10, 50, 30, 10}
	var allowance float64
	_, err := p.Passes()[2].Turns(func(i int) float64 { return kept[i] }, 16, func(turn Turn) (float64, error) {
		allowance = turn.Allowance
		return 0, nil
	})
	if want := 160.0 + 16 - 100; err != nil || allowance != want {
		t.Errorf("allowance %v, want %v, %v", allowance, want, err)
	}
}

func TestTurns_EndWithTheFirstError(t *testing.T) {
	lost, turns := errors.New("lost"), 0
	spent, err := scheduled().Passes()[0].Turns(func(int) float64 { return 0 }, 3, func(Turn) (float64, error) {
		turns++
		return 1, lost
	})
	if !errors.Is(err, lost) || turns != 1 || spent != 3 {
		t.Errorf("%v after %d turns, %v spent", err, turns, spent)
	}
}
