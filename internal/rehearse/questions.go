package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// What a Question is about.
const (
	askNotNull = "not null"
	askUnique  = "unique"
	askKey     = "foreign key"
	askRows    = "rows"
)

// MostQuestions bounds what one migration has asked.
const MostQuestions = 20

// mostViolations is how many of them are counted.
const mostViolations = 1000

// A Question is what only production can tell: whether something new holds for its rows, or how many of them a
// statement changes. It is made of names alone, so that nothing that a migration's author has written is run there.
type Question struct {
	Kind    string   `json:"kind"`
	Name    string   `json:"name,omitempty"` // of the index or the key
	Schema  string   `json:"schema"`
	Table   string   `json:"table"` // as production calls it now
	Columns []string `json:"columns"`

	ParentSchema  string   `json:"parent_schema,omitempty"`
	Parent        string   `json:"parent,omitempty"`
	ParentColumns []string `json:"parent_columns,omitempty"`

	Statement int                `json:"statement,omitempty"` // whose rows are counted
	Where     *sqltext.Condition `json:"where,omitempty"`     // that these meet

	Changed bool   `json:"changed,omitempty"`   // the migration changes rows of the table, so that more may hold then
	Asked   bool   `json:"asked"`               // production was
	Rows    int64  `json:"rows"`                // see Answer
	Failed  string `json:"not_asked,omitempty"` // why not
}

// Open tells whether nobody has tried to have it answered.
func (q *Question) Open() bool { return !q.Asked && q.Failed == "" }

// Answer takes in what production has counted: of rows that something does not hold for, 1000 at most (of unique:
// groups of rows); of rows that a statement changes no more than about how many, and 0 for fewer than 1000.
func (q *Question) Answer(rows int64) {
	q.Asked, q.Rows = true, rows
	if q.Kind == askRows {
		q.Rows = roughly(rows)
	}
}

// SQL counts the rows that it does not hold for, or that it is about. It reads and calls nothing but the tables and
// their own operators.
func (q *Question) SQL() string {
	if q.Kind == askRows {
		return q.countSQL()
	}
	table, columns := quote(q.Schema)+"."+quote(q.Table), make([]string, len(q.Columns))
	set := make([]string, len(q.Columns))
	for i, c := range q.Columns {
		columns[i] = "c." + quote(c)
		set[i] = columns[i] + " IS NOT NULL"
	}
	all := strings.Join(set, " AND ")
	var rows string
	switch q.Kind {
	case askNotNull:
		rows = fmt.Sprintf("FROM %s AS c WHERE NOT (%s)", table, all)
	case askUnique:
		rows = fmt.Sprintf("FROM %s AS c WHERE %s GROUP BY %s HAVING pg_catalog.count(*) > 1", table, all,
			strings.Join(columns, ", "))
	case askKey:
		var same []string
		for i, p := range q.ParentColumns {
			same = append(same, "p."+quote(p)+" = "+columns[i])
		}
		rows = fmt.Sprintf("FROM %s AS c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s.%s AS p WHERE %s)", table, all,
			quote(q.ParentSchema), quote(q.Parent), strings.Join(same, " AND "))
	}
	return fmt.Sprintf("SELECT pg_catalog.count(*) FROM (SELECT 1 %s LIMIT %d) AS violations", rows, mostViolations)
}

// String says what was found, in a sentence.
func (q *Question) String() string {
	if q.Kind == askRows {
		return q.counted()
	}
	what := fmt.Sprintf("%s of %s (%s)", strings.ToUpper(q.Kind), shortName(q.Schema+"."+q.Table),
		strings.Join(q.Columns, ", "))
	rows := fmt.Sprintf("%d rows violate", q.Rows)
	switch {
	case q.Kind == askUnique:
		rows = fmt.Sprintf("%d values that are there more than once violate", q.Rows)
	case q.Rows == 1:
		rows = "1 row violates"
	case q.Rows >= mostViolations:
		rows = fmt.Sprintf("%d rows or more violate", q.Rows)
	}
	if q.Kind == askUnique && q.Rows == 1 {
		rows = "1 value that is there more than once violates"
	}
	switch {
	case !q.Asked && q.Failed == "":
		return "production was not asked about " + what
	case !q.Asked:
		return fmt.Sprintf("production was not asked about %s: %s", what, q.Failed)
	case q.Rows == 0:
		return fmt.Sprintf("production has been asked: %s holds", what)
	case q.Changed:
		return fmt.Sprintf("in production %s %s by now; the migration changes rows of that table first", rows, what)
	}
	return rows + " " + what
}

// fails tells whether the migration would fail by it.
func (q *Question) fails() bool { return q.Kind != askRows && q.Asked && q.Rows > 0 && !q.Changed }

