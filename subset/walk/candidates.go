package walk

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// candidate is a row that may be sampled. Those with low hashes come first.
type candidate struct {
	row  snapshot.Row
	hash int64 // its lowest bit is set when the row was found without regard to its parents
}

func newCandidate(r snapshot.Row, hash int64, plain bool) candidate {
	hash &^= 1
	if plain {
		hash |= 1
	}
	return candidate{r, hash}
}

func (c candidate) plain() bool { return c.hash&1 != 0 }

// candidates finds rows of a table that are not kept yet, lowest hash first.
func (w *walk) candidates(ctx context.Context, i int, goal int64) ([]candidate, error) {
	t := &w.plan.Tables[i]
	need := w.need(i, goal)
	if w.hasLeft(i, need) {
		return w.left[i], nil
	}
	w.askedFor[i] = need
	a := w.ahead[i]
	if a == nil {
		a = w.begin(ctx, i, need)
	}
	w.ahead[i] = nil
	found, err := w.gather(a)
	if err != nil || t.How != plan.Drive || int64(len(found)) >= need {
		return found, err
	}
	// Sampled parents may have fewer children than others.
	more, err := w.ask(ctx, i, w.sampleQueries(t, w.want(t, need-int64(len(found))), plan.Thinning))
	return inOrder(append(found, more...)), err
}

// need is how many candidates a table needs to come to its goal.
func (w *walk) need(i int, goal int64) int64 { return goal - w.tallies[i].Rows() + plan.FewCandidates }

// hasLeft reports whether those that are left will do.
func (w *walk) hasLeft(i int, need int64) bool {
	if w.left[i] == nil {
		return false
	}
	w.setLeft(i, w.unkept(w.left[i]))
	return w.plan.Tables[i].How == plan.Whole || int64(len(w.left[i])) >= need || need <= w.askedFor[i]
}

// questionsAbout a table are those by which candidates of a table are found.
func (w *walk) questionsAbout(i int, need int64) []question {
	t := &w.plan.Tables[i]
	switch t.How {
	case plan.Whole:
		return w.heapQueries(t, func(q *question) { q.sql = rowsSQL(q.heap, w.telling(q.number, q.keys)) })
	case plan.Scan:
		return w.heapQueries(t, func(q *question) {
			q.sql, q.args = filteredSQL(q.heap, t.Keep.Where, w.telling(q.number, q.keys)), []any{w.want(t, need)}
		})
	case plan.Drive:
		return w.driven(i, need)
	}
	return w.sampleQueries(t, w.want(t, need), plan.Thinning)
}

// want is how many candidates to ask for where so many rows are needed beside
// those that are kept, which have the lowest hashes.
func (w *walk) want(t *plan.TablePlan, need int64) int64 {
	need += w.tallies[w.position(t)].Sampled
	if len(t.Driving) <= 1 {
		return need + need/10
	}
	return need * plan.Surplus
}

// position is that of the table in the plan.
func (w *walk) position(t *plan.TablePlan) int { return w.table[w.number[t.Table.Heaps[0].OID]] }

// unkept is what is left of candidates, in their order. It reuses the slice.
func (w *walk) unkept(candidates []candidate) []candidate {
	return slices.DeleteFunc(candidates, func(c candidate) bool { return w.kept.Has(c.row) })
}

// question is one query for candidates of one heap. Its first parameter is the
// seed.
type question struct {
	sql    string
	args   []any
	heap   *catalog.Heap
	number int   // of the heap
	lane   int   // connection, preferably
	plain  bool  // asks without regard to parents
	keys   []int // of which the answers tell the parents; in order
	given  int   // the key by whose parents it asks, and which heap they are of
	of     int
}

const noKey = -1

// newQuestion is one about a heap, the answers to which tell all parents when
// no key leads to several.
func (w *walk) newQuestion(h *catalog.Heap) question {
	q := question{heap: h, number: w.number[h.OID], plain: true, given: noKey}
	q.lane = q.number
	if keys := w.keys[q.number]; len(keys.several) == 0 {
		q.keys = keys.single
	}
	return q
}

func (w *walk) heapQueries(t *plan.TablePlan, phrase func(*question)) []question {
	var queries []question
	for _, h := range t.Table.Heaps {
		if h.Pages > 0 {
			q := w.newQuestion(h)
			phrase(&q)
			queries = append(queries, q)
		}
	}
	return queries
}

