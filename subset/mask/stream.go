package mask

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// row gives transformers what else stands in the row they mask.
type row struct {
	fields [][]byte
	index  map[string]int
}

// other is another column's value as text, unmasked; empty when it is NULL.
func (r *row) other(column string) string {
	i, ok := r.index[column]
	if !ok || i >= len(r.fields) || isNull(r.fields[i]) {
		return ""
	}
	return unescape(r.fields[i])
}

// masked is the transformer of one column of a stream.
type maskedField struct {
	at    int
	mask  apply
	blind bool // it does not look at the value
}

// rows masks whole rows, on one goroutine.
type rows struct {
	masked []maskedField
	row    row
	at     int // the field that is being masked
	out    []byte
	table  string
	w      io.Writer // of large rows: long fields go there as they are
}

// block masks rows that end with a newline each. Columns without a mask are
// copied as they are.
func (m *rows) block(raw []byte) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, m.failure()
		}
	}()
	m.out = m.out[:0]
	for len(raw) > 0 {
		end := bytes.IndexByte(raw, '\n')
		if end < 0 {
			return nil, errors.New("the last row has no end")
		}
		if err := m.line(raw[:end]); err != nil {
			return nil, err
		}
		raw = raw[end+1:]
	}
	return m.out, nil
}

// failure says where a transformer panicked. It says nothing of the panic
// itself: Go would print it, and a value of the row may be in it.
func (m *rows) failure() error {
	column := "a column"
	for name, at := range m.row.index {
		if at == m.at {
			column = "column " + name
		}
	}
	return fmt.Errorf("a mistake in offshoot: the transformer of %s fails at %s", column, origin())
}

// origin is the place in this package that panicked, from the inside out.
func origin() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	var places []string
	for {
		f, more := frames.Next()
		if strings.Contains(f.Function, "/subset/mask.") && !strings.Contains(f.Function, "failure") &&
			!strings.HasSuffix(f.Function, "origin") {
			places = append(places, fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line))
		}
		if !more || len(places) == 5 {
			return strings.Join(places, ", ")
		}
	}
}

func (m *rows) line(line []byte) error {
	m.row.fields = m.row.fields[:0]
	rest := line
	for {
		tab := bytes.IndexByte(rest, '\t')
		if tab < 0 {
			break
		}
		m.row.fields = append(m.row.fields, rest[:tab])
		rest = rest[tab+1:]
	}
	m.row.fields = append(m.row.fields, rest)
	if len(m.row.fields) != len(m.row.index) {
		return fmt.Errorf("a row has %d columns, not %d", len(m.row.fields), len(m.row.index))
	}
	next := 0
	for i, f := range m.row.fields {
		if i > 0 {
			m.out = append(m.out, '\t')
		}
		if next >= len(m.masked) || m.masked[next].at != i {
			if err := m.unmasked(f); err != nil {
				return err
			}
			continue
		}
		m.at = i
		if err := m.field(f, m.masked[next]); err != nil {
			return err
		}
		next++
	}
	m.out = append(m.out, '\n')
	return nil
}

// unmasked copies a field; a long one goes out without another copy.
func (m *rows) unmasked(f []byte) error {
	if m.w == nil || len(f) < blockSize {
		m.out = append(m.out, f...)
		return nil
	}
	if _, err := m.w.Write(m.out); err != nil {
		return err
	}
	m.out = m.out[:0]
	_, err := m.w.Write(f)
	return err
}

// mostValue is how long a value may be that is masked, in bytes: that takes up
// to a dozen times as much memory, on as many cores as there are.
const mostValue = 32_000_000

func (m *rows) field(f []byte, mask maskedField) error {
	if isNull(f) {
		m.out = append(m.out, f...)
		return nil
	}
	value := ""
	switch {
	case mask.blind:
	case len(f) > mostValue:
		return m.tooLong(len(f))
	default:
		value = unescape(f)
	}
	value, ok := mask.mask(&m.row, value)
	if !ok {
		m.out = append(m.out, `\N`...)
		return nil
	}
	m.out = escape(m.out, value)
	return nil
}

