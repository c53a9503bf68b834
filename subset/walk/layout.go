package walk

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// layout is the columns of the answers to one question about rows of a heap.
// Each column says both what the server is asked for and how its value is read,
// so that the two cannot drift apart.
type layout struct {
	heap        *heap
	foreignKeys []*foreignKey // of which the answers tell the parents
	encodings   []encoding    // of those parents
	columns     []column
	inner       []inner  // what the query has to give for them, beside the place
	joins       []string // and what is joined to it
}

// column is one of the columns of an answer.
type column struct {
	sql  string                                 // as the server is asked for it
	read func(value []byte, into *answer) error // nil for NULL
}

// inner is a column of the query that a layout is about: one of the heap, or
// an expression of a name.
type inner struct{ name, expression string }

// answer is what the server says of one row.
type answer struct {
	row     snapshot.Row
	hash    int64       // of candidates
	key     int64       // 0 where rows of the heap have none
	parents []reference // by foreign key of the layout

	heap *heap // of the parent that is being read
}

// reference is what a row references by a foreign key that leads to one row at
// most: its place, nowhere or one of the two below, and its key where it has one.
type reference struct {
	at  snapshot.Row
	key int64
}

const (
	nothingThere = ^snapshot.Row(0)     // the row references nothing
	knownByKey   = ^snapshot.Row(0) - 1 // the key says which
)

var errMoved = errors.New("a row lies in a table that the catalog does not know")

// parentLayout is that of answers which tell the parents of rows that are known.
func (s *schema) parentLayout(h *heap) *layout {
	l := &layout{heap: h, foreignKeys: h.single}
	l.addPlace()
	s.addReferences(l, nil)
	return l
}

// candidateLayout is that of answers that are candidates.
func (s *schema) candidateLayout(h *heap) *layout {
	l := &layout{heap: h, foreignKeys: h.answered()}
	l.addPlace()
	l.addHash()
	s.addReferences(l, nil)
	return l
}

// childLayout is that of candidates which are found as the children, by a
// foreign key, of rows in a heap.
func (s *schema) childLayout(h *heap, by *foreignKey, parents *heap) *layout {
	l := &layout{heap: h, foreignKeys: h.answered()}
	l.addPlace()
	l.addHash()
	l.addFinder(by, parents)
	s.addReferences(l, by)
	return l
}

// answered are the foreign keys of which candidates tell the parents: all of
// the heap's, but none where some may lead to several and have to be looked up.
func (h *heap) answered() []*foreignKey {
	if len(h.several) > 0 {
		return nil
	}
	return h.single
}

// newAnswer is one that can be read into, again and again.
func (l *layout) newAnswer() *answer { return &answer{parents: make([]reference, len(l.foreignKeys))} }

// read takes an answer's values apart.
func (l *layout) read(values [][]byte, into *answer) error {
	for i := range l.columns {
		if err := l.columns[i].read(values[i], into); err != nil {
			return err
		}
	}
	return nil
}

// sql makes a query for rows of the heap one that is answered by the layout.
// The query is given the columns it has to give, beside the place; alias is
// what it calls the heap, with a dot.
func (l *layout) sql(alias string, query func(columns string) string) string {
	var asked []string
	for _, c := range l.columns {
		asked = append(asked, c.sql)
	}
	var given strings.Builder
	for _, i := range l.inner {
		if i.expression != "" {
			given.WriteString(", " + i.expression + " AS " + catalog.Quote(i.name))
			continue
		}
		given.WriteString(", " + alias + catalog.Quote(i.name))
	}
	return fmt.Sprintf("SELECT %s\n  FROM (%s) AS c%s",
		strings.Join(asked, ", "), query(given.String()), strings.Join(l.joins, ""))
}

func (l *layout) add(sql string, read func(value []byte, into *answer) error) {
	l.columns = append(l.columns, column{sql, read})
}

// need has the query give a column of the heap.
func (l *layout) need(name string) {
	if one := (inner{name: name}); !slices.Contains(l.inner, one) {
		l.inner = append(l.inner, one)
	}
}

func (l *layout) addPlace() {
	l.add("c.ctid", func(value []byte, into *answer) error {
		into.row = snapshot.MakeRow(l.heap.number, snapshot.Place(value))
		return nil
	})
}

