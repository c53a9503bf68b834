package walk

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// question is one query for candidates of one heap. The answers give their place
// and their hash, those with the lowest hashes first, and what they reference by
// some foreign keys. $1 is the seed.
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

// rowsSQL asks for every row of a heap.
func rowsSQL(l *layout) string {
	return l.sql("", func(columns string) string {
		return fmt.Sprintf("SELECT %s%s FROM ONLY %s", hashed(l.heap), columns, l.heap.Name)
	})
}

// filteredSQL asks for rows ($2 of them) that fulfil the user's condition.
func filteredSQL(l *layout, condition string) string {
	return l.sql("", func(columns string) string {
		return l.heap.Filtered(condition, hashed(l.heap)+columns) + ` ORDER BY "offshoot: hash" LIMIT $2`
	})
}

// blocksSQL asks for rows ($4 of them) of some blocks of a heap.
func blocksSQL(l *layout) string {
	return l.sql("", func(columns string) string {
		return fmt.Sprintf(`SELECT %s%s
  FROM ONLY %s TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashed(l.heap), columns, l.heap.Name)
	})
}

// hashed is the place and the hash of rows of a heap.
func hashed(h *heap) string { return fmt.Sprintf(`ctid, %s AS "offshoot: hash"`, hashOf(h.Table, "")) }

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
			args: []any{share * 100, t.blockSeed(s.plan.Seed), t.Portion(child.Heap, want), snapshot.Places(of.rows)},
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
				sql: sql, layout: l, lane: part.Lane, args: []any{limit(child), each, snapshot.Places(part.Rows)},
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

// blocksAmongSQL asks the same, for rows alone whose parent by a foreign key is
// one of some rows ($5) of a heap.
func blocksAmongSQL(l *layout, fk *foreignKey, parents *heap) string {
	when := ""
	if fk.When != "" {
		when = "(" + fk.When + "\n) AND "
	}
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT ctid, %s AS "offshoot: hash"%s
  FROM ONLY %s AS c TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 WHERE %sEXISTS (SELECT FROM ONLY %s AS p WHERE p.ctid = ANY($5) AND %s)
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashOf(l.heap.Table, "c."), columns, l.heap.Name, when, parents.Name, fk.Join("p", "c"))
	})
}

// childrenSQL asks for the children ($2 of them) in a heap that rows ($4) of
// another have by a foreign key, and at most $3 of one parent. The place of that
// parent comes along.
func childrenSQL(l *layout, fk *foreignKey, parents *heap) string {
	referenced := make([]string, len(fk.ParentColumns))
	for i, c := range fk.ParentColumns {
		referenced[i] = catalog.Quote(c)
	}
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.*, p.ctid AS "offshoot: parent"
  FROM (SELECT ctid, %s FROM ONLY %s WHERE ctid = ANY($4)) AS p
 CROSS JOIN LATERAL (SELECT c.ctid, %s AS "offshoot: hash"%s FROM %s WHERE %s LIMIT $3) AS c
 ORDER BY "offshoot: hash"
 LIMIT $2`, strings.Join(referenced, ", "), parents.Name,
			hashOf(fk.Child, "c."), columns, childrenIn(l.heap, fk), fk.Join("p", "c"))
	})
}

// childrenByKeySQL asks the same of parents by their keys ($4), by a foreign
// key for which that will do.
func childrenByKeySQL(l *layout, fk *foreignKey) string {
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.*
  FROM pg_catalog.unnest($4::pg_catalog.int8[]) AS n("offshoot: key")
 CROSS JOIN LATERAL (SELECT c.ctid, %s AS "offshoot: hash"%s FROM ONLY %s AS c WHERE %s LIMIT $3) AS c
 ORDER BY "offshoot: hash"
 LIMIT $2`, hashOf(fk.Child, "c."), columns, l.heap.Name, isAsked(fk.ChildColumns[0]))
	})
}

// isAsked holds where a column is one of the keys that are asked about.
func isAsked(column string) string {
	return "c." + catalog.Quote(column) + ` OPERATOR(pg_catalog.=) n."offshoot: key"`
}

// childrenIn is the rows of a heap for which the foreign key holds, as c.
func childrenIn(h *heap, fk *foreignKey) string {
	if fk.When != "" {
		return fmt.Sprintf("(SELECT ctid, * FROM ONLY %s WHERE %s\n) AS c", h.Name, fk.When)
	}
	return "ONLY " + h.Name.String() + " AS c"
}
