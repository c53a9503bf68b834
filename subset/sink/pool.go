package sink

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// pool is a fixed number of connections, each opened when first needed. The
// channel holds those that are idle, nil for one yet to be opened.
type pool struct {
	config *pgconn.Config
	path   []string // schemas that they search
	idle   chan *pgconn.PgConn
}

func newPool(config *pgconn.Config, path []string, size int) pool {
	p := pool{config: config, path: path, idle: make(chan *pgconn.PgConn, size)}
	for range size {
		p.idle <- nil
	}
	return p
}

func (p pool) take(ctx context.Context) (*pgconn.PgConn, error) {
	select {
	case conn := <-p.idle:
		if conn != nil {
			return conn, nil
		}
		conn, err := connect(ctx, p.config, p.path)
		if err != nil {
			p.idle <- nil
		}
		return conn, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// giveBack returns a connection; after an error it is closed instead.
func (p pool) giveBack(ctx context.Context, conn *pgconn.PgConn, err error) {
	if err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		conn = nil
	}
	p.idle <- conn
}

// close closes all connections; none may be taken.
func (p pool) close(ctx context.Context) {
	for range cap(p.idle) {
		if conn := <-p.idle; conn != nil {
			_ = conn.Close(ctx)
		}
		p.idle <- nil
	}
}

// counter counts what is read and remembers how reading failed.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// copySQL is the statement that takes the rows of a heap.
func copySQL(heap *catalog.Heap, columns []string) string {
	return copyInto(heap.LoadedAs().String(), columns)
}

// copyInto is the same for a quoted name. Generated columns are not in the
// list; a table may have no column at all.
func copyInto(name string, columns []string) string {
	if len(columns) == 0 {
		return "COPY " + name + " FROM stdin"
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = catalog.Quote(c)
	}
	return "COPY " + name + " (" + strings.Join(quoted, ", ") + ") FROM stdin"
}

func setvalSQL(s subset.SequenceValue) string {
	called := "true"
	if !s.Called {
		called = "false"
	}
	return "SELECT pg_catalog.setval(" + catalog.Literal(s.Name.String()) + ", " + itoa(s.Value) + ", " + called +
		");\n"
}
