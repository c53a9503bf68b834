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
// it. A row that is too long to be shown to the source passes by: its values
// would be in memory several times.
type wholeRows struct {
	r    io.Reader
	look func(rows []byte) error

	held  [][]byte // what was read and not handed on, in the order in which it came
	seen  int      // bytes of these that were looked at
	count int      // bytes of these
	rows  []byte   // what is to be looked at: rows, and the begin of the next one
	begin int      // of that one
	long  bool     // it is too long, and what comes of it is left out
	err   error
}

const (
	inspectedBytes = 1 << 18
	longestRow     = 32 << 20
)

// Read gives what was looked at, and looks at more when that is used up.
func (w *wholeRows) Read(p []byte) (int, error) {
	for w.seen == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.fill()
	}
	n := copy(p, w.held[0][:min(len(w.held[0]), w.seen)])
	w.seen, w.count = w.seen-n, w.count-n
	if w.held[0] = w.held[0][n:]; len(w.held[0]) == 0 {
		w.held = w.held[1:]
	}
	return n, nil
}

func (w *wholeRows) fill() {
	whole := 0 // bytes up to the end of the last row
	for full := w.count + inspectedBytes; w.count < full && w.err == nil; {
		part := make([]byte, inspectedBytes)
		var n int
		n, w.err = w.r.Read(part)
		if n == 0 {
			continue
		}
		part = part[:n:n]
		if end := bytes.LastIndexByte(part, '\n') + 1; end > 0 {
			whole = w.count + end
		}
		w.held, w.count = append(w.held, part), w.count+n
		w.show(part)
	}
	if whole == 0 && w.err == io.EOF {
		w.seen = w.count // for the sink to complain about
		return
	}
	if whole == 0 {
		return
	}
	rows := w.rows[:w.begin]
	if err := w.look(rows); err != nil {
		w.err = err
		return
	}
	w.seen = whole
	w.rows, w.begin = append([]byte(nil), w.rows[w.begin:]...), 0
}

// show adds a part to the rows that are to be looked at.
func (w *wholeRows) show(part []byte) {
	for len(part) > 0 {
		end := bytes.IndexByte(part, '\n') + 1
		ends := end > 0
		if !ends {
			end = len(part)
		}
		if !w.long {
			w.rows = append(w.rows, part[:end]...)
		}
		if w.long = w.long || len(w.rows)-w.begin > longestRow; w.long {
			w.rows = w.rows[:w.begin:w.begin]
		}
		if ends {
			w.begin, w.long = len(w.rows), false
		}
		part = part[end:]
	}
}
