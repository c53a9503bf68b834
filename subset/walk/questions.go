package walk

import (
	"cmp"
	"fmt"
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

	// Of the answers to all questions of one set only the lowest hashes count,
	// so many: how rows are read must not decide which are candidates.
	set  int // above 0
	most int64
}

// questionsAbout a table are those by which candidates of it are found.
func (s *searcher) questionsAbout(t *table, need int64) []question {
	switch t.How {
	case plan.Whole:
		return s.heapQuestions(t, func(q *question) { q.sql = rowsSQL(q.layout); s.reads(q.layout.heap) })
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
	for _, h := range filled(t.heaps) {
		q := question{layout: s.candidateLayout(h), lane: h.number, plain: true}
		phrase(&q)
		questions = append(questions, q)
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
		asked := s.questionsBy(t, p, min(want, children+1), want)
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

// questionsBy asks for children by one foreign key: for all of them, or for
// those in a sample of blocks where there are far more than are wanted.
func (s *searcher) questionsBy(t *table, p *parents, most, want int64) []question {
	if !t.Search(p.foreignKey.ForeignKey, p.n, p.share, want).ByIndex {
		share := min(float64(most)*plan.ThinAmong/max(float64(t.Rows)*p.share, 1), 1)
		limit := func(child *heap) int64 { return t.Portion(child.Heap, most) }
		return s.scanQuestions(t, p, filled(p.foreignKey.childHeaps), share, limit)
	}
	// One parent with a great many children must not cost a scan of them.
	each := 10*want + 1_000
	limit := func(child *heap) int64 { return min(2*t.Portion(child.Heap, want)+plan.FewCandidates, want) }
	var scanned, stepped []*heap
	for _, child := range filled(p.foreignKey.childHeaps) {
		if s.access(child).Scans(child.Heap, child.rows(), p.foreignKey.ForeignKey, p.n, p.share) {
			scanned = append(scanned, child)
		} else {
			stepped = append(stepped, child)
		}
	}
	all := append(s.scanQuestions(t, p, scanned, 1, limit), s.indexQuestions(p, stepped, limit, each)...)
	for i := range all {
		all[i].set = 1 + p.foreignKey.position*len(s.heaps) + all[i].layout.heap.number
	}
	return all
}

// scanQuestions read heaps of a table, or a share of their blocks, in order and
// pick the children of all the parents: more questions would read them again.
func (s *searcher) scanQuestions(
	t *table, p *parents, of []*heap, share float64, limit func(child *heap) int64,
) []question {
	var questions []question
	ask := func(child *heap, sql string, l *layout, which any) {
		questions = append(questions, question{
			sql: sql, layout: l, lane: child.number, most: limit(child),
			args: []any{share * 100, t.blockSeed(s.plan.Seed), limit(child), which},
		})
	}
	for _, child := range of {
		if share == 1 {
			s.reads(child)
		}
		if d := p.foreignKey.directory; d != nil {
			l := s.candidateLayout(child)
			for keys := range slices.Chunk(signed(d.sampled.ToArray()), plan.MostHashed) {
				ask(child, blocksAmongKeysSQL(l, p.foreignKey), l, keys)
			}
			continue
		}
		for _, parents := range p.rows {
			l := s.childLayout(child, p.foreignKey, parents.heap)
			ask(child, blocksAmongSQL(l, p.foreignKey, parents.heap), l, snapshot.Places(parents.rows))
		}
	}
	return questions
}

// signed are keys as the server has them.
func signed(keys []uint64) []int64 {
	all := make([]int64, len(keys))
	for i, k := range keys {
		all[i] = int64(k)
	}
	slices.Sort(all)
	return all
}

// indexQuestions ask for the children of some thousand parents at once.
func (s *searcher) indexQuestions(p *parents, of []*heap, limit func(child *heap) int64, each int64) []question {
	if p.foreignKey.directory != nil {
		return s.keyQuestions(p.foreignKey, of, limit, each)
	}
	var questions []question
	for _, parents := range p.rows {
		for _, child := range of {
			l := s.childLayout(child, p.foreignKey, parents.heap)
			sql := childrenSQL(l, p.foreignKey, parents.heap)
			for _, part := range s.src.Stretches(parents.heap.Heap, parents.rows, lookupBatch) {
				questions = append(questions, question{
					sql: sql, layout: l, lane: part.Lane, most: limit(child),
					args: []any{limit(child), each, snapshot.Places(part.Rows)},
				})
			}
		}
	}
	return questions
}

// keyQuestions ask for the children by the keys of the parents: these need not
// be read again, and what comes says itself whose child it is.
func (s *searcher) keyQuestions(fk *foreignKey, of []*heap, limit func(child *heap) int64, each int64) []question {
	var questions []question
	for _, child := range of {
		l := s.candidateLayout(child)
		sql := childrenByKeySQL(l, fk)
		for _, part := range s.batches(fk.directory) {
			questions = append(questions, question{
				sql: sql, layout: l, lane: part.lane, most: limit(child), args: []any{limit(child), each, part.keys},
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

// blocksAmongSQL asks for rows ($4 of them) of some blocks of a heap, of those
// alone whose parent by a foreign key is one of some rows ($5) of another. The
// place of that parent comes along. A sample of blocks, were it of all of them,
// is never found by an index.
func blocksAmongSQL(l *layout, fk *foreignKey, parents *heap) string {
	when := ""
	if fk.When != "" {
		when = "\n WHERE (" + fk.When + "\n)"
	}
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.ctid, %s AS "offshoot: hash"%s, p.ctid AS "offshoot: parent"
  FROM (SELECT tableoid, ctid, * FROM ONLY %s TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)%s) AS c
  JOIN (SELECT ctid, %s FROM ONLY %s WHERE ctid = ANY($5)) AS p ON %s
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashOf(l.heap.Table, "c."), columns, l.heap.Name, when,
			referenced(fk), parents.Name, fk.Join("p", "c"))
	})
}

// blocksAmongKeysSQL asks the same of parents by their keys ($5), by a foreign
// key for which that will do.
func blocksAmongKeysSQL(l *layout, fk *foreignKey) string {
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.ctid, %s AS "offshoot: hash"%s
  FROM ONLY %s AS c TABLESAMPLE pg_catalog.system ($2) REPEATABLE ($3)
 WHERE c.%s OPERATOR(pg_catalog.=) ANY (SELECT pg_catalog.unnest($5::pg_catalog.int8[]))
 ORDER BY "offshoot: hash"
 LIMIT $4`, hashOf(l.heap.Table, "c."), columns, l.heap.Name, catalog.Quote(fk.ChildColumns[0]))
	})
}

// referenced lists the columns of parents that a foreign key compares with.
func referenced(fk *foreignKey) string {
	columns := make([]string, len(fk.ParentColumns))
	for i, c := range fk.ParentColumns {
		columns[i] = catalog.Quote(c)
	}
	return strings.Join(columns, ", ")
}

// childrenSQL asks for the children ($2 of them) in a heap that rows ($4) of
// another have by a foreign key, and at most $3 of one parent. The place of that
// parent comes along.
func childrenSQL(l *layout, fk *foreignKey, parents *heap) string {
	return l.sql("c.", func(columns string) string {
		return fmt.Sprintf(`SELECT c.*, p.ctid AS "offshoot: parent"
  FROM (SELECT ctid, %s FROM ONLY %s WHERE ctid = ANY($4)) AS p
 CROSS JOIN LATERAL (SELECT c.ctid, %s AS "offshoot: hash"%s FROM %s WHERE %s LIMIT $3) AS c
 ORDER BY "offshoot: hash"
 LIMIT $2`, referenced(fk), parents.Name,
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
		return fmt.Sprintf("(SELECT tableoid, ctid, * FROM ONLY %s WHERE %s\n) AS c", h.Name, fk.When)
	}
	return "ONLY " + h.Name.String() + " AS c"
}
