package rehearse

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

const (
	// enough is how long a piece of work has to take before its time says something of larger tables.
	enough = 700 * time.Millisecond
	// largest bounds the copies that it is tried on.
	largest = 400 << 20
	// longestCalibration bounds all of it.
	longestCalibration = 90 * time.Second
)

// calibration tries pieces of work on copies of tables that grow.
type calibration struct {
	server   Server
	database string
	facts    *facts.Facts
	known    map[work]fit
	unknown  []string
	deadline time.Time
}

// A fit is seconds by size: a + b·n, and a + b·n·log n for the build of an index, where n is rows or bytes.
type fit struct {
	a, b  float64
	most  float64 // the n that was tried
	basis string
}

// amount is the n of a piece of work.
func amount(kind string, rows, bytes float64) float64 {
	switch kind {
	case workRewrite, workVerify:
		return bytes
	case workBuild:
		return rows * math.Log2(rows+2)
	}
	return rows
}

// wanted is the n in production. Of rows that were changed it has the share that it had here.
func wanted(w work, s Size) float64 {
	rows := s.There
	if w.kind == workChange && s.Rows > 0 {
		rows = float64(w.rows) * s.There / float64(s.Rows)
	}
	return amount(w.kind, rows, float64(s.ThereSize))
}

func (f fit) at(w work, s Size) float64 { return math.Max(0, f.a+f.b*wanted(w, s)) }

// spread is by how much the truth may differ: the more, the further it is from what was tried. Disks, memory and load
// of production are not ours.
func (f fit) spread(w work, s Size) float64 {
	further := math.Max(1, wanted(w, s)/math.Max(f.most, 1))
	return 1.8 + 0.25*math.Log10(further)
}

const trial = "offshoot_trial"

// begin sets what production has of memory and parallel workers: of that depends how an index is built.
func (c *calibration) begin(ctx context.Context) {
	c.deadline = time.Now().Add(longestCalibration)
	for _, name := range []string{"maintenance_work_mem", "max_parallel_maintenance_workers", "work_mem"} {
		if value, unit := c.facts.Setting(name); value != "" {
			_, _ = c.server.Query(ctx, c.database, "SET "+name+" = "+sqltext.Literal(value+unit))
		}
	}
	_, _ = c.server.Query(ctx, c.database, "DROP SCHEMA IF EXISTS "+trial+" CASCADE; CREATE SCHEMA "+trial)
}

// fit tries a piece of work at growing sizes until it takes long enough.
func (c *calibration) fit(ctx context.Context, w work, s Size) (fit, error) {
	what := work{kind: w.kind, table: w.table, name: w.name}
	if known, ok := c.known[what]; ok {
		return known, nil
	}
	schema, table, _ := strings.Cut(w.table, ".")
	t := &attempt{calibration: c, work: w, from: quote(schema) + "." + quote(table)}
	if err := t.prepare(ctx); err != nil {
		return fit{}, err
	}
	var tried []point
	for {
		p, err := t.once(ctx)
		if err != nil {
			return fit{}, err
		}
		if p.rows == 0 {
			return fit{}, errEmpty
		}
		tried = append(tried, p)
		there := amount(w.kind, s.There, float64(s.ThereSize))
		if p.seconds >= enough.Seconds() && len(tried) > 1 || p.bytes > largest/2 || p.n > there ||
			time.Now().After(c.deadline) {
			break
		}
		if err := t.grow(ctx, p); err != nil {
			return fit{}, err
		}
	}
	_, _ = c.server.Query(ctx, c.database, "DROP TABLE IF EXISTS "+trial+".t")
	f := line(tried)
	last := tried[len(tried)-1]
	f.basis = fmt.Sprintf("%s of %d rows of %s in %.2f s here", w.kind, int64(last.rows), w.table, last.seconds)
	c.known[what] = f
	return f, nil
}

// point is one try.
type point struct {
	n, rows, bytes, seconds float64
}

// line goes through the two largest tries, and never down.
func line(tried []point) fit {
	last := tried[len(tried)-1]
	f := fit{b: last.seconds / math.Max(last.n, 1), most: last.n}
	if len(tried) < 2 {
		return f
	}
	before := tried[len(tried)-2]
	if last.n > before.n && last.seconds > before.seconds {
		b := (last.seconds - before.seconds) / (last.n - before.n)
		if a := last.seconds - b*last.n; a >= 0 {
			f.a, f.b = a, b
		}
	}
	return f
}

// attempt is one kind of work on one copy.
type attempt struct {
	*calibration
	work work
	from string
	try  string   // the statement
	undo []string // so that it can be tried again
}

var (
	errGone  = errors.New("the table is not there any more")
	errEmpty = errors.New("the table is empty here by the end of the migration")
)

