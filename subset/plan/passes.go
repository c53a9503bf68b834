package plan

// Pass is a round over the tables, parents before children, in which each that
// lacks rows of its goal has its turn.
type Pass struct {
	Others bool // candidates that were not needed so far are not offered again

	plan *Plan
	goal func(*TablePlan) int64
	rest bool // all that the database has left may be spent
}

// Turn is a table's turn in a pass.
type Turn struct {
	Table     int     // by position in the plan
	Goal      int64   // rows that it is to have then
	Allowance float64 // rows above the targets of tables that may be kept for it; none when negative
}

// leastFed is the part of its target below which a table starves when every
// table had its turn. What the whole database has left goes to it.
const leastFed = 0.6

// Passes are those of a run, and of its forecast, in their order: each table up
// to the part of its target that leaves room for what others force, each up to
// its target, and those that starve with what the others left.
func (p *Plan) Passes() []Pass {
	return []Pass{
		{plan: p, goal: (*TablePlan).reserved},
		{plan: p, goal: func(t *TablePlan) int64 { return t.Target }},
		{plan: p, goal: (*TablePlan).starving, rest: true, Others: true},
	}
}

func (t *TablePlan) reserved() int64 { return int64(float64(t.Target)*t.Reserve + 0.5) }
func (t *TablePlan) starving() int64 { return int64(float64(t.Target) * leastFed) }

// Goal is how many rows the table is to have after its turn.
func (p Pass) Goal(t *TablePlan) int64 { return p.goal(t) }

// Turns calls take for each table that lacks rows, and gives it a share of the
// allowance by what it lacks: what one leaves is for those behind it. kept is
// how many rows of a table, by its position, are kept at the moment. Of the
// plan's allowance so much is spent before; take returns what it spends more.
// The sum is returned.
func (p Pass) Turns(kept func(table int) float64, spent float64, take func(Turn) (float64, error)) (float64, error) {
	allowance := p.allowance(kept, spent)
	lacks := func(i int) float64 { return max(float64(p.goal(&p.plan.Tables[i]))-kept(i), 0) }
	for i := range p.plan.Tables {
		t := &p.plan.Tables[i]
		if lacks(i) == 0 || !t.TakesTurns() {
			continue
		}
		var all float64
		for n := i; n < len(p.plan.Tables); n++ {
			all += lacks(n)
		}
		more, err := take(Turn{Table: i, Goal: p.goal(t), Allowance: allowance * (lacks(i) / all)})
		if err != nil {
			return spent, err
		}
		allowance -= more
		spent += more
	}
	return spent, nil
}

// allowance is what all turns of the pass may spend.
func (p Pass) allowance(kept func(table int) float64, spent float64) float64 {
	if !p.rest {
		return float64(p.plan.Allowance) - spent
	}
	left := float64(p.plan.Target + p.plan.Allowance)
	for i := range p.plan.Tables {
		left -= kept(i)
	}
	return left
}

// TakesTurns reports whether rows of the table are chosen in passes.
func (t *TablePlan) TakesTurns() bool { return t.How != Nothing && t.How != Every }

// NeverEmpty reports whether at least one row of the table is kept, whatever
// it brings along.
func (t *TablePlan) NeverEmpty() bool { return t.Target > 0 && t.How != Nothing }
