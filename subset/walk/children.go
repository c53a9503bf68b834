package walk

import (
	"cmp"
	"iter"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// parents are the sampled rows of a table that bring children by a foreign key.
// Forced rows bring none: they are there for other reasons.
type parents struct {
	foreignKey *foreignKey
	rows       []placed
	n          int64
	share      float64 // of all rows of their table
	weight     float64 // smaller for the foreign key to ask first
}

// placed is rows of one heap, in order.
type placed struct {
	heap *heap
	rows []snapshot.Row
}

// childQuestions find children of sampled parents. Rows that cost nothing have
// all their parents kept, so the children by the first foreign key have them
// among them; others are asked for what that one cannot give.
func (s *searcher) childQuestions(t *table, need int64) []question {
	var questions []question
	missing, plain, strays := need, true, false
	for _, p := range s.parentsOf(t, t.want(need)) {
		if missing <= 0 {
			break
		}
		children, want := int64(p.share*float64(t.Rows)), t.want(missing)
		asked := s.blockQuestions(t, p, min(want, children+1))
		if t.Search(p.foreignKey.ForeignKey, p.n, p.share, want).ByIndex {
			asked = s.indexQuestions(t, p, want)
		}
		strays = strays || p.foreignKey.Optional()
		for n := range asked {
			asked[n].plain = plain && !strays // but for this one foreign key, which all of them have
		}
		questions, plain = append(questions, asked...), false
		missing -= children
	}
	if strays || len(questions) == 0 {
		// Rows that reference nothing, of which no parent knows.
		questions = append(questions, s.sampleQuestions(t, need)...)
	}
	return questions
}

// parentsOf a table are the sampled ones by each foreign key, the best first.
func (s *searcher) parentsOf(t *table, want int64) []*parents {
	var all []*parents
	for _, fk := range t.driving {
		if p := s.sampledParents(fk); p.n > 0 {
			p.weight = t.Weight(fk.ForeignKey, p.n, p.share, want)
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *parents) int { return cmp.Compare(a.weight, b.weight) })
	return all
}

func (s *searcher) sampledParents(fk *foreignKey) *parents {
	p := &parents{foreignKey: fk}
	var of int64
	for _, h := range fk.parentHeaps {
		if rows := s.sampled.Of(h.number); len(rows) > 0 {
			p.rows = append(p.rows, placed{h, rows})
			p.n += int64(len(rows))
		}
		of = h.table.Rows
	}
	p.share = min(float64(p.n)/float64(max(of, 1)), 1)
	return p
}

// pairs are the parents in each of their heaps, with each heap of children.
func (p *parents) pairs() iter.Seq2[placed, *heap] {
	return func(yield func(placed, *heap) bool) {
		for _, of := range p.rows {
			for _, child := range p.foreignKey.childHeaps {
				if child.Pages > 0 && !yield(of, child) {
					return
				}
			}
		}
	}
}

// blockQuestions read blocks of a table and take the children of all the
// parents: more questions would read the blocks again.
func (s *searcher) blockQuestions(t *table, p *parents, want int64) []question {
	share := min(float64(want)*plan.ThinAmong/max(float64(t.Rows)*p.share, 1), 1)
	var questions []question
	for of, child := range p.pairs() {
		l := s.candidateLayout(child)
		questions = append(questions, question{
			sql: blocksAmongSQL(l, p.foreignKey, of.heap), layout: l, lane: child.number,
			args: []any{share * 100, t.blockSeed(s.plan.Seed), t.Portion(child.Heap, want), snapshot.TIDs(of.rows)},
		})
	}
	return questions
}

// indexQuestions ask for the children of some thousand parents at once.
func (s *searcher) indexQuestions(t *table, p *parents, want int64) []question {
	// One parent with a great many children must not cost a scan of them.
	each := 10*want + 1_000
	limit := func(child *heap) int64 { return min(2*t.Portion(child.Heap, want)+plan.FewCandidates, want) }
	if p.foreignKey.directory != nil {
		return s.keyQuestions(p.foreignKey, limit, each)
	}
	var questions []question
	for of, child := range p.pairs() {
		l := s.childLayout(child, p.foreignKey, of.heap)
		sql := childrenSQL(l, p.foreignKey, of.heap)
		for _, part := range s.src.Stretches(of.heap.Heap, of.rows, lookupBatch) {
			questions = append(questions, question{
				sql: sql, layout: l, lane: part.Lane, args: []any{limit(child), each, snapshot.TIDs(part.Rows)},
			})
		}
	}
	return questions
}

// keyQuestions ask for the children by the keys of the parents: these need not
// be read again, and what comes says itself whose child it is.
func (s *searcher) keyQuestions(fk *foreignKey, limit func(child *heap) int64, each int64) []question {
	var questions []question
	for _, child := range fk.childHeaps {
		if child.Pages == 0 {
			continue
		}
		l := s.candidateLayout(child)
		sql := childrenByKeySQL(l, fk)
		for _, part := range s.batches(fk.directory) {
			questions = append(questions, question{
				sql: sql, layout: l, lane: part.lane, args: []any{limit(child), each, part.keys},
			})
		}
	}
	return questions
}

// batch is some keys for one connection.
type batch struct {
	lane int
	keys []int64
}

// batches splits the keys of sampled rows by the connections they are for.
func (s *searcher) batches(d *directory) []batch {
	var all []batch
	for keys := d.sampled.Iterator(); keys.HasNext(); {
		key := int64(keys.Next())
		lane := s.laneOf(d.heap, key)
		if last := len(all) - 1; last < 0 || all[last].lane != lane || len(all[last].keys) == lookupBatch {
			all = append(all, batch{lane: lane})
		}
		last := &all[len(all)-1]
		last.keys = append(last.keys, key)
	}
	return all
}

// laneOf is the connection for a row of which only the key is known: keys that
// are counted up lie in their heap in that order.
func (s *searcher) laneOf(h *heap, key int64) int {
	lanes := int64(len(s.src.Workers))
	part := float64(key) / float64(max(h.table.Rows, 1))
	return int(min(max(part, 0), 1)*float64(lanes-1) + 0.5)
}
