package subset

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// Rows are asked for before their turn comes, as far as the connections take
// questions: the server begins with the next as soon as it is done with one, and
// waits with those that nobody reads yet.
//
//	order: Send, Send, Send … ──▶ shipment ──▶ copyHeap: part by part ──▶ sink

// shipment is the kept rows of one heap on their way.
type shipment struct {
	heap  *catalog.Heap
	rows  int64
	parts []*part
}

// part is those of a shipment that come by one connection. They are read when
// there is somebody to write them to.
type part struct {
	question snapshot.Question
	flight   *snapshot.Flight
	sent     chan struct{} // closed when it is on its way
	open     chan struct{} // closed when into is known
	into     io.Writer
	err      error // of into
	awaited  atomic.Bool
}

// order asks for the kept rows of heaps, in that order, and hands out the
// shipments in the same.
func (r *run) order(ctx context.Context, heaps []*catalog.Heap, out chan<- *shipment) {
	defer close(out)
	for _, h := range heaps {
		rows := r.kept.Of(h)
		if len(rows) == 0 {
			continue
		}
		s := &shipment{heap: h, rows: int64(len(rows))}
		selected := r.plan.Masks.Expressions(h.Table, copiedColumns(h.Table))
		for _, stretch := range r.src.Stretches(h, rows, snapshot.MostPlaces) {
			s.parts = append(s.parts, newPart(ctx, stretch.Lane, copySQL(h, selected, stretch.Rows)))
		}
		select {
		case out <- s:
		case <-ctx.Done():
			return
		}
		for _, p := range s.parts {
			if ctx.Err() != nil {
				return
			}
			r.send(p, h.Table)
		}
	}
}

func newPart(ctx context.Context, lane int, sql string) *part {
	p := &part{sent: make(chan struct{}), open: make(chan struct{})}
	p.question = snapshot.Question{Lane: lane, SQL: sql, Data: func(row []byte) error {
		select {
		case <-p.open:
		case <-ctx.Done():
			return ctx.Err()
		}
		_, p.err = p.into.Write(row)
		return p.err
	}}
	return p
}

// send asks for a part; where the user's expressions mean something, they are
// looked up where they do.
func (r *run) send(p *part, t *catalog.Table) {
	searching := evaluates(r.plan.Masks, t)
	if searching {
		r.src.Send(&snapshot.Question{Lane: p.question.Lane, SQL: r.src.There()}).Forget()
	}
	p.flight = r.src.Send(&p.question)
	p.question.SQL = "" // it is long, and on its way
	if searching {
		r.src.Send(&snapshot.Question{Lane: p.question.Lane, SQL: r.src.Home()}).Forget()
	}
	r.src.RestBehind(p.question.Lane)
	close(p.sent)
}

// receive writes a part as it comes.
func (r *run) receive(ctx context.Context, p *part, w io.Writer) (rows int64, err error) {
	select {
	case <-p.sent:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	p.into = w
	close(p.open)
	p.awaited.Store(true)
	err = r.src.Asked(ctx, p.flight)
	if p.err != nil {
		return 0, p.err
	}
	return p.question.Tag.RowsAffected(), err
}

// abandon ends what nobody has received. The context must have ended.
func (r *run) abandon(ctx context.Context, s *shipment) {
	for _, p := range s.parts {
		select {
		case <-p.sent:
			if p.awaited.CompareAndSwap(false, true) {
				_ = r.src.Asked(ctx, p.flight)
			}
		default: // never sent
		}
	}
}
