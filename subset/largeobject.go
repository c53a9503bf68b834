package subset

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// LargeObjects is what was kept of large objects.
type LargeObjects struct {
	Count int64 `json:"count"`
	Bytes int64 `json:"bytes"`
}

// String says it in one line.
func (l LargeObjects) String() string {
	return fmt.Sprintf("%s large objects that kept rows name, %s", document.Number(l.Count), document.Size(l.Bytes))
}

// copyKept hands to the sink first rows, then the large objects they name.
func (r *run) copyKept(ctx context.Context) error {
	if err := r.copyAll(ctx); err != nil {
		return err
	}
	if err := r.src.Quiet(ctx); err != nil {
		return err
	}
	c := r.src.Workers[0]
	objects, denied, err := r.named(ctx, c)
	if err != nil {
		return fmt.Errorf("find large objects: %w", r.src.Explain(c, err))
	}
	if len(denied) > 0 {
		const warning = "%s large objects that kept rows name are left out, because %s may not read them: %s"
		r.warnings = append(r.warnings, fmt.Sprintf(warning,
			document.Number(int64(len(denied))), r.src.Database.Role, some(denied)))
	}
	for _, loid := range objects {
		n, err := r.sink.LargeObject(ctx, loid, &objectReader{ctx: ctx, source: r.src, conn: c, loid: loid})
		if err != nil {
			return fmt.Errorf("copy large object %d: %w", loid, err)
		}
		r.objects.Count++
		r.objects.Bytes += n
	}
	return nil
}

func some(loids []uint32) string {
	const most = 5
	var b strings.Builder
	for i, loid := range loids {
		switch {
		case i == most:
			return fmt.Sprintf("%s and %s more", b.String(), document.Number(int64(len(loids)-most)))
		case i > 0:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, loid)
	}
	return b.String()
}

// objectColumnsSQL lists columns that may name large objects: of type oid or
// a domain over it, such as lo of the extension of that name.
const objectColumnsSQL = `
WITH RECURSIVE type AS (
  SELECT 'pg_catalog.oid'::pg_catalog.regtype::pg_catalog.oid AS oid
   UNION ALL
  SELECT t.oid FROM type JOIN pg_catalog.pg_type AS t ON t.typtype = 'd' AND t.typbasetype = type.oid)
SELECT a.attrelid, pg_catalog.array_agg(a.attname::text ORDER BY a.attnum)
  FROM pg_catalog.pg_attribute AS a
  JOIN type ON type.oid = a.atttypid
 WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped
   AND EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
 GROUP BY a.attrelid`

// named finds the large objects that kept rows name, in ascending order, and
// those of them that the role may not read.
func (r *run) named(ctx context.Context, c *pgx.Conn) (objects, denied []uint32, err error) {
	columns, err := r.objectColumns(ctx, c)
	if err != nil || len(columns) == 0 {
		return nil, nil, err
	}
	readable := map[uint32]bool{}
	for _, h := range r.kept.Heaps {
		if columns[h.OID] == nil {
			continue
		}
		for batch := range slices.Chunk(r.kept.Of(h), snapshot.MostPlaces) {
			if err := ask(ctx, c, objectsSQL(h, columns[h.OID]), batch, readable); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, loid := range slices.Sorted(maps.Keys(readable)) {
		if readable[loid] {
			objects = append(objects, loid)
		} else {
			denied = append(denied, loid)
		}
	}
	return objects, denied, nil
}

// objectColumns is empty when the database holds no large object.
func (r *run) objectColumns(ctx context.Context, c *pgx.Conn) (map[uint32][]string, error) {
	oids := make([]uint32, len(r.kept.Heaps))
	for i, h := range r.kept.Heaps {
		oids[i] = h.OID
	}
	columns := map[uint32][]string{}
	tables := map[uint32]*catalog.Table{}
	for _, h := range r.kept.Heaps {
		tables[h.OID] = h.Table
	}
	rows, err := c.Query(ctx, objectColumnsSQL, oids)
	if err != nil {
		return nil, err
	}
	var oid uint32
	var names []string
	_, err = pgx.ForEachRow(rows, []any{&oid, &names}, func() error {
		// What a mask takes away from the row is not there to be named.
		nulled := func(name string) bool { return r.plan.Masks.Nulls(tables[oid], name) }
		left := slices.DeleteFunc(slices.Clone(names), nulled)
		if len(left) > 0 {
			columns[oid] = left
		}
		return nil
	})
	return columns, err
}

// objectsSQL asks which of the numbers in some columns of rows are those of
// large objects, and whether the role may read them: there is no function to
// ask for that before PostgreSQL 18.
func objectsSQL(h *catalog.Heap, columns []string) string {
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = "(" + catalog.Quote(c) + "::pg_catalog.oid)"
	}
	return fmt.Sprintf(`
SELECT m.oid, pg_catalog.current_setting('lo_compat_privileges')::bool
       OR pg_catalog.pg_has_role(m.lomowner, 'USAGE')
       OR EXISTS (SELECT FROM pg_catalog.aclexplode(m.lomacl) AS g
                   WHERE g.privilege_type = 'SELECT' AND (g.grantee = 0 OR pg_catalog.pg_has_role(g.grantee, 'USAGE')))
  FROM pg_catalog.pg_largeobject_metadata AS m
 WHERE m.oid IN (SELECT v.oid FROM ONLY %s AS t CROSS JOIN LATERAL (VALUES %s) AS v (oid) WHERE t.ctid = ANY($1))`,
		h.Name, strings.Join(values, ", "))
}

func ask(ctx context.Context, c *pgx.Conn, sql string, batch []snapshot.Row, readable map[uint32]bool) error {
	rows, err := c.Query(ctx, sql, snapshot.TIDs(batch))
	if err != nil {
		return err
	}
	var loid uint32
	var may bool
	_, err = pgx.ForEachRow(rows, []any{&loid, &may}, func() error {
		readable[loid] = may
		return nil
	})
	return err
}

// objectReader reads a large object in parts, in the snapshot.
type objectReader struct {
	ctx    context.Context
	source *Source
	conn   *pgx.Conn
	loid   uint32
	next   int64
	part   []byte
	end    bool
}

const (
	objectPart = 1 << 18 // bytes
	objectSQL  = `SELECT pg_catalog.lo_get($1, $2, $3)`
)

func (o *objectReader) Read(p []byte) (int, error) {
	if len(o.part) == 0 && !o.end {
		if err := o.conn.QueryRow(o.ctx, objectSQL, o.loid, o.next, objectPart).Scan(&o.part); err != nil {
			return 0, o.source.Explain(o.conn, err)
		}
		o.next += int64(len(o.part))
		o.end = len(o.part) < objectPart
	}
	if len(o.part) == 0 {
		return 0, io.EOF
	}
	n := copy(p, o.part)
	o.part = o.part[n:]
	return n, nil
}
