package score

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Stability says how much two subsets have in common: of one source on two
// days, say, or with two seeds.
type Stability struct {
	Version  int                `json:"version"` // of this document, 1
	First    string             `json:"first"`   // databases
	Second   string             `json:"second"`
	Shared   int64              `json:"shared"` // rows in both, by their key
	Jaccard  float64            `json:"jaccard"`
	Tables   []TableStability   `json:"tables"`
	Unscored []catalog.Omission `json:"unscored,omitempty"`
}

// TableStability is about the rows of one table. Rows are the same when their
// key is: the primary key, or a unique one of columns that are never NULL.
type TableStability struct {
	Schema  string  `json:"schema"`
	Name    string  `json:"name"`
	First   int64   `json:"first"`
	Second  int64   `json:"second"`
	Shared  int64   `json:"shared"`
	Jaccard float64 `json:"jaccard"` // Shared of all rows that are in one or both; 1 of none
}

// Compare matches the rows of two databases by their keys, which neither of
// them sends: digests of them are merged as they come, in order.
func Compare(ctx context.Context, first, second string) (_ *Stability, err error) {
	var sides [2]*snapshot.Snapshot
	for i, url := range []string{first, second} {
		if sides[i], err = openTarget(ctx, url, 1); err != nil {
			return nil, fmt.Errorf("compare: %w", err)
		}
		defer func() { err = errors.Join(err, sides[i].Close(ctx)) }()
	}
	s := &Stability{
		Version: 1, First: sides[0].Database.Name, Second: sides[1].Database.Name,
		Tables: []TableStability{},
	}
	encoding := commonEncoding(sides[0].Database, sides[1].Database)
	for _, t := range sides[0].Database.Tables {
		twin := sides[1].Database.Table(t.Name.Dotted())
		if why := incomparable(t, twin); why != "" {
			s.Unscored = append(s.Unscored, catalog.Omission{Schema: t.Name.Schema, Name: t.Name.Name, Reason: why})
			continue
		}
		key := keyOf(t, twin)
		result, err := compareTable(ctx, sides,
			[2]string{digestsSQL(t, key.Columns, encoding), digestsSQL(twin, key.Columns, encoding)})
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", t.Name.Dotted(), err)
		}
		result.Schema, result.Name = t.Name.Schema, t.Name.Name
		s.Tables = append(s.Tables, result)
	}
	for _, t := range sides[1].Database.Tables {
		if sides[0].Database.Table(t.Name.Dotted()) == nil {
			s.Unscored = append(s.Unscored,
				catalog.Omission{Schema: t.Name.Schema, Name: t.Name.Name, Reason: "only in " + s.Second})
		}
	}
	s.sum()
	return s, nil
}

func incomparable(t, twin *catalog.Table) string {
	switch {
	case twin == nil:
		return "not in the other subset"
	case !t.Readable || !twin.Readable:
		return "not readable"
	case t.RowSecurity || twin.RowSecurity:
		return "row-level security"
	case keyOf(t, twin) == nil:
		return "no key"
	}
	return ""
}

// commonEncoding is one in which texts of both databases can be compared.
func commonEncoding(a, b *catalog.Database) string {
	if a.Encoding == "SQL_ASCII" || b.Encoding == "SQL_ASCII" {
		return "SQL_ASCII" // bytes as they are
	}
	return "UTF8"
}

// digestsSQL asks for digests of a table's keys, in order.
func digestsSQL(t *catalog.Table, columns []string, encoding string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	return fmt.Sprintf("SELECT %s AS digest FROM %s ORDER BY digest",
		digestOf("ROW("+strings.Join(quoted, ", ")+")::pg_catalog.text", encoding), rowsOf(t))
}

func compareTable(ctx context.Context, sides [2]*snapshot.Snapshot, sql [2]string) (t TableStability, err error) {
	var streams [2]*digests
	for i, s := range sides {
		c := s.Workers[0]
		rows, err := c.Query(ctx, sql[i])
		if err != nil {
			return t, s.Explain(c, err)
		}
		defer rows.Close()
		streams[i] = &digests{rows: rows}
	}
	for _, s := range streams {
		s.next()
	}
	merge(streams[0], streams[1], &t)
	for i, s := range streams {
		err = errors.Join(err, sides[i].Explain(sides[i].Workers[0], s.err))
	}
	t.Jaccard = jaccard(t.Shared, t.First, t.Second)
	return t, err
}

// digests is a stream of them in ascending order.
type digests struct {
	rows pgx.Rows
	at   []byte
	more bool
	err  error
}

func (d *digests) next() {
	if d.more = d.rows.Next(); !d.more {
		d.err = d.rows.Err()
		return
	}
	d.at = slices.Clone(d.rows.RawValues()[0])
}

// merge counts what is in either stream, and in both.
func merge(a, b *digests, t *TableStability) {
	for a.more || b.more {
		order := bytes.Compare(a.at, b.at)
		inA := a.more && (!b.more || order <= 0)
		inB := b.more && (!a.more || order >= 0)
		if inA && inB {
			t.Shared++
		}
		if inA {
			t.First++
			a.next()
		}
		if inB {
			t.Second++
			b.next()
		}
	}
}

// jaccard is the part of all that is in one or both which is in both.
func jaccard(shared, first, second int64) float64 {
	if first+second == 0 {
		return 1
	}
	return rounded(ratio(shared, first+second-shared))
}

func (s *Stability) sum() {
	var first, second int64
	for _, t := range s.Tables {
		first, second, s.Shared = first+t.First, second+t.Second, s.Shared+t.Shared
	}
	s.Jaccard = jaccard(s.Shared, first, second)
}

// WriteText prints the comparison for people.
func (s *Stability) WriteText(w io.Writer) error { return s.sheet().WriteText(w) }

// WriteMarkdown prints the comparison for a pull request.
func (s *Stability) WriteMarkdown(w io.Writer) error { return s.sheet().WriteMarkdown(w) }

// WriteJSON prints the comparison as one JSON document.
func (s *Stability) WriteJSON(w io.Writer) error { return document.WriteJSON(w, s) }

func (s *Stability) sheet() document.Sheet {
	return document.Sheet{Headlines: s.headlines(), Grids: s.grids(), Notes: s.notes()}
}

func (s *Stability) headlines() []string {
	return []string{fmt.Sprintf("%s and %s share %s rows: %s of all that are in one or both", s.First, s.Second,
		document.Number(s.Shared), percent(s.Jaccard))}
}

func (s *Stability) grids() []document.Grid {
	var g document.Grid
	g.Add("table", "first", "second", "shared", "Jaccard")
	for _, t := range s.Tables {
		g.Add(t.Schema+"."+t.Name, document.Number(t.First), document.Number(t.Second), document.Number(t.Shared),
			fmt.Sprintf("%.3f", t.Jaccard))
	}
	return []document.Grid{g}
}

func (s *Stability) notes() []string {
	var notes []string
	for _, o := range s.Unscored {
		notes = append(notes, fmt.Sprintf("not compared: %s.%s (%s)", o.Schema, o.Name, o.Reason))
	}
	return notes
}
