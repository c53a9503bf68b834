package plan

import (
	"cmp"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// order puts parents before children. Tables that reference each other in a
// cycle come together, as one group.
func order(tables []*catalog.Table, keys []*catalog.ForeignKey) [][]*catalog.Table {
	t := &tarjan{parents: map[*catalog.Table][]*catalog.Table{}, state: map[*catalog.Table]*visit{}}
	for _, k := range keys {
		t.parents[k.Child] = append(t.parents[k.Child], k.Parent)
	}
	for _, table := range tables {
		if t.state[table] == nil {
			t.walk(table)
		}
	}
	return t.groups
}

// tarjan finds strongly connected components. They come out sinks first, and
// edges lead from child to parent.
type tarjan struct {
	parents map[*catalog.Table][]*catalog.Table
	state   map[*catalog.Table]*visit
	stack   []*catalog.Table
	groups  [][]*catalog.Table
}

type visit struct {
	index, low int
	onStack    bool
}

func (t *tarjan) walk(table *catalog.Table) *visit {
	v := &visit{index: len(t.state), low: len(t.state), onStack: true}
	t.state[table] = v
	t.stack = append(t.stack, table)
	for _, p := range t.parents[table] {
		if seen := t.state[p]; seen == nil {
			v.low = min(v.low, t.walk(p).low)
		} else if seen.onStack {
			v.low = min(v.low, seen.index)
		}
	}
	if v.low == v.index {
		t.groups = append(t.groups, t.pop(table))
	}
	return v
}

func (t *tarjan) pop(last *catalog.Table) []*catalog.Table {
	at := slices.Index(t.stack, last)
	group := slices.Clone(t.stack[at:])
	t.stack = t.stack[:at]
	for _, table := range group {
		t.state[table].onStack = false
	}
	slices.SortFunc(group, func(a, b *catalog.Table) int {
		return cmp.Or(cmp.Compare(a.Name.Schema, b.Name.Schema), cmp.Compare(a.Name.Name, b.Name.Name))
	})
	return group
}
