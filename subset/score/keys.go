package score

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// followed is a key of the source and where its rows are on either side.
type followed struct {
	key           *catalog.ForeignKey
	child, parent [2]string // to select from
}

// chooseKeys keeps those that can be followed on both sides and says why the
// others cannot.
func (r *scoring) chooseKeys(keys []*catalog.ForeignKey) {
	for _, k := range keys {
		f, why := r.follow(k)
		if why != "" {
			r.head.Unscored = append(r.head.Unscored,
				catalog.Omission{Schema: k.ChildRel.Schema, Name: k.String(), Reason: why})
			continue
		}
		r.follows = append(r.follows, f)
	}
}

func (r *scoring) follow(k *catalog.ForeignKey) (followed, string) {
	f := followed{key: k}
	child, parent := r.pairs[k.Child], r.pairs[k.Parent]
	if child == nil || parent == nil {
		return f, "a table of it is not in the subset"
	}
	if !hasColumns(r.twins[child], k.ChildColumns) || !hasColumns(r.twins[parent], k.ParentColumns) {
		return f, "a column of it is not in the subset"
	}
	for side, s := range r.sides {
		f.child[side], f.parent[side] = whence(s.Database, k.ChildRel), whence(s.Database, k.ParentRel)
		if f.child[side] == "" || f.parent[side] == "" {
			return f, "a partition of it is not in the subset"
		}
	}
	return f, ""
}

// whence is what to select from to see the rows of a table or partition, or
// nothing if the database has none of that name.
func whence(db *catalog.Database, rel catalog.Name) string {
	for _, t := range db.Tables {
		if t.Name == rel {
			return rowsOf(t)
		}
		for _, h := range t.Heaps {
			if h.Name == rel {
				return "ONLY " + rel.String()
			}
		}
	}
	for _, k := range db.ForeignKeys { // partitions that are divided again are nowhere else
		if k.ChildRel == rel {
			return k.FromChild()
		}
		if k.ParentRel == rel {
			return k.FromParent()
		}
	}
	return ""
}

func (r *scoring) measureKeys(ctx context.Context) error {
	declared, err := declaredKeys(ctx, r.sides[0].Leader)
	if err != nil {
		return err
	}
	r.keys = make([]measuredKey, len(r.follows))
	for i, f := range r.follows {
		r.keys[i] = measuredKey{
			name: f.key.String(), child: f.key.ChildRel.Dotted(), parent: f.key.ParentRel.Dotted(),
			of: [2]*measured{r.pairs[f.key.Child], r.pairs[f.key.Parent]},
		}
	}
	return r.both(ctx, len(r.follows), func(ctx context.Context, c *pgx.Conn, side, i int) error {
		measure := func() error { return r.measureKey(ctx, c, declared, side, i) }
		if r.follows[i].key.When == "" {
			return measure()
		}
		// The user's condition is about names of the source, where a subset has them too.
		return r.sides[0].Searching(ctx, c, measure)
	})
}

func (r *scoring) measureKey(ctx context.Context, c *pgx.Conn, declared []verifiedKey, side, i int) error {
	f, k := &r.follows[i], &r.keys[i]
	if err := c.QueryRow(ctx, f.antiJoin(declared, side)).Scan(&k.dangling[side]); err != nil {
		return fmt.Errorf("look for dangling rows of %s: %w", k.name, err)
	}
	var err error
	if k.fanout[side], err = readFanout(ctx, c, f, side, k.dangling[side]); err != nil {
		return fmt.Errorf("count children by %s: %w", k.name, err)
	}
	return nil
}