// sampleQueries read some blocks of each heap, in proportion to its size, so
// that there are thin rows for each one wanted.
func (w *walk) sampleQueries(t *plan.TablePlan, want, thin int64) []question {
	share := min(float64(want*thin)/float64(max(t.Rows, 1)), 1)
	return w.heapQueries(t, func(q *question) {
		q.sql = blocksSQL(q.heap, w.telling(q.number, q.keys))
		q.args = []any{share * 100, w.blockSeed(t.Table), t.Portion(q.heap, want)}
	})
}

// found is the answers to a question, in their order.
type found struct {
	candidates []candidate
	notes      notes // of each its name, where it has one, and its parents by the keys of the question
}

// ask runs the queries and returns what is not kept yet, once each, lowest
// hash first. Parents that the answers tell are remembered.
func (w *walk) ask(ctx context.Context, i int, queries []question) ([]candidate, error) {
	return w.gather(w.start(ctx, i, queries))
}

func (w *walk) gather(a *asked) ([]candidate, error) {
	<-a.done
	if a.err != nil {
		return nil, a.err
	}
	count := 0
	for n := range a.answers {
		count += len(a.answers[n].candidates)
	}
	all := make([]candidate, 0, count)
	for n := range a.answers {
		w.remember(&a.queries[n], &a.answers[n])
		all = append(all, a.answers[n].candidates...)
		a.answers[n] = found{} // there may be a hundred thousand of them
	}
	return inOrder(w.unkept(all)), nil
}

// inOrder sorts candidates by their hashes, each once.
func inOrder(all []candidate) []candidate {
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.hash|1, b.hash|1), cmp.Compare(a.row, b.row))
	})
	last := 0
	for i := 1; i < len(all); i++ {
		if all[i].row == all[last].row {
			all[last].hash |= all[i].hash & 1
			continue
		}
		last++
		all[last] = all[i]
	}
	return all[:min(last+1, len(all))]
}

// scan reads candidates: place and hash, then the parent by whose key they
// were found, then those by all keys. It may run ahead of the walk, and knows
// nothing of what is kept.
func (w *walk) scan(rows pgx.Rows, q *question) (found, error) {
	defer rows.Close()
	var f found
	for rows.Next() {
		values := rows.RawValues()
		f.candidates = append(f.candidates, newCandidate(snapshot.MakeRow(q.number, snapshot.Place(values[0])), int64(binary.BigEndian.Uint64(values[1])), q.plain))
		values = values[2:]
		var driver snapshot.Row
		if q.given != noKey {
			driver, values = snapshot.MakeRow(q.of, snapshot.Place(values[0])), values[1:]
		}
		own, values := w.ownName(q.number, values)
		if w.directories[q.number] != nil {
			f.notes.name(own)
		}
		for _, k := range q.keys {
			if k == q.given {
				f.notes.place(driver)
				continue
			}
			p, n, err := w.parent(k, values)
			if err != nil {
				return f, err
			}
			f.notes.parent(p, w.manner(k))
			values = values[n:]
		}
	}
	return f, rows.Err()
}

// remember records the parents that answers tell.
func (w *walk) remember(q *question, f *found) {
	if len(w.keys[q.number].several) > 0 {
		return // some are still to be looked up
	}
	var edges []edge
	read := noteReader{notes: &f.notes}
	for _, c := range f.candidates {
		var own int64
		if w.directories[q.number] != nil {
			own = read.name()
		}
		edges = edges[:0]
		known := w.seen.known(c.row) || w.kept.Has(c.row)
		for _, k := range q.keys {
			how := w.manner(k)
			if k == q.given {
				how = byPlace
			}
			if p := read.parent(how); !known {
				edges = w.lead(edges, p, k)
			}
		}
		if !known {
			w.seen.look(w.meet(c.row, own), edges)
		}
	}
}

// seed is another one for each table: equal keys of two tables must not be
// chosen together.
func (w *walk) seed(t *catalog.Table) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Name.String())) // never fails
	return h.Sum64() ^ w.plan.Seed
}

// blockSeed is for REPEATABLE, which takes no more bits.
func (w *walk) blockSeed(t *catalog.Table) float64 { return float64(w.seed(t) >> 11) }
