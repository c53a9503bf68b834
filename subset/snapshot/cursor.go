package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

const (
	// EveryBatch is how many rows of tables that are kept whole are followed at
	// once: there may be more of them than fit into memory.
	EveryBatch = 50_000

	// fewPages of a heap hold no more rows than that: 291 of them at most fit
	// into a block of 8 kB.
	fewPages = 170
)

// Numbered is a heap and its number in places of rows.
type Numbered struct {
	Number int
	Heap   *catalog.Heap
}

// EveryRow calls do with all rows of heaps, some at a time, in their order.
// Small heaps are asked for together.
func (s *Snapshot) EveryRow(ctx context.Context, heaps []Numbered, do func([]Row) error) error {
	for len(heaps) > 0 {
		n, pages := 0, int64(0)
		for n < len(heaps) && pages+heaps[n].Heap.Pages <= fewPages {
			pages += heaps[n].Heap.Pages
			n++
		}
		if n == 0 {
			if err := s.cursor(ctx, heaps[0], do); err != nil {
				return fmt.Errorf("%s: %w", heaps[0].Heap.Name.Dotted(), err)
			}
			heaps = heaps[1:]
			continue
		}
		rows, err := s.allOf(ctx, heaps[:n])
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(rows, EveryBatch) { // a heap may have grown
			if err := do(batch); err != nil {
				return err
			}
		}
		heaps = heaps[n:]
	}
	return nil
}

// allOf is all rows of some heaps.
func (s *Snapshot) allOf(ctx context.Context, heaps []Numbered) ([]Row, error) {
	found, questions := make([][]Row, len(heaps)), make([]Question, len(heaps))
	for i, h := range heaps {
		questions[i] = Question{
			Lane: i, SQL: "SELECT ctid FROM ONLY " + h.Heap.Name.String(),
			Row: func(values [][]byte) error {
				found[i] = append(found[i], MakeRow(h.Number, Place(values[0])))
				return nil
			},
		}
	}
	err := s.Ask(ctx, questions)
	return slices.Concat(found...), err
}

// cursor reads a large heap through a cursor.
func (s *Snapshot) cursor(ctx context.Context, h Numbered, do func([]Row) error) error {
	fetch := fmt.Sprintf("FETCH %d FROM offshoot_rows", EveryBatch)
	sql := "DECLARE offshoot_rows NO SCROLL CURSOR FOR SELECT ctid FROM ONLY " + h.Heap.Name.String() + ";" + fetch
	for {
		rows, err := s.fetch(ctx, h.Number, sql)
		if err != nil {
			return s.Explain(s.Leader, err)
		}
		sql = fetch
		if len(rows) < EveryBatch {
			sql = "CLOSE offshoot_rows"
		}
		if len(rows) > 0 {
			if err := do(rows); err != nil {
				return err
			}
		}
		if sql != fetch {
			_, err := s.Leader.PgConn().Exec(ctx, sql).ReadAll()
			return s.Explain(s.Leader, err)
		}
	}
}

// fetch runs statements of which one gives places of rows.
func (s *Snapshot) fetch(ctx context.Context, heap int, sql string) (rows []Row, err error) {
	answers := s.Leader.PgConn().Exec(ctx, sql)
	for answers.NextResult() {
		for reader := answers.ResultReader(); reader.NextRow(); {
			at, err := placeText(reader.Values()[0])
			if err != nil {
				return nil, errors.Join(err, answers.Close())
			}
			rows = append(rows, MakeRow(heap, at))
		}
	}
	return rows, answers.Close()
}