func (l *layout) addHash() {
	l.add(`c."offshoot: hash"`, func(value []byte, into *answer) error {
		into.hash = int64(binary.BigEndian.Uint64(value))
		return nil
	})
}

// addFinder adds the place of the parent by which a child is found.
func (l *layout) addFinder(by *foreignKey, parents *heap) {
	n := slices.Index(l.foreignKeys, by)
	l.add(`c."offshoot: parent"`, func(value []byte, into *answer) error {
		if n >= 0 {
			into.parents[n] = reference{at: snapshot.MakeRow(parents.number, snapshot.Place(value))}
		}
		return nil
	})
}

// addReferences adds the key of the row, where it has one, and what it
// references by each foreign key but the one that found it.
func (s *schema) addReferences(l *layout, finder *foreignKey) {
	if d := l.heap.directory; d != nil {
		l.need(d.column)
		l.add("c."+catalog.Quote(d.column), func(value []byte, into *answer) error {
			into.key = integer(value)
			return nil
		})
	}
	joined := 0
	for n, fk := range l.foreignKeys {
		if fk == finder {
			l.encodings = append(l.encodings, byPlace)
			continue
		}
		l.encodings = append(l.encodings, fk.encoding())
		for _, c := range fk.ChildColumns {
			l.need(c)
		}
		if fk.directory != nil {
			l.addKey(n, fk)
		} else {
			s.addParent(l, n, fk, joined)
		}
		joined++
	}
}

// addKey adds the key of a parent.
func (l *layout) addKey(n int, fk *foreignKey) {
	l.add("c."+catalog.Quote(fk.ChildColumns[0]), func(value []byte, into *answer) error {
		into.parents[n] = reference{at: nothingThere}
		if value != nil {
			into.parents[n] = reference{at: knownByKey, key: integer(value)}
		}
		return nil
	})
}

// addParent joins a parent and adds its heap (where there are several), its
// place, NULL where there is none, its key (where it has one), and (where the
// row may rightly reference nothing) whether there should be one. The limit has
// the server take the index of the parent's key for each row: a hash of a whole
// parent costs more than some thousand steps down its index.
func (s *schema) addParent(l *layout, n int, fk *foreignKey, number int) {
	which, references := fk.Join("p", "c"), fk.References("c")
	if fk.When != "" {
		when := fmt.Sprintf("offshoot: when %d", number)
		l.inner = append(l.inner, inner{when, "(" + fk.When + "\n)"})
		when = "c." + catalog.Quote(when)
		which, references = when+" AND "+which, "COALESCE("+when+", false) AND "+references
	}
	parent, found := fmt.Sprintf("p%d", number), "p.tableoid, p.ctid"
	var known *heap
	if len(fk.ParentHeaps) == 1 {
		known = fk.parentHeaps[0]
	} else {
		l.add(parent+".tableoid", s.readHeap)
	}
	l.add(parent+".ctid", func(value []byte, into *answer) error {
		into.parents[n] = reference{at: snapshot.Nowhere}
		if value != nil {
			into.parents[n].at = snapshot.MakeRow(cmp.Or(known, into.heap).number, snapshot.Place(value))
		}
		return nil
	})
	if known != nil && known.directory != nil {
		found += ", p." + catalog.Quote(known.directory.column) + ` AS "offshoot: key"`
		l.add(parent+`."offshoot: key"`, func(value []byte, into *answer) error {
			if value != nil {
				into.parents[n].key = integer(value)
			}
			return nil
		})
	}
	if fk.Optional() {
		l.add(references, func(value []byte, into *answer) error {
			if into.parents[n].at == snapshot.Nowhere && value[0] == 0 {
				into.parents[n].at = nothingThere
			}
			return nil
		})
	}
	const join = "\n  LEFT JOIN LATERAL (SELECT %s FROM %s AS p WHERE %s LIMIT 1) AS %s ON true"
	l.joins = append(l.joins, fmt.Sprintf(join, found, fk.FromParent(), which, parent))
}

// readHeap reads which heap the parent lies in.
func (s *schema) readHeap(value []byte, into *answer) error {
	if value == nil {
		return nil
	}
	into.heap = s.byOID[binary.BigEndian.Uint32(value)]
	if into.heap == nil {
		return errMoved
	}
	return nil
}
