package queryplan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The kinds of changes.
const (
	LostIndex = "lost index"          // a table is read without an index that was used before
	NewIndex  = "new index"           // a table is read with an index that was not used before
	NewScan   = "new sequential scan" // a table is read as a whole that was not before
	NoScan    = "no sequential scan"  // it no longer is
	OtherJoin = "changed join"        // the same relations are joined by another method, or in another order
)

// Change is one way in which a plan differs from another one of the same statement.
type Change struct {
	Kind     string `json:"kind"`
	Relation string `json:"relation,omitempty"` // schema.table
	Before   string `json:"before,omitempty"`
	After    string `json:"after,omitempty"`
	Worse    bool   `json:"worse"`
}

// Changes is how a plan differs from another one of the same statement.
type Changes struct {
	Same   bool     `json:"same"` // of the same shape
	Before float64  `json:"cost_before"`
	After  float64  `json:"cost_after"`
	List   []Change `json:"changes"`
}

// Compare tells how two plans of one statement differ. A scan is told of tables that are large.
func Compare(before, after *Plan, large func(relation string) bool) Changes {
	c := Changes{
		Same: before.Shape() == after.Shape(), Before: before.Root.Cost, After: after.Root.Cost, List: []Change{},
	}
	if c.Same {
		return c
	}
	was, is := waysOf(before), waysOf(after)
	for _, relation := range slices.Sorted(maps.Keys(union(was, is))) {
		c.List = append(c.List, indexChanges(relation, was[relation], is[relation])...)
		if !large(relation) {
			continue
		}
		c.List = append(c.List, scanChanges(relation, was[relation], is[relation])...)
	}
	c.List = append(c.List, joinChanges(before, after)...)
	return c
}

// Factor is how many times as costly the plan has become.
func (c Changes) Factor() float64 {
	if c.Before <= 0 {
		return 1
	}
	return c.After / c.Before
}

// Worse tells whether something is lost, or the plan costs more than that many times as much.
func (c Changes) Worse(factor float64) bool {
	return c.Factor() > factor || slices.ContainsFunc(c.List, func(one Change) bool { return one.Worse })
}

// String says it in one line.
func (c Change) String() string {
	switch c.Kind {
	case LostIndex, NewIndex:
		return fmt.Sprintf("%s: %s of %s", c.Kind, c.Before+c.After, c.Relation)
	case OtherJoin:
		return fmt.Sprintf("%s: %s instead of %s", c.Kind, c.After, c.Before)
	}
	return c.Kind + " of " + c.Relation
}

// ways are those in which a relation is read.
type ways struct {
	indexes  map[string]bool
	scans    int
	existing bool // it is read at all
}

// waysOf tells by which ways each relation is read. A bitmap's index is below the scan of its heap.
func waysOf(p *Plan) map[string]ways {
	found := map[string]ways{}
	var visit func(n *Node, heap string)
	visit = func(n *Node, heap string) {
		if n.Type == "Bitmap Heap Scan" {
			heap = n.Relation
		}
		relation := n.Relation
		if n.Type == "Bitmap Index Scan" {
			relation = heap
		}
		if relation != "" && n.Type != "ModifyTable" {
			w := found[relation]
			w.existing = true
			if w.indexes == nil {
				w.indexes = map[string]bool{}
			}
			if n.Index != "" {
				w.indexes[n.Index] = true
			}
			if n.Type == "Seq Scan" {
				w.scans++
			}
			found[relation] = w
		}
		for i := range n.Children {
			visit(&n.Children[i], heap)
		}
	}
	visit(&p.Root, "")
	return found
}

func union(a, b map[string]ways) map[string]bool {
	all := map[string]bool{}
	for name := range a {
		all[name] = true
	}
	for name := range b {
		all[name] = true
	}
	return all
}

func indexChanges(relation string, was, is ways) []Change {
	var list []Change
	for _, name := range slices.Sorted(maps.Keys(was.indexes)) {
		if !is.indexes[name] && is.existing {
			// Another index in its place is another way, and no loss.
			list = append(list, Change{LostIndex, relation, name, "", len(is.indexes) == 0})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is.indexes)) {
		if !was.indexes[name] {
			list = append(list, Change{Kind: NewIndex, Relation: relation, After: name})
		}
	}
	return list
}

func scanChanges(relation string, was, is ways) []Change {
	switch {
	case is.scans > was.scans:
		return []Change{{Kind: NewScan, Relation: relation, Worse: true}}
	case is.scans < was.scans:
		return []Change{{Kind: NoScan, Relation: relation}}
	}
	return nil
}

// join is one of a plan: what it joins, and how.
type join struct{ relations, how string }

func joinsOf(p *Plan) []join {
	var list []join
	p.Root.Walk(func(n *Node) {
		if n.Type != "Nested Loop" && n.Type != "Hash Join" && n.Type != "Merge Join" || len(n.Children) < 2 {
			return
		}
		left, right := strings.Join(n.Children[0].reads(), ", "), strings.Join(n.Children[1].reads(), ", ")
		list = append(list, join{
			strings.Join(n.reads(), ", "), fmt.Sprintf("%s of (%s) and (%s)", n.verb(), left, right),
		})
	})
	return list
}

// joinChanges compares joins of the same relations, and the joins of all where others are joined first.
func joinChanges(before, after *Plan) []Change {
	was := map[string]string{}
	for _, j := range joinsOf(before) {
		was[j.relations] = j.how
	}
	var list []Change
	for _, j := range joinsOf(after) {
		if how, ok := was[j.relations]; ok && how != j.how {
			list = append(list, Change{Kind: OtherJoin, Before: how, After: j.how})
		}
	}
	return list
}