// prepare makes the copy and finds the statement to try.
func (t *attempt) prepare(ctx context.Context) error {
	for _, sql := range []string{
		"DROP TABLE IF EXISTS " + trial + ".t",
		"CREATE TABLE " + trial + ".t AS TABLE " + t.from,
	} {
		if _, err := t.server.Query(ctx, t.database, sql); err != nil {
			return errors.Join(errGone, err)
		}
	}
	column, err := t.one(ctx, `SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute AS a
 WHERE a.attrelid = '`+trial+`.t'::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum LIMIT 1`)
	if err != nil {
		return err
	}
	switch t.work.kind {
	case workRewrite:
		t.try = "ALTER TABLE " + trial + ".t ADD offshoot_new timestamptz DEFAULT pg_catalog.clock_timestamp()"
		t.undo = []string{"ALTER TABLE " + trial + ".t DROP offshoot_new", "VACUUM FULL " + trial + ".t"}
	case workVerify:
		t.try = "ALTER TABLE " + trial + ".t ADD CONSTRAINT offshoot_new CHECK (" + column + " IS NULL OR " + column +
			" IS NOT NULL)"
		t.undo = []string{"ALTER TABLE " + trial + ".t DROP CONSTRAINT offshoot_new"}
	case workKey:
		return t.foreignKey(ctx)
	case workBuild:
		return t.index(ctx)
	case workChange:
		return t.change(ctx, column)
	}
	return nil
}

func (t *attempt) one(ctx context.Context, sql string) (string, error) {
	rows, err := t.server.Query(ctx, t.database, sql)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 || len(rows[0]) == 0 || rows[0][0] == "" {
		return "", errGone
	}
	return rows[0][0], nil
}

func (t *attempt) foreignKey(ctx context.Context) error {
	definition, err := t.one(ctx, `SELECT pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint AS c
 WHERE c.conrelid = `+sqltext.Literal(t.from)+`::pg_catalog.regclass AND c.contype = 'f' AND c.conname = `+sqltext.Literal(t.work.name))
	if err != nil {
		return err
	}
	t.try = "ALTER TABLE " + trial + ".t ADD CONSTRAINT offshoot_new " + strings.TrimSuffix(definition, " NOT VALID")
	t.undo = []string{"ALTER TABLE " + trial + ".t DROP CONSTRAINT offshoot_new"}
	return nil
}

// index has the index built on the copy, in which each row is there several times.
func (t *attempt) index(ctx context.Context) error {
	definition, err := t.one(ctx, `SELECT pg_catalog.substring(pg_catalog.pg_get_indexdef(i.indexrelid), ' USING .*$')
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = `+sqltext.Literal(t.from)+`::pg_catalog.regclass AND c.relname = `+sqltext.Literal(t.work.name))
	if err != nil {
		return err
	}
	t.try = "CREATE INDEX offshoot_new ON " + trial + ".t" + definition
	t.undo = []string{"DROP INDEX " + trial + ".offshoot_new"}
	return nil
}

// change has all rows of the copy updated, below as many indexes as the table has.
func (t *attempt) change(ctx context.Context, column string) error {
	rows, err := t.server.Query(ctx, t.database, `
SELECT pg_catalog.substring(pg_catalog.pg_get_indexdef(i.indexrelid), ' USING .*$') FROM pg_catalog.pg_index AS i
 WHERE i.indrelid = `+sqltext.Literal(t.from)+`::pg_catalog.regclass`)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := t.server.Query(ctx, t.database, "CREATE INDEX ON "+trial+".t"+row[0]); err != nil {
			return err
		}
	}
	t.try = "UPDATE " + trial + ".t SET " + column + " = " + column
	t.undo = []string{"VACUUM FULL " + trial + ".t"}
	return nil
}

// once tries, takes the time, and undoes.
func (t *attempt) once(ctx context.Context) (point, error) {
	rows, err := t.server.Query(ctx, t.database,
		"SELECT pg_catalog.count(*), pg_catalog.pg_table_size('"+trial+".t') FROM "+trial+".t")
	if err != nil {
		return point{}, err
	}
	var p point
	if _, err := fmt.Sscan(strings.Join(rows[0], " "), &p.rows, &p.bytes); err != nil {
		return point{}, err
	}
	p.n = amount(t.work.kind, p.rows, p.bytes)
	_, _ = t.server.Query(ctx, t.database, "CHECKPOINT")
	began := time.Now()
	if _, err := t.server.Query(ctx, t.database, t.try); err != nil {
		return point{}, err
	}
	p.seconds = time.Since(began).Seconds()
	for _, sql := range slices.Clone(t.undo) {
		if _, err := t.server.Query(ctx, t.database, sql); err != nil {
			return point{}, err
		}
	}
	return p, nil
}

// grow makes the copy as large as it takes to tell something, in one go.
func (t *attempt) grow(ctx context.Context, p point) error {
	times := math.Ceil(math.Log2(1.5 * enough.Seconds() / math.Max(p.seconds, 0.005)))
	for range int(min(max(times, 1), 5)) {
		if p.bytes *= 2; p.bytes > largest {
			break
		}
		if _, err := t.server.Query(ctx, t.database, "INSERT INTO "+trial+".t SELECT * FROM "+trial+".t"); err != nil {
			return err
		}
	}
	return nil
}