// antiJoin is that of Verify, by the source's definition of the key.
func (f *followed) antiJoin(declared []verifiedKey, side int) string {
	k := verifiedKey{
		child: f.child[side], parent: f.parent[side],
		childColumns: f.key.ChildColumns, parentColumns: f.key.ParentColumns,
	}
	if i := slices.IndexFunc(declared, func(v verifiedKey) bool { return v.Key == f.key.String() }); i >= 0 &&
		f.key.OID != 0 {
		k.full, k.operators, k.collate = declared[i].full, declared[i].operators, declared[i].collate
		k.childColumns, k.parentColumns = declared[i].childColumns, declared[i].parentColumns
		return k.antiJoin()
	}
	for _, op := range f.key.Operators {
		k.operators, k.collate = append(k.operators, op.Name), append(k.collate, op.Collation)
	}
	if f.key.When != "" {
		k.child = fmt.Sprintf("(SELECT * FROM %s WHERE %s\n)", k.child, f.key.When)
	}
	return k.antiJoin()
}

// readFanout counts parents by the number of their children.
func readFanout(ctx context.Context, c *pgx.Conn, f *followed, side int, dangling int64) (histogram, error) {
	if dangling > 0 || !groupsLikeParents(f.key) {
		bars, err := readBars(ctx, c, fanoutSQL(f.key, f.child[side], f.parent[side]))
		return newHistogram(bars), err
	}
	bars, err := readBars(ctx, c, familiesSQL(f.key, f.child[side]))
	if err != nil {
		return nil, err
	}
	var parents int64
	err = c.QueryRow(ctx, "SELECT pg_catalog.count(*) FROM "+f.parent[side]).Scan(&parents)
	if childless := parents - histogram(bars).parents(); childless > 0 {
		bars = append(bars, bar{0, childless})
	}
	return newHistogram(bars), err
}

func readBars(ctx context.Context, c *pgx.Conn, sql string) ([]bar, error) {
	rows, err := c.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	var b bar
	var bars []bar
	_, err = pgx.ForEachRow(rows, []any{&b.children, &b.parents}, func() error { bars = append(bars, b); return nil })
	return bars, err
}

// groupsLikeParents reports whether children that are equal to each other are
// those of one parent: then nothing need be joined to count them.
func groupsLikeParents(k *catalog.ForeignKey) bool {
	for i, op := range k.Operators {
		same := op.ParentType == "" && op.ChildType == "" ||
			k.Parent.Column(k.ParentColumns[i]).Type == k.Child.Column(k.ChildColumns[i]).Type
		if !same || op.Collation != "" || op.Name != "pg_catalog.=" {
			return false
		}
	}
	return k.OID != 0 // only then is the parent's key unique
}

const childrenOfValues = `"children of these values"` // a name that no column has

// groupedChildren counts children by what they reference.
func groupedChildren(k *catalog.ForeignKey, child string) string {
	columns := make([]string, len(k.ChildColumns))
	for i, c := range k.ChildColumns {
		columns[i] = catalog.Quote(c)
	}
	list, which := strings.Join(columns, ", "), k.References("c")
	if k.When != "" {
		which += " AND (" + k.When + "\n)"
	}
	return fmt.Sprintf("SELECT %s, pg_catalog.count(*) AS %s FROM %s AS c WHERE %s GROUP BY %s", list, childrenOfValues,
		child, which, list)
}

// familiesSQL counts parents that have children by the number of them, where
// none dangles.
func familiesSQL(k *catalog.ForeignKey, child string) string {
	return fmt.Sprintf("SELECT %s, pg_catalog.count(*) FROM (%s) AS c GROUP BY 1", childrenOfValues,
		groupedChildren(k, child))
}

// fanoutSQL counts all parents by the number of their children. Values that
// the parent's type or collation holds to be equal come together again by the
// parent's place.
func fanoutSQL(k *catalog.ForeignKey, child, parent string) string {
	return fmt.Sprintf(`SELECT n, pg_catalog.count(*)
  FROM (SELECT COALESCE(pg_catalog.sum(c.%s), 0)::pg_catalog.int8 AS n
          FROM %s AS p
          LEFT JOIN (%s) AS c ON %s
         GROUP BY p.tableoid, p.ctid) AS parents
 GROUP BY n`, childrenOfValues, parent, groupedChildren(k, child), k.Join("p", "c"))
}
