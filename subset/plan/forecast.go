package plan

import (
	"math"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Expected is what a run will probably come to, by the plan: a forecast, no
// promise.
type Expected struct {
	Rows    int64   `json:"rows"`
	Forced  int64   `json:"forced"`  // of these, because kept rows reference them
	Bytes   int64   `json:"bytes"`   // of COPY text, as the report counts them
	Seconds float64 `json:"seconds"` // roughly, on a server and a computer of the usual kind
}

// KeyPlan says what one foreign key will probably cost.
type KeyPlan struct {
	Name      string   `json:"name"`
	Child     string   `json:"child"`
	Parent    string   `json:"parent"`
	Columns   []string `json:"columns"`         // of the child
	Declared  bool     `json:"declared"`        // by the schema, not only by the configuration
	Validated bool     `json:"validated"`       // the source holds it to be true of every row
	Index     string   `json:"index,omitempty"` // on the child's columns
	Indexed   bool     `json:"indexed"`         // by Index, or by one on each partition
	Forced    int64    `json:"expected_forced"` // rows of the parent that are kept only because of it
}

// forecast is the walk in expected numbers instead of rows: the same passes
// over the same tables, with the chance that a row's parents are kept where
// the walk looks at the row.
type forecast struct {
	plan   *Plan
	known  Matching
	tables []outlook
	ties   [][]*tie // by child
}

// outlook is how many rows of one table are kept so far.
type outlook struct {
	rows, target    float64
	sampled, forced float64
	matching        float64 // share of rows that fulfil the rule's condition
}

func (o *outlook) kept() float64 { return o.sampled + o.forced }

func (o *outlook) room() float64 { return max(o.target-o.kept(), 0) }

// predict fills in what the plan expects. It looks at nothing but the plan,
// the catalog it was made from, and the counts.
func (p *Plan) predict(counts catalog.Counts, known Matching) {
	f := newForecast(p, counts, known)
	f.run()
	for i := range p.Tables {
		t := &p.Tables[i]
		t.Expected = f.expected(i)
		t.Expected.Bytes = int64(float64(t.Expected.Rows) * rowWidth(t.Table, counts))
		t.Expected.Seconds = seconds(t, f.ties[i])
		p.Expected.Rows += t.Expected.Rows
		p.Expected.Forced += t.Expected.Forced
		p.Expected.Bytes += t.Expected.Bytes
		p.Expected.Seconds += t.Expected.Seconds
	}
	p.Expected.Seconds += fixedSeconds
	p.Keys = f.keyPlans(counts)
}

func newForecast(p *Plan, counts catalog.Counts, known Matching) *forecast {
	f := &forecast{plan: p, known: known, tables: make([]outlook, len(p.Tables)), ties: make([][]*tie, len(p.Tables))}
	position := map[*catalog.Table]int{}
	for i := range p.Tables {
		t := &p.Tables[i]
		position[t.Table] = i
		f.tables[i] = outlook{rows: float64(t.Rows), target: float64(t.Target), matching: 1}
		if share, ok := known.Tables[t.Table.Name.Dotted()]; ok && t.Keep.Where != "" {
			f.tables[i].matching = share
		}
	}
	for n, k := range p.ForeignKeys {
		child := position[k.Child]
		f.ties[child] = joinTies(f.ties[child], &tie{
			keys: []int{n}, child: child, parent: position[k.Parent], key: k,
		})
	}
	for _, ties := range f.ties {
		for _, l := range ties {
			l.measure(p, counts, known)
		}
	}
	f.shortcut()
	return f
}

// run keeps what the walk keeps, in the same order.
func (f *forecast) run() {
	for i := range f.plan.Tables {
		if f.plan.Tables[i].How == Every {
			f.keepAll(i)
		}
	}
	for _, r := range f.known.Roots {
		f.keepRoot(r)
	}
	spent := 0.0
	kept := func(i int) float64 { return f.tables[i].kept() }
	for _, pass := range f.plan.Passes() {
		spent, _ = pass.Turns(kept, spent, f.turn) // which never fails
	}
	for i := range f.tables {
		if t := &f.tables[i]; f.plan.Tables[i].NeverEmpty() {
			t.sampled += max(1-t.kept(), 0)
		}
	}
}

// turn brings a table to its goal, and returns what it spends of the allowance.
func (f *forecast) turn(t Turn) (float64, error) {
	return f.sample(t.Table, float64(t.Goal)-f.tables[t.Table].kept(), max(t.Allowance, 0)+1), nil
}

// keepAll keeps every row of a table and what those reference.
func (f *forecast) keepAll(i int) {
	t := &f.tables[i]
	added := t.rows - t.kept()
	t.sampled += added
	for _, l := range f.ties[i] {
		f.bring(l, l.fresh(f, added*l.missing(f)))
	}
}

// need is so many rows of a table that are wanted by one tie.
type need struct {
	by   *tie
	rows float64
}

// bring keeps more parents of a tie, with all that those reference, and
// returns how many rows that is above the targets of their tables. It goes on
// round by round, because ways from table to table are more than tables.
func (f *forecast) bring(by *tie, parents float64) (over float64) {
	const few, mostRounds, mostNeeds = 0.05, 16, 200
	needs := []need{{by, parents}}
	for range mostRounds {
		arrived := map[int]float64{}
		var order []int
		for _, n := range needs[:min(len(needs), mostNeeds)] {
			added, above := f.add(n.by, n.rows)
			over += above
			if added > 0 && arrived[n.by.parent] == 0 {
				order = append(order, n.by.parent)
			}
			arrived[n.by.parent] += added
		}
		needs = needs[:0]
		for _, table := range order {
			for _, up := range f.ties[table] {
				if rows := up.fresh(f, arrived[table]*up.missing(f)); rows >= few {
					needs = append(needs, need{up, rows})
				}
			}
		}
		if len(needs) == 0 {
			return over
		}
	}
	return over
}

// add keeps more parents of a tie alone.
func (f *forecast) add(l *tie, parents float64) (added, over float64) {
	t := &f.tables[l.parent]
	added = min(parents, t.rows-t.kept(), l.distinct-l.forced)
	if added <= 0 {
		return 0, 0
	}
	over = Over(t.kept(), added, t.target)
	share := (1 - l.caught) * added / max(l.gone(f), added)
	t.forced += added
	l.force(added, share)
	return added, over
}

func (f *forecast) expected(i int) Expected {
	t := &f.tables[i]
	rows := min(int64(math.Round(t.kept())), f.plan.Tables[i].Rows)
	return Expected{Rows: rows, Forced: min(int64(math.Round(t.forced)), rows)}
}

// keyPlans spreads what a tie forces over its keys, which differ in the
// partitions that they cover.
func (f *forecast) keyPlans(counts catalog.Counts) []KeyPlan {
	plans := make([]KeyPlan, len(f.plan.ForeignKeys))
	for n, k := range f.plan.ForeignKeys {
		plans[n] = KeyPlan{
			Name: k.String(), Child: k.Child.Name.Dotted(), Parent: k.Parent.Name.Dotted(), Columns: k.ChildColumns,
			Declared: k.OID != 0, Validated: k.OID != 0 && k.Validated, Index: k.Index, Indexed: k.Indexed,
		}
	}
	for _, ties := range f.ties {
		for _, l := range ties {
			var all float64
			for _, n := range l.keys {
				all += rowsIn(f.plan.ForeignKeys[n].ChildHeaps, counts)
			}
			for _, n := range l.keys {
				rows := rowsIn(f.plan.ForeignKeys[n].ChildHeaps, counts)
				plans[n].Forced = int64(math.Round(l.forced * rows / max(all, 1)))
			}
		}
	}
	return plans
}
