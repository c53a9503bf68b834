package walk

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestIsFree_BringsNoOtherRowAlong(t *testing.T) {
	m, candidates := fixed(t, 9, 9, map[int][]int{0: {}, 1: {0}, 2: {1}, 3: {-1}, 4: {1, 0}})
	m.saw(parent(0))
	m.saw(parent(1))
	m.keepRow(parent(1))
	itself := m.seen.id(childRow(5))
	m.seen.look(itself, []edge{{to: itself}})
	id := func(i int) int32 { return m.seen.id(candidates[i].row) }
	for i, want := range map[int32]bool{
		id(0): true, id(1): false, id(2): true, id(3): true, id(4): false, itself: true, m.seen.id(childRow(6)): false,
		m.seen.id(parent(1)): false,
	} {
		if got := m.seen.isFree(i); got != want {
			t.Errorf("row %d is free: %v", i, got)
		}
	}
}

func TestFrontier_IsWhatWasNotLookedAtAmongAllThatComesAlong(t *testing.T) {
	m, candidates := fixed(t, 9, 9, map[int][]int{0: {0, 1}, 1: {1, 2}})
	m.saw(parent(0), parent(3))
	m.seen.spans[m.seen.id(parent(1))], m.seen.spans[m.seen.id(parent(2))] = unseen, unseen
	m.seen.spans[m.seen.id(parent(3))] = unseen
	ids := func(rows ...int) (list []int32) {
		for _, r := range rows {
			list = append(list, m.seen.id(parent(r)))
		}
		slices.Sort(list)
		return list
	}
	first, been := m.frontier([]int32{m.seen.id(candidates[0].row)}, nil)
	if slices.Sort(first); !slices.Equal(first, ids(1, 3)) {
		t.Errorf("%v, want %v", first, ids(1, 3))
	}
	if again, _ := m.frontier([]int32{m.seen.id(candidates[1].row)}, been); !slices.Equal(again, ids(2)) {
		t.Errorf("of the next: %v, want %v", again, ids(2))
	}
}

func TestRecord_TakesRowsThatNothingWasAskedAboutForRowsWithoutParents(t *testing.T) {
	m, _ := fixed(t, 9, 9, nil)
	l := &links{heap: m.heaps[0], rows: []snapshot.Row{parent(0), parent(1)}}
	if next := l.record(m, nil); len(next) != 0 || !m.seen.known(parent(0)) || !m.seen.known(parent(1)) {
		t.Errorf("%d rows to look up", len(next))
	}
}

func TestLinksByKey_AreForOneHeapAndConnectionEach(t *testing.T) {
	s := &searcher{memory: withKeys(t)}
	s.src = &snapshot.Snapshot{Workers: make([]*pgx.Conn, 2)}
	s.tables[0].Rows, s.heaps[0].Pages = 3*lookupBatch, 1_000_000 // a scan takes longer
	var ids []int32
	for key := range int64(3 * lookupBatch) {
		edges := s.edgeByKey(nil, key, s.foreignKeys[0])
		ids = append(ids, edges[0].to)
	}
	all := s.linksByKey(ids)
	var got []int32
	for i, l := range all {
		if len(l.ids) > lookupBatch || len(l.ids) != len(l.keys) || l.heap != s.heaps[0] {
			t.Errorf("%d ids and %d keys at once", len(l.ids), len(l.keys))
		}
		if i > 0 && all[i-1].lane == l.lane && len(all[i-1].ids) < lookupBatch {
			t.Errorf("part %d could have been in the one before", i)
		}
		for n, key := range l.keys {
			if s.seen.keys[l.ids[n]] != key || s.laneOf(l.heap, key) != l.lane {
				t.Fatalf("key %d is asked for on connection %d", key, l.lane)
			}
		}
		got = append(got, l.ids...)
	}
	if !slices.Equal(got, ids) {
		t.Error("not each row once, in order")
	}
}

func TestDirectory_RemembersWhichKeptRowsAreSampled(t *testing.T) {
	m := withKeys(t)
	d := m.heaps[0].directory
	d.keep(1, sampled)
	d.keep(-2, reason(0))
	for key, want := range map[int64][2]bool{1: {true, true}, -2: {true, false}, 3: {false, false}} {
		if got := [2]bool{d.kept.Contains(uint64(key)), d.sampled.Contains(uint64(key))}; got != want {
			t.Errorf("row %d is kept, and sampled: %v", key, got)
		}
	}
}
