package subset_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// memory is a sink that keeps what it is given, in the order it came.
type memory struct {
	concurrency int
	mu          sync.Mutex
	origin      subset.Origin
	ending      subset.Ending
	rows        map[string]string // COPY text by heap
	order       []string
	closed      []bool
	objects     []object
	fail        error // of Rows
}

func (m *memory) Concurrency() int { return max(m.concurrency, 1) }

func (m *memory) Begin(_ context.Context, from subset.Origin) error {
	m.origin = from
	m.rows = map[string]string{}
	return nil
}

func (m *memory) Rows(_ context.Context, heap *catalog.Heap, _ []string, r io.Reader) (int64, error) {
	if m.fail != nil {
		return 0, m.fail
	}
	var b strings.Builder
	n, err := io.Copy(&b, r)
	name := heap.Name.Schema + "." + heap.Name.Name
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[name] += b.String()
	m.order = append(m.order, name)
	return n, err
}

// object is a large object.
type object struct {
	Loid  uint32
	Bytes string
}

func (m *memory) LargeObject(_ context.Context, loid uint32, r io.Reader) (int64, error) {
	b, err := io.ReadAll(r)
	m.objects = append(m.objects, object{loid, string(b)})
	return int64(len(b)), err
}

func (m *memory) Finish(_ context.Context, end subset.Ending) error {
	m.ending = end
	return nil
}

func (m *memory) Close(_ context.Context, failed bool) error {
	m.closed = append(m.closed, failed)
	return nil
}

// bytes is everything the sink was given, in order.
func (m *memory) bytes() string {
	var b strings.Builder
	for _, name := range m.order {
		fmt.Fprintf(&b, "%s\n%s", name, m.rows[name])
	}
	return b.String()
}

// fixture is a database of one of the project's schemas that tests share and
// none may change.
func fixture(t *testing.T, schema string) string {
	t.Helper()
	return pgtest.Shared(t, schema,
		func(url string) { pgtest.Load(t, url, filepath.Join("../testdata/schemas", schema)) })
}

// load is a fixture that the test may change.
func load(t *testing.T, schema string) string {
	t.Helper()
	return pgtest.Clone(t, fixture(t, schema))
}

func open(t *testing.T, spec plan.Spec) *subset.Source {
	t.Helper()
	s, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// take runs the whole pipeline into a sink.
func take(t *testing.T, spec plan.Spec, sink subset.Sink) *subset.Report {
	t.Helper()
	s := open(t, spec)
	plan, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Run(t.Context(), plan, sink, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
