package subset

import (
	"cmp"
	"slices"
)

// takeFree keeps candidates that bring nothing along, lowest hash first, until
// the table has reached its goal. Rows that reference nothing are free
// wherever they come from, so they wait until others had their turn once they
// have the share that they have of the table.
func (w *walk) takeFree(table int, candidates []candidate, goal int64) {
	quota := w.quota(table, candidates, goal)
	var waiting []int32
	for _, c := range candidates {
		if w.tallies[table].rows() >= goal {
			return
		}
		id, ok := w.seen.ids[c.row]
		if !ok || !w.isFree(id) {
			continue
		}
		if !quota.admit(w, id) {
			waiting = append(waiting, id)
			continue
		}
		w.keep(id)
	}
	for _, id := range waiting {
		if w.tallies[table].rows() >= goal {
			return
		}
		w.keep(id)
	}
}

func (w *walk) isFree(id int32) bool {
	edges, ok := w.seen.of(id)
	return ok && !w.seen.kept[id] && !slices.ContainsFunc(edges, func(e edge) bool { return e.to != id && w.seen.fresh(e) })
}

// quota is how many more rows may be kept that have no parent by a key: for
// each key of the table, by position among them.
type quota struct {
	keys []int // positions in plan.keys, sorted
	left []int64
	has  []bool // of the row at hand: a parent by the key
}

// quota looks at the candidates that were found without regard to parents:
// the share of those among them that have no parent is that of the table.
func (w *walk) quota(table int, candidates []candidate, goal int64) *quota {
	q := &quota{}
	for i, k := range w.plan.keys {
		if k.Child == w.plan.Tables[table].table {
			q.keys = append(q.keys, i)
		}
	}
	q.left, q.has = make([]int64, len(q.keys)), make([]bool, len(q.keys))
	var plain float64
	without := make([]float64, len(q.keys))
	for _, c := range candidates {
		if id, ok := w.seen.ids[c.row]; ok && c.plain && w.seen.spans[id] != unseen {
			plain++
			q.look(w, id)
			for i, has := range q.has {
				if !has {
					without[i]++
				}
			}
		}
	}
	for i := range q.left {
		q.left[i] = int64(without[i]/max(plain, 1)*float64(goal-w.tallies[table].rows()) + 0.999)
	}
	return q
}

// look notes by which keys a row has a parent.
func (q *quota) look(w *walk, id int32) {
	clear(q.has)
	edges, _ := w.seen.of(id)
	for _, e := range edges {
		if i, ok := slices.BinarySearch(q.keys, int(e.key)); ok && e.to != toNowhere {
			q.has[i] = true
		}
	}
}

// admit takes a row off the quota of each key by which it has no parent. A
// quota of nothing is one that nobody knows.
func (q *quota) admit(w *walk, id int32) bool {
	q.look(w, id)
	for i, has := range q.has {
		if !has && q.left[i] <= 0 {
			return false
		}
	}
	for i, has := range q.has {
		if !has {
			q.left[i]--
		}
	}
	return true
}

// shortlist is the most promising of the candidates that are not free: only
// those are followed further than to their parents. A parent that many of them
// share is cheap for each.
func (w *walk) shortlist(candidates []candidate, most int64) []candidate {
	type entry struct {
		at    int32
		needs uint64
		cost  float64
	}
	entries, alike := []entry{}, map[uint64]int32{}
	for i, c := range candidates {
		id, ok := w.seen.ids[c.row]
		if !ok || w.seen.kept[id] || w.seen.spans[id] == unseen {
			continue
		}
		e := entry{at: int32(i)}
		e.needs, e.cost = w.direct(id)
		alike[e.needs]++
		entries = append(entries, e)
	}
	if int64(len(entries)) > most {
		for i := range entries {
			entries[i].cost /= float64(alike[entries[i].needs])
		}
		slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.cost, b.cost) })
		entries = entries[:most]
		slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	}
	short := make([]candidate, len(entries))
	for i, e := range entries {
		short[i] = candidates[e.at]
	}
	return short
}

// direct is the signature and the price of the parents that a row needs.
func (w *walk) direct(id int32) (needs uint64, cost float64) {
	edges, _ := w.seen.of(id)
	for _, e := range edges {
		if w.seen.fresh(e) && e.to != id {
			needs += signature([]int32{e.to})
			cost += w.priceOf(e.to)
		}
	}
	return needs, cost
}

// priceOf is what one new parent costs by itself.
func (w *walk) priceOf(id int32) float64 {
	if w.room(w.tableOf(w.seen.rows[id])) == 0 {
		return 1
	}
	return roomCost
}
