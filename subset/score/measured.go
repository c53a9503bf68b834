package score

import (
	"cmp"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

// measured is what is known of the rows of one table that is on both sides.
type measured struct {
	plan           *plan.TablePlan // with exact counts
	source, subset tableCount
	kept           []int64 // rows of the subset by their part of the source's table
	foreign        int64   // rows of the subset that are not in the source
	columns        []column
}

// tableCount is what one scan of a table says.
type tableCount struct {
	rows   int64
	parts  []int64          // rows by part of the table; of the source
	given  map[string]int64 // rows in which a column is not NULL
	values map[string]values
}

// column is one to look at.
type column struct {
	name     string
	nullable bool
	keyed    bool // part of a foreign key
	few      bool // perhaps of low cardinality
}

// measuredKey is what is known of one key that can be followed on both sides.
type measuredKey struct {
	name, child, parent string
	fanout              [2]histogram // source, subset
	dangling            [2]int64
	of                  [2]*measured // child, parent; nil where that table is not on both sides
}

// makeScore is the pure part: equal measurements give equal scores.
func makeScore(s Score, tables []*measured, keys []measuredKey) *Score {
	s.Version = 1
	s.Tables, s.Keys, s.Columns = []Table{}, []Key{}, []Column{}
	for _, m := range tables {
		s.Tables = append(s.Tables, m.score())
		s.Columns = append(s.Columns, m.columnScores()...)
	}
	for i := range keys {
		s.Keys = append(s.Keys, keys[i].score())
	}
	s.Summary = s.sum()
	return &s
}

func (m *measured) score() Table {
	t := Table{
		Schema: m.plan.Schema, Name: m.plan.Name,
		Source: m.source.rows, Target: m.plan.Target, Rows: m.subset.rows,
		Error:    OffTarget(m.subset.rows-m.plan.Target, m.plan.Target),
		Overflow: max(m.subset.rows-m.plan.Target, 0),
		Foreign:  m.foreign,
	}
	if found := sumOf(m.kept); found > 0 {
		t.Position = &Distance{
			Value:  rounded(farthest(m.kept, m.source.parts)),
			Chance: rounded(chance(found, 1-ratio(found, m.source.rows))),
		}
	}
	return t
}

// OffTarget returns rows off a target as a share of it, with four digits. Where
// no row was asked for, each that came counts as a whole.
func OffTarget(off, target int64) float64 {
	return rounded(float64(off) / float64(max(target, 1)))
}

func (m *measured) columnScores() []Column {
	var scores []Column
	for _, c := range m.columns {
		score := Column{Table: m.plan.Table.Name.Dotted(), Column: c.name}
		if c.nullable && m.subset.rows > 0 {
			score.Nulls = &NullShare{rounded(m.source.nulls(c.name)), rounded(m.subset.nulls(c.name))}
		}
		if all := m.source.values[c.name]; all.few() {
			score.Coverage = all.coverage(m.subset.values[c.name])
		}
		if score.Coverage != nil || score.Nulls != nil && c.keyed {
			scores = append(scores, score)
		}
	}
	return scores
}

func (t tableCount) nulls(column string) float64 { return ratio(t.rows-t.given[column], t.rows) }

func (k *measuredKey) score() Key {
	source, subset := k.fanout[0], k.fanout[1]
	score := Key{
		Name: k.name, Child: k.child, Parent: k.parent,
		Dangling: k.dangling[1], Before: k.dangling[0], Broken: max(k.dangling[1]-k.dangling[0], 0),
		Mean:      Triple{Source: rounded(source.mean()), Subset: rounded(subset.mean())},
		Childless: Triple{Source: rounded(source.atMost(0)), Subset: rounded(subset.atMost(0))},
	}
	implied := source.thin(k.of[0].wanted(), k.of[1].wanted())
	score.Mean.Implied, score.Childless.Implied = rounded(implied.mean()), rounded(implied.atMost(0))
	if subset.parents() == 0 || source.children() == 0 {
		return score // there is nothing that could be alike
	}
	// Also when all parents are kept: which of their children are, is chance.
	chance := rounded(chance(subset.parents(), 1))
	even := source.thin(ratio(subset.children(), source.children()), ratio(subset.parents(), source.parents()))
	score.Fanout = &Distance{rounded(subset.distance(implied)), chance}
	score.Shape = &Distance{rounded(subset.distance(even)), chance}
	return score
}

// wanted is the share of rows that the subset should have.
func (m *measured) wanted() float64 { return ratio(m.plan.Target, m.source.rows) }

func (s *Score) sum() Summary {
	var sum Summary
	var off int64
	var fanout, shape, position []named
	for _, t := range s.Tables {
		sum.SourceRows += t.Source
		sum.Target += t.Target
		sum.Rows += t.Rows
		sum.Overflow += t.Overflow
		off += max(t.Rows-t.Target, t.Target-t.Rows)
		position = append(position, named{t.Schema + "." + t.Name, t.Position})
	}
	for _, k := range s.Keys {
		sum.Dangling += k.Dangling
		sum.Broken += k.Broken
		fanout = append(fanout, named{k.Name, k.Fanout})
		shape = append(shape, named{k.Name, k.Shape})
	}
	sum.TargetError = OffTarget(off, sum.Target)
	sum.Fanout, sum.Shape, sum.PositionBias = extremes(fanout), extremes(shape), extremes(position)
	sum.Covered, sum.CoverExpected = s.covered()
	return sum
}

func (s *Score) covered() (found, expected float64) {
	var n int64
	for _, c := range s.Columns {
		if c.Coverage != nil {
			found += c.Coverage.Share
			expected += c.Coverage.Expected
			n++
		}
	}
	return rounded(found / float64(max(n, 1))), rounded(expected / float64(max(n, 1)))
}

// named is a distance and what it was measured of; nil where it could not be.
type named struct {
	name string
	*Distance
}

func extremes(distances []named) Extremes {
	var e Extremes
	distances = slices.DeleteFunc(distances, func(n named) bool { return n.Distance == nil })
	slices.SortStableFunc(distances, func(a, b named) int { return cmp.Compare(a.Value, b.Value) })
	e.Measured = len(distances)
	for _, d := range distances {
		if d.Beyond() {
			e.Beyond++
			e.Worst, e.At = d.Value, d.name
		}
	}
	if n := len(distances); n > 0 {
		e.Median = rounded((distances[(n-1)/2].Value + distances[n/2].Value) / 2)
	}
	return e
}
