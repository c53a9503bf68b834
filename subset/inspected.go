package subset

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// inspected is a sink that has the source look at masked rows on their way to
// another one, where a CHECK constraint or a domain might refuse them: an
// archive that cannot be restored would show that only days later, and a
// target says of such a row what is in it.
type inspected struct {
	Sink
	source *Source
	plan   *plan.Plan
	mu     sync.Mutex // one question at a time
}

// inspect puts the sink behind an inspection, where a rule makes that
// necessary and a connection is free: none is where rows are copied by the
// one that would have to answer.
func (s *Source) inspect(p *plan.Plan, sink Sink) Sink {
	busy := len(s.Workers) == 1 && s.Workers[0] == s.Leader
	if p.Details == nil || p.Masks == nil || busy {
		return sink
	}
	return &inspected{Sink: sink, source: s, plan: p}
}

// Rows hands on only rows that the source would take.
func (i *inspected) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	if !i.plan.Masks.Doubtful(heap.Table, i.plan.Details, i.plan.Proved) {
		return i.Sink.Rows(ctx, heap, columns, r)
	}
	whole := &wholeRows{r: r, look: func(rows []byte) error { return i.look(ctx, heap.Table, columns, rows) }}
	return i.Sink.Rows(ctx, heap, columns, whole)
}

func (i *inspected) look(ctx context.Context, t *catalog.Table, columns []string, rows []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, p := range i.plan.Masks.Probes(t, columns, rows, i.plan.Details, i.plan.Proved) {
		what, refused, err := i.source.answer(ctx, p)
		if err != nil {
			return err
		}
		if refused {
			return p.Refusal(what)
		}
	}
	return nil
}

// wholeRows reads as r does, but nothing of a row before look has seen all of
// it.
type wholeRows struct {
	r    io.Reader
	look func(rows []byte) error

	buffer []byte
	seen   int // bytes of the buffer that were looked at
	err    error
}

const inspectedBytes = 1 << 18

// Read gives what was looked at, and looks at more when that is used up.
func (w *wholeRows) Read(p []byte) (int, error) {
	for w.seen == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.fill()
	}
	n := copy(p, w.buffer[:w.seen])
	w.buffer, w.seen = w.buffer[n:], w.seen-n
	return n, nil
}

func (w *wholeRows) fill() {
	w.buffer = append(make([]byte, 0, inspectedBytes+len(w.buffer)), w.buffer...)
	for len(w.buffer) < cap(w.buffer) && w.err == nil {
		var n int
		n, w.err = w.r.Read(w.buffer[len(w.buffer):cap(w.buffer)])
		w.buffer = w.buffer[:len(w.buffer)+n]
	}
	w.seen = bytes.LastIndexByte(w.buffer, '\n') + 1
	if w.seen == 0 && w.err == io.EOF {
		w.seen = len(w.buffer) // for the sink to complain about
		return
	}
	if w.seen == 0 {
		return
	}
	if err := w.look(w.buffer[:w.seen]); err != nil {
		w.seen, w.err = 0, err
	}
}