// namedSQL lists the columns of unique indexes and of foreign keys, those of partitions left out.
const namedSQL = `
SELECT 'unique', i.indrelid, c.relname, k.n, a.attname, 0::oid, ''
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.indkey::smallint[])) WITH ORDINALITY AS k (att, n)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.att
 WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND k.n <= i.indnkeyatts AND i.indrelid >= 16384
   AND NOT c.relispartition
UNION ALL
SELECT 'foreign key', o.conrelid, o.conname, k.n, a.attname, o.confrelid, p.attname
  FROM pg_catalog.pg_constraint AS o
 CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(o.conkey), pg_catalog.unnest(o.confkey)) WITH ORDINALITY
    AS k (att, ref, n)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = o.conrelid AND a.attnum = k.att
  JOIN pg_catalog.pg_attribute AS p ON p.attrelid = o.confrelid AND p.attnum = k.ref
 WHERE o.contype = 'f' AND o.conparentid = 0 AND o.conrelid >= 16384
 ORDER BY 1, 2, 3, 4`

// questions are what is new and may not hold for the rows of production, of tables and columns that are there already.
func (w *Watch) questions(ctx context.Context, r *Report, known details) ([]*Question, error) {
	rows, err := w.server.Query(ctx, w.database, namedSQL)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	all := w.newlyNotNull(known)
	last, key := (*Question)(nil), ""
	for _, row := range rows {
		if len(row) != 7 {
			return nil, fmt.Errorf("read the catalog: %d columns", len(row))
		}
		if this := strings.Join(row[:3], " "); this != key {
			last, key = w.begun(row, known), this
			if last != nil {
				all = append(all, last)
			}
		}
		if last != nil {
			last.Columns = append(last.Columns, row[4])
			if last.Kind == askKey {
				last.ParentColumns = append(last.ParentColumns, row[6])
			}
		}
	}
	all = slices.DeleteFunc(all, func(q *Question) bool { return !w.answerable(q) })
	changed := map[string]bool{}
	for _, s := range r.Statements {
		for _, c := range s.Changes {
			changed[c.Table] = true
		}
		for _, l := range s.Locks { // by functions and triggers too
			changed[l.Table] = changed[l.Table] || l.Mode == "RowExclusiveLock"
		}
	}
	for _, q := range all {
		q.Changed = changed[q.Schema+"."+q.Table] || changed[q.ParentSchema+"."+q.Parent]
	}
	all = append(all, w.counts(r)...)
	return all[:min(len(all), MostQuestions)], nil
}

// newlyNotNull asks about columns that may be null in production.
func (w *Watch) newlyNotNull(known details) []*Question {
	var all []*Question
	for key, d := range known {
		table, there := w.before[d.table]
		if was, ok := w.details[key]; there && ok && d.kind == detailColumn && d.flag && !was.flag {
			all = append(all, &Question{
				Kind: askNotNull, Schema: table.Schema, Table: table.Name, Columns: []string{d.name},
			})
		}
	}
	slices.SortFunc(all, func(a, b *Question) int {
		return strings.Compare(a.Schema+"."+a.Table+"."+a.Columns[0], b.Schema+"."+b.Table+"."+b.Columns[0])
	})
	return all
}

// begun is the question about an index or a key of which a row of namedSQL tells; nil where that was there before, or
// need not hold.
func (w *Watch) begun(row []string, known details) *Question {
	oid := func(i int) uint32 { n, _ := strconv.ParseUint(row[i], 10, 32); return uint32(n) }
	table, there := w.before[oid(1)]
	kind := detailIndex
	if row[0] == askKey {
		kind = detailConstraint
	}
	at := detail{kind: kind, table: oid(1), name: row[2]}.key()
	if _, old := w.details[at]; old || !there || kind == detailConstraint && !known[at].flag {
		return nil
	}
	q := &Question{Kind: row[0], Name: row[2], Schema: table.Schema, Table: table.Name}
	if q.Kind == askKey {
		parent, there := w.before[oid(5)]
		if !there {
			return nil
		}
		q.ParentSchema, q.Parent = parent.Schema, parent.Name
	}
	return q
}

// answerable tells whether production has all columns that are asked about.
func (w *Watch) answerable(q *Question) bool {
	there := func(schema, table string, columns []string) bool {
		r, ok := w.before.named(schema, table)
		return ok && !slices.ContainsFunc(columns, func(c string) bool {
			_, was := w.details[detail{kind: detailColumn, table: r.OID, name: c}.key()]
			return !was
		})
	}
	return there(q.Schema, q.Table, q.Columns) && (q.Kind != askKey || there(q.ParentSchema, q.Parent, q.ParentColumns))
}

// violated is the first question that production answers so that the migration would fail.
func (r *Report) violated() *Question {
	for _, q := range r.Questions {
		if q.fails() {
			return q
		}
	}
	return nil
}
