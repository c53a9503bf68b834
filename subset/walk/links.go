package walk

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// links asks for the parents that some rows of one heap have.
type links struct {
	schema *schema
	heap   *heap
	lane   int
	rows   []snapshot.Row // sorted; or
	ids    []int32        // of which the keys are known
	keys   []int64        // of those

	// What most foreign keys lead to is one parent at most.
	children []child
	single   []reference // of each child, by foreign key
	// Others may lead to several.
	several []link
}

// child is a row that was looked at.
type child struct {
	row snapshot.Row
	key int64 // 0 where rows of the heap have none
}

// link is one parent of one child by a foreign key that may lead to several.
type link struct {
	child, parent snapshot.Row
	foreignKey    *foreignKey
}

func (l *links) ask(ctx context.Context, c *pgx.Conn) error {
	if len(l.heap.single) > 0 || l.heap.directory != nil {
		if err := l.askSingle(ctx, c); err != nil {
			return err
		}
	}
	for _, fk := range l.heap.several {
		if err := l.askSeveral(ctx, c, fk); err != nil {
			return err
		}
	}
	return nil
}

func (l *links) askSingle(ctx context.Context, c *pgx.Conn) error {
	layout := l.schema.newLayout(l.heap, l.heap.single)
	sql, which := parentsSQL(layout), any(snapshot.TIDs(l.rows))
	if l.ids != nil {
		sql, which = parentsByKeySQL(layout), l.keys
	}
	rows, err := c.Query(ctx, sql, snapshot.BinaryResults, which)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := max(len(l.rows), len(l.ids))
	l.children, l.single = make([]child, 0, n), make([]reference, 0, n*len(layout.foreignKeys))
	for a := layout.newAnswer(); rows.Next(); {
		if err := layout.read(rows.RawValues(), a); err != nil {
			return err
		}
		l.children, l.single = append(l.children, child{a.row, a.key}), append(l.single, a.parents...)
	}
	return rows.Err()
}

func (l *links) askSeveral(ctx context.Context, c *pgx.Conn, fk *foreignKey) error {
	rows, err := c.Query(ctx, fk.ParentsSQL(l.heap.Heap, "ctid = ANY($1)"), snapshot.TIDs(l.rows))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var child, parent pgtype.TID
		var heap pgtype.Uint32
		if err := rows.Scan(&child, &heap, &parent); err != nil {
			return err
		}
		found := link{child: snapshot.MakeRow(l.heap.number, child), parent: snapshot.Nowhere, foreignKey: fk}
		if heap.Valid {
			h := l.schema.byOID[heap.Uint32]
			if h == nil {
				return errMoved
			}
			found.parent = snapshot.MakeRow(h.number, parent)
		}
		l.several = append(l.several, found)
	}
	return rows.Err()
}

// record remembers the answers, and appends the parents to those given.
func (l *links) record(m *memory, parents []int32) []int32 {
	extra := map[snapshot.Row][]link{}
	for _, one := range l.several {
		extra[one.child] = append(extra[one.child], one)
	}
	if l.children == nil { // nothing was asked about them
		for _, r := range l.rows {
			l.children = append(l.children, child{row: r})
		}
	}
	var edges []edge
	for i, child := range l.children {
		edges = edges[:0]
		for n, fk := range l.heap.single {
			edges = m.edge(edges, l.single[i*len(l.heap.single)+n], fk)
		}
		several := extra[child.row]
		slices.SortFunc(several, func(a, b link) int {
			return cmp.Or(cmp.Compare(a.foreignKey.position, b.foreignKey.position), cmp.Compare(a.parent, b.parent))
		})
		for _, one := range several {
			edges = m.edge(edges, reference{at: one.parent}, one.foreignKey)
		}
		m.learn(child.row, child.key, edges)
		for _, e := range edges {
			if m.seen.fresh(e) {
				parents = append(parents, e.to)
			}
		}
	}
	m.miss(l.ids)
	return parents
}

// miss records of rows that were asked for by their keys, and did not come,
// that they do not exist.
func (m *memory) miss(ids []int32) {
	for _, id := range ids {
		if m.seen.spans[id] == unseen {
			m.seen.rows[id] = snapshot.Nowhere
			m.seen.look(id, nil)
		}
	}
}
