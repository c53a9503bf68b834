package subset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/reference"
)

// tried is how many rows at most show whether a reference holds.
const tried = 1000

// patience is how long one question about a reference may take, for PostgreSQL.
const patience = "10s"

// detective looks for references in a source.
type detective struct {
	source *Source
	finder *reference.Finder
	found  *References
}

// candidates are those of names, of pairs and of values, in this order.
func (d *detective) candidates(ctx context.Context) ([]reference.Candidate, error) {
	list := d.finder.ByName()
	for _, p := range d.finder.Pairs() {
		of, err := d.pair(ctx, p)
		if err = d.failed(p.Table.Name.Dotted()+"."+p.Type, err); err != nil {
			return nil, err
		}
		list = append(list, of...)
	}
	of, err := d.byValue(ctx, list)
	return append(list, of...), err
}

// pair asks for the classes of a pair, and lists those that have a table.
func (d *detective) pair(ctx context.Context, p reference.Pair) ([]reference.Candidate, error) {
	of := d.finder.OfClass
	sql := fmt.Sprintf("SELECT DISTINCT %s::pg_catalog.text, '' FROM %s%s", catalog.Quote(p.Type), from(p.Table),
		blocks(p.Table, mostBlocks))
	if p.Content != nil {
		sql = fmt.Sprintf(`SELECT c.app_label::pg_catalog.text, c.model::pg_catalog.text FROM %s AS c
			WHERE EXISTS (SELECT FROM %s AS t%s WHERE t.%s OPERATOR(pg_catalog.=) c.id)`,
			p.Content.Name, from(p.Table), blocks(p.Table, mostBlocks), catalog.Quote(p.Type))
	}
	classes, err := d.ask(ctx, sql+" ORDER BY 1, 2 LIMIT 1000")
	if err != nil {
		return nil, err
	}
	var list []reference.Candidate
	for _, class := range classes {
		c, ok := of(p, class[0])
		if p.Content != nil {
			c, ok = d.finder.OfModel(p, class[0], class[1])
		}
		switch {
		case !ok && class[0] != "":
			d.found.others(p)
		case ok && !d.finder.Knows(c):
			list = append(list, c)
		}
	}
	return list, nil
}

// try counts the rows of a sample that reference something, and those for
// which it is there.
func (d *detective) try(ctx context.Context, c reference.Candidate) error {
	k, ok := d.resolve(c)
	if !ok {
		d.found.note(c.Child.Name.Dotted()+"."+c.Column, "its reference cannot be written in the configuration")
		return nil
	}
	r := Reference{Reference: c.Text(), Why: c.Why, candidate: c}
	for _, sample := range []string{sampling(c.Child, tried), blocks(c.Child, mostBlocks)} {
		counts, err := d.ask(ctx, counting(k, sample))
		if r.Untried = why(err); r.Untried != "" {
			break
		}
		if err != nil {
			return fmt.Errorf("try %s: %w", c.Text(), d.source.Explain(d.source.Leader, err))
		}
		if _, err := fmt.Sscan(counts[0][0]+" "+counts[0][1], &r.Rows, &r.Held); err != nil {
			return err
		}
		if r.Rows >= fewValues || sample == whole {
			break
		}
	}
	d.found.References = append(d.found.References, r)
	return nil
}

// failed notes what got no answer, or returns why the search cannot go on.
func (d *detective) failed(where string, err error) error {
	if reason := why(err); reason != "" {
		d.found.note(where, reason)
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at %s: %w", where, d.source.Explain(d.source.Leader, err))
	}
	return nil
}

// why says, without the server's words, which may have values in them, why it
// gave no answer; empty where that ends the search.
func why(err error) string {
	var refused *pgconn.PgError
	switch {
	case !errors.As(err, &refused) || strings.HasPrefix(refused.Code, "57P"):
		return ""
	case refused.Code == "57014": // query_canceled
		return "took longer than " + patience
	}
	return "PostgreSQL refuses the question, SQLSTATE " + refused.Code
}

// resolve makes a key of a candidate as the configuration will, from its text;
// false where that would be read as another one.
func (d *detective) resolve(c reference.Candidate) (*catalog.ForeignKey, bool) {
	keys, err := plan.ResolveReferences(d.source.Database, []string{c.Text()})
	if err != nil || len(keys) != 1 {
		return nil, false
	}
	k := keys[0]
	return k, c.Same(k) && slices.Equal(k.ParentColumns, []string{c.Key}) && k.When == c.When
}

// counting asks for the parents of some rows one by one, by the index of their key:
// a join might read the whole parent.
func counting(k *catalog.ForeignKey, sample string) string {
	which := k.References("s")
	if k.When != "" {
		which += " AND (" + k.When + "\n)"
	}
	return fmt.Sprintf(`SELECT pg_catalog.count(*)::pg_catalog.text, pg_catalog.count(found)::pg_catalog.text
  FROM (SELECT (SELECT true FROM %s AS p WHERE %s LIMIT 1) AS found
          FROM (SELECT s.%[3]s FROM (SELECT * FROM %s%s) AS s WHERE %s LIMIT %d) AS c OFFSET 0) AS tried`,
		k.FromParent(), k.Join("p", "c"), catalog.Quote(k.ChildColumns[0]), from(k.Child), sample, which, tried)
}

// ask puts a question that is given up after a while, in a savepoint that
// outlives it. Names in conditions are looked up where psql looks for them.
func (d *detective) ask(ctx context.Context, sql string, args ...any) (list [][]string, err error) {
	s := d.source
	err = s.Tentative(ctx, func() error {
		if _, err := s.Leader.Exec(ctx, "SET LOCAL statement_timeout = '"+patience+"'"); err != nil {
			return err
		}
		return s.Searching(ctx, s.Leader, func() error {
			rows, err := s.Leader.Query(ctx, sql, args...)
			if err != nil {
				return err
			}
			list, err = pgx.CollectRows(rows, inWords)
			return err
		})
	})
	return list, err
}

// inWords reads a row of texts. NULL is empty.
func inWords(row pgx.CollectableRow) ([]string, error) {
	values := make([]*string, len(row.FieldDescriptions()))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	err := row.Scan(into...)
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = *cmp.Or(v, new(string))
	}
	return texts, err
}