func (m *rows) tooLong(bytes int) error {
	name := ""
	for column, at := range m.row.index {
		if at == m.at {
			name = column
		}
	}
	return hint.Usage(fmt.Errorf("mask: %s.%s: a value of %d MB is longer than the %d MB that are masked", m.table,
		name, bytes/1e6, mostValue/1_000_000),
		"give the column null or constant, which do not look at the value, or keep it")
}

// blockSize is how many bytes of rows one goroutine masks at a time.
const blockSize = 1 << 18

// large is how many bytes a block has which is masked as it is written,
// because a second one of its kind would not fit into memory.
const large = 8 << 20

// job is one block on its way; done is closed when out and err are set, of a
// large one when it is written.
type job struct {
	raw, out []byte
	err      error
	done     chan struct{}
}

func (j *job) large() bool { return len(j.raw) > large }

// stream masks blocks of rows on several goroutines and writes them in the
// order in which they came.
type stream struct {
	w       io.Writer
	make    func() *rows
	pending []byte
	jobs    chan *job // to mask, any order
	order   chan *job // to write, in order
	group   sync.WaitGroup
	err     error // of the writing goroutine, to be read once failed is closed
	failed  chan struct{}
	closed  bool
}

func newStream(w io.Writer, make_ func() *rows) *stream {
	workers := runtime.GOMAXPROCS(0)
	s := &stream{
		w: w, make: make_, jobs: make(chan *job, workers), order: make(chan *job, 2*workers),
		failed: make(chan struct{}),
	}
	for range workers {
		s.group.Go(func() {
			m := make_()
			for j := range s.jobs {
				out, err := m.block(j.raw)
				j.out, j.err = append([]byte(nil), out...), err
				close(j.done)
			}
		})
	}
	s.group.Go(s.write)
	return s
}

func (s *stream) write() {
	for j := range s.order {
		if err := s.writeJob(j); err != nil && s.err == nil {
			s.err = err
			close(s.failed)
		}
	}
}

// writeJob writes a block when it is masked. What comes after a failure is
// thrown away.
func (s *stream) writeJob(j *job) error {
	if j.large() {
		defer close(j.done)
	} else {
		<-j.done
	}
	switch {
	case s.err != nil:
		return nil
	case j.large():
		m := s.make()
		m.w = s.w
		j.out, j.err = m.block(j.raw)
	}
	if j.err != nil {
		return j.err
	}
	_, err := s.w.Write(j.out)
	return err
}

// Write takes any part of COPY text.
func (s *stream) Write(p []byte) (int, error) {
	if len(p) > large && wholeRows(p) && wholeRows(s.pending) {
		if err := s.flush(); err != nil {
			return 0, err
		}
		return len(p), s.send(p) // is written when that returns
	}
	s.pending = append(s.pending, p...)
	if len(s.pending) < blockSize {
		return len(p), nil
	}
	end := bytes.LastIndexByte(s.pending, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	raw, rest := s.pending[:end:end], s.pending[end:]
	s.pending = append(make([]byte, 0, blockSize+min(len(p), blockSize)), rest...)
	return len(p), s.send(raw)
}

func wholeRows(raw []byte) bool { return len(raw) == 0 || raw[len(raw)-1] == '\n' }

// flush hands on what is pending.
func (s *stream) flush() error {
	if len(s.pending) == 0 {
		return nil
	}
	raw := s.pending
	s.pending = nil
	return s.send(raw)
}

// send hands on a block, and waits until a large one is written.
func (s *stream) send(raw []byte) error {
	j := &job{raw: raw, done: make(chan struct{})}
	select {
	case <-s.failed:
		return s.err
	case s.order <- j:
	}
	if !j.large() {
		s.jobs <- j
		return nil
	}
	<-j.done
	select {
	case <-s.failed:
		return s.err
	default:
		return nil
	}
}

// Close masks and writes what is left, and waits for every goroutine. It may
// be called twice.
func (s *stream) Close() error {
	if s.closed {
		return s.err
	}
	s.closed = true
	err := s.flush()
	close(s.jobs)
	close(s.order)
	s.group.Wait()
	if s.err != nil {
		return s.err
	}
	return err
}
