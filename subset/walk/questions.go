package walk

import (
	"hash/fnv"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

// question is one query for candidates of one heap. Its first parameter is the
// seed.
type question struct {
	sql    string
	args   []any
	layout *layout // of the answers
	lane   int     // connection, preferably
	plain  bool    // asks without regard to parents
}

// questionsAbout a table are those by which candidates of it are found.
func (s *searcher) questionsAbout(t *table, need int64) []question {
	switch t.How {
	case plan.Whole:
		return s.heapQuestions(t, func(q *question) { q.sql = rowsSQL(q.layout) })
	case plan.Scan:
		return s.heapQuestions(t, func(q *question) {
			q.sql, q.args = filteredSQL(q.layout, t.Keep.Where), []any{t.want(need)}
		})
	case plan.Drive:
		return s.childQuestions(t, need)
	}
	return s.sampleQuestions(t, t.want(need))
}

// heapQuestions are one about each heap of a table that holds anything.
func (s *searcher) heapQuestions(t *table, phrase func(*question)) []question {
	var questions []question
	for _, h := range t.heaps {
		if h.Pages > 0 {
			q := question{layout: s.candidateLayout(h), lane: h.number, plain: true}
			phrase(&q)
			questions = append(questions, q)
		}
	}
	return questions
}

// sampleQuestions read some blocks of each heap, in proportion to its size, so
// that only some rows of a block are taken.
func (s *searcher) sampleQuestions(t *table, want int64) []question {
	share := min(float64(want*plan.Thinning)/float64(max(t.Rows, 1)), 1)
	return s.heapQuestions(t, func(q *question) {
		q.sql = blocksSQL(q.layout)
		q.args = []any{share * 100, t.blockSeed(s.plan.Seed), t.Portion(q.layout.heap.Heap, want)}
	})
}

// seed is another one for each table: equal keys of two tables must not be
// chosen together.
func (t *table) seed(seed uint64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Table.Name.String())) // never fails
	return h.Sum64() ^ seed
}

// blockSeed is for REPEATABLE, which takes no more bits.
func (t *table) blockSeed(seed uint64) float64 { return float64(t.seed(seed) >> 11) }
