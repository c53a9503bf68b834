package walk

import (
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// schema is the tables, heaps and foreign keys of a plan, each with what the
// walk knows of it.
type schema struct {
	plan        *plan.Plan
	tables      []*table      // as in the plan
	heaps       []*heap       // by their numbers
	foreignKeys []*foreignKey // as in the plan
	byOID       map[uint32]*heap
	byTable     map[*catalog.Table]*table
	pagesRead   int64 // of heaps that were read whole
}

// table is one table on its way through the walk.
type table struct {
	*plan.TablePlan
	position int // in the plan
	heaps    []*heap
	driving  []*foreignKey // by the sampled parents of which candidates are found

	tally Tally // of what is kept of it, at any moment; only memory counts

	// Of its turns; nobody else's concern while another table has its turn:
	ahead    *asked      // questions that were asked before the turn, if any
	looking  *lookedUp   // and those about what is left
	askedFor int64       // how many candidates, when it was asked last
	left     []candidate // those that were not needed so far; some may be kept meanwhile
	recall   *recall     // what these reference
	offered  bool        // a turn had its whole target for a goal
}

// price is what one new row of the table costs by itself.
func (t *table) price() float64 { return plan.Price(float64(t.tally.Rows()), float64(t.Target)) }

// heap is one heap of a table: the table itself, or a partition of it.
type heap struct {
	*catalog.Heap
	number    int // in places of rows
	table     *table
	directory *directory    // nil where its rows are known by their places alone
	single    []*foreignKey // of its rows, that lead to one parent at most
	several   []*foreignKey // and those that may lead to several
	wasRead   bool          // all of it, and it fits into the server's memory
}

// foreignKey is a foreign key of the plan.
type foreignKey struct {
	*catalog.ForeignKey
	position    int // in the plan
	child       *table
	childHeaps  []*heap
	parentHeaps []*heap
	directory   *directory // of the parents, where the child's value alone tells which one it is; else nil
	references  References // of kept rows; memory counts
}

// newSchema sees how the tables of a plan hang together.
func newSchema(p *plan.Plan) (*schema, error) {
	s := &schema{plan: p, byOID: map[uint32]*heap{}, byTable: map[*catalog.Table]*table{}}
	for i := range p.Tables {
		s.addTable(&p.Tables[i])
	}
	if len(s.heaps) > snapshot.MostHeaps {
		return nil, fmt.Errorf("%d tables and partitions are more than %d", len(s.heaps), snapshot.MostHeaps)
	}
	byKey := map[*catalog.ForeignKey]*foreignKey{}
	for _, k := range p.ForeignKeys {
		byKey[k] = s.addForeignKey(k)
	}
	for _, t := range s.tables {
		for _, k := range t.Driving {
			t.driving = append(t.driving, byKey[k])
		}
	}
	s.openDirectories()
	return s, nil
}

func (s *schema) addTable(p *plan.TablePlan) {
	t := &table{TablePlan: p, position: len(s.tables), tally: Tally{By: map[int]int64{}}}
	s.tables = append(s.tables, t)
	s.byTable[p.Table] = t
	for _, of := range p.Table.Heaps {
		h := &heap{Heap: of, number: len(s.heaps), table: t}
		s.heaps = append(s.heaps, h)
		t.heaps = append(t.heaps, h)
		s.byOID[of.OID] = h
	}
}

func (s *schema) addForeignKey(k *catalog.ForeignKey) *foreignKey {
	fk := &foreignKey{
		ForeignKey: k, position: len(s.foreignKeys),
		child: s.byTable[k.Child], childHeaps: s.heapsOf(k.ChildHeaps), parentHeaps: s.heapsOf(k.ParentHeaps),
	}
	s.foreignKeys = append(s.foreignKeys, fk)
	for _, h := range fk.childHeaps {
		if k.SingleParent() {
			h.single = append(h.single, fk)
		} else {
			h.several = append(h.several, fk)
		}
	}
	return fk
}

func (s *schema) heapsOf(heaps []*catalog.Heap) []*heap {
	found := make([]*heap, len(heaps))
	for i, h := range heaps {
		found[i] = s.byOID[h.OID]
	}
	return found
}

// heapOf is the heap that a row lies in.
func (s *schema) heapOf(r snapshot.Row) *heap { return s.heaps[r.Heap()] }

// tableOf is the table that a row is of.
func (s *schema) tableOf(r snapshot.Row) *table { return s.heaps[r.Heap()].table }

// filled are the heaps that hold anything.
func filled(heaps []*heap) []*heap {
	return slices.DeleteFunc(slices.Clone(heaps), func(h *heap) bool { return h.Pages == 0 })
}
