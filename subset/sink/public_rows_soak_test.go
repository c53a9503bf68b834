//go:build soak

package sink_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// filler writes rows of any schema, as far as its constraints let it.
type filler struct {
	t       *testing.T
	conn    *pgx.Conn
	db      *catalog.Database
	details *catalog.Details
	random  *rand.Rand
	n       int
}

// fill writes some rows into each table and returns how many there are.
func fill(t *testing.T, url string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	f := &filler{t: t, conn: conn, random: rand.New(rand.NewPCG(1, 2))}
	f.exec("SET session_replication_role = replica") // nobody's trigger is of use here
	if f.db, err = catalog.Read(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	if f.details, err = catalog.ReadDetails(t.Context(), conn, f.db); err != nil {
		t.Fatal(err)
	}
	rows, empty := 0, 0
	for _, table := range f.inOrder() {
		const wanted, tries = 60, 120
		n := 0
		for try := 0; n < wanted && try < tries && (n > 0 || try < 20); try++ {
			if f.row(table) {
				n++
			}
		}
		rows += n
		if n == 0 {
			empty++
		}
	}
	if empty > len(f.db.Tables)/2 {
		t.Errorf("%d of %d tables stay empty", empty, len(f.db.Tables))
	}
	return rows
}

func (f *filler) exec(sql string, args ...any) bool {
	_, err := f.conn.Exec(f.t.Context(), sql, args...)
	return err == nil
}

// inOrder lists parents before children, as far as there is such an order.
func (f *filler) inOrder() []*catalog.Table {
	var order []*catalog.Table
	left := slices.Clone(f.db.Tables)
	for len(left) > 0 {
		free := func(t *catalog.Table) bool {
			return !slices.ContainsFunc(f.db.ForeignKeys, func(k *catalog.ForeignKey) bool {
				return k.Child == t && k.Parent != t && slices.Contains(left, k.Parent)
			})
		}
		at := max(slices.IndexFunc(left, free), 0)
		order = append(order, left[at])
		left = slices.Delete(left, at, at+1)
	}
	return order
}

// row writes one row, with parents that are there.
func (f *filler) row(t *catalog.Table) bool {
	f.n++
	values := map[string]string{}
	for _, c := range t.Columns {
		if !c.Generated {
			values[c.Name] = f.value(t, c)
		}
	}
	keys := slices.DeleteFunc(slices.Clone(f.db.ForeignKeys), func(k *catalog.ForeignKey) bool { return k.Child != t })
	slices.SortStableFunc(keys, func(a, b *catalog.ForeignKey) int { return len(b.ChildColumns) - len(a.ChildColumns) })
	referring := map[string]string{}
	for _, k := range keys {
		if !f.refer(k, referring) {
			return false
		}
	}
	maps.Copy(values, referring)
	var columns, list []string
	for _, c := range t.Columns {
		if v := values[c.Name]; v != "" {
			columns, list = append(columns, catalog.Quote(c.Name)), append(list, v)
		}
	}
	if len(columns) == 0 {
		return false
	}
	return f.exec(fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)", t.Name,
		strings.Join(columns, ", "), strings.Join(list, ", ")))
}

// refer takes the values of a key from some parent that has those which other
// keys gave its columns; NULL where none is there.
func (f *filler) refer(k *catalog.ForeignKey, given map[string]string) bool {
	var parent []string
	which := "true"
	for i, c := range k.ParentColumns {
		parent = append(parent, "pg_catalog.quote_nullable("+catalog.Quote(c)+"::text)")
		switch v, ok := given[k.ChildColumns[i]]; {
		case ok && v == "NULL":
			return true
		case ok:
			which += " AND " + catalog.Quote(c) + "::text = " + v
		}
	}
	sql := fmt.Sprintf("SELECT ARRAY[%s] FROM %s WHERE %s ORDER BY random() LIMIT 1",
		strings.Join(parent, ", "), k.ParentRel, which)
	var of []string
	found := f.conn.QueryRow(f.t.Context(), sql).Scan(&of) == nil && !slices.Contains(of, "NULL")
	for i, c := range k.ChildColumns {
		switch {
		case found:
			given[c] = of[i]
		case given[c] == "" && !k.Child.Column(c).NotNull:
			given[c] = "NULL"
			return true
		}
	}
	return found
}

var quoted = regexp.MustCompile(`'((?:[^']|'')+)'`)

// value is an SQL expression for a column; empty leaves it to its default.
func (f *filler) value(t *catalog.Table, c catalog.Column) string {
	d := f.details.Columns[t][c.Name]
	switch {
	case !c.NotNull && f.random.IntN(5) == 0:
		return "NULL"
	case d.Default != "" && f.random.IntN(3) == 0:
		return ""
	case d.Array:
		return "'{}'"
	case len(d.Labels) > 0:
		return "'" + d.Labels[f.random.IntN(len(d.Labels))] + "'"
	}
	for _, check := range f.details.Checks[t] {
		if words := quoted.FindAllString(check.SQL, -1); slices.Contains(check.Columns, c.Name) && len(words) > 0 {
			return words[f.random.IntN(len(words))]
		}
	}
	return f.ofType(d)
}

// ofType is a value of a type; NULL of one that is not known.
func (f *filler) ofType(d catalog.ColumnDetail) string {
	n := f.n*37 + f.random.IntN(37)
	switch d.Base {
	case "int2", "int4", "int8", "numeric", "float4", "float8", "oid", "money":
		return fmt.Sprint(n % 30000)
	case "bool":
		return fmt.Sprint(n%2 == 0)
	case "uuid":
		return fmt.Sprintf("md5('%d')::uuid", n)
	case "timestamp", "timestamptz", "date":
		return fmt.Sprintf("timestamp '2024-01-01' + %d * interval '7 minutes'", n)
	case "time", "timetz", "interval":
		return fmt.Sprintf("'%d minutes'::interval", n%1000)
	case "json", "jsonb":
		return fmt.Sprintf(`'{"n": %d, "name": "Ann Lee"}'`, n)
	case "bytea":
		return fmt.Sprintf(`decode(md5('%d'), 'hex')`, n)
	case "inet", "cidr":
		return fmt.Sprintf("'10.1.%d.%d'", n%200, n%250)
	case "tsvector", "hstore", "xml":
		return "''"
	case "text", "varchar", "bpchar", "citext", "name":
		text := fmt.Sprintf("%x %d", n*2654435761, n)
		if d.Modifier > 4 {
			text = text[:min(len(text), d.Modifier-4)]
		}
		return "'" + text + "'"
	}
	return "NULL"
}
