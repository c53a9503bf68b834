package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// archive writes what pg_restore reads, in one of pg_dump's formats.
type archive struct {
	to          string
	options     Options
	concurrency int
	store       store

	schema *schema
	toc    *toc

	mu      sync.Mutex
	written map[*pgarchive.Entry]bool
}

// store is where the parts of an archive go. It gets its name in finish.
type store interface {
	begin() error
	// rows returns where the rows of an entry go, until it is closed.
	rows(e *pgarchive.Entry) (io.WriteCloser, error)
	// object returns where a large object of an entry goes, until it is closed.
	object(e *pgarchive.Entry, loid uint32) (io.WriteCloser, error)
	// finish writes header and table of contents, once all data is written.
	finish(a *pgarchive.Archive) error
	// discard removes what was written; after finish it does nothing.
	discard() error
}

// NewCustom returns a sink that writes an archive in pg_dump's custom format
// to a path. It refuses a file that exists, unless it is to be replaced. The
// file appears when it is complete.
func NewCustom(to string, o Options) (Sink, error) {
	if err := writable(to, o.Replace); err != nil {
		return nil, err
	}
	// One stream: rows come in the order of the catalog.
	return &archive{to: to, options: o, concurrency: 1, store: &custom{path: to, options: o}}, nil
}

func (a *archive) Concurrency() int { return a.concurrency }

func (a *archive) Warnings() []string {
	if a.schema == nil {
		return nil
	}
	return slices.Clone(a.schema.warnings)
}

// MayRaise lists the warnings of the archive's statements.
func (a *archive) MayRaise() map[string]bool { return a.schema.mayRaise() }

func (a *archive) Begin(ctx context.Context, from subset.Origin) error {
	var err error
	if a.schema, err = dumpSchema(ctx, from); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if a.toc, err = a.readTOC(from.Catalog); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	a.toc.privacy = from.Privacy
	if a.toc.facts, err = from.Facts.Comments(); err != nil {
		return err
	}
	a.written = map[*pgarchive.Entry]bool{}
	return writeError(a.to, a.store.begin())
}

func (a *archive) readTOC(db *catalog.Database) (*toc, error) {
	made, err := readArchive(a.schema.archive)
	if err != nil {
		return nil, err
	}
	if err := checkEntries(made); err != nil {
		return nil, err
	}
	made.Header.Created = a.options.Created
	if made.Header.Created.IsZero() {
		made.Header.Created = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	made.Header.Compression = a.options.compression()
	if !made.Header.Compression.Fits(made.Header) {
		return nil,
			hint.Usage(errors.New("archives of this pg_dump cannot be compressed by zstd"),
				"use pg_dump 16 or newer, or leave --compress out")
	}
	return newTOC(a.schema, made, db), nil
}

// endOfRows is how pg_dump ends the rows of a table.
const endOfRows = "\\.\n\n\n"

func (a *archive) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	entry := a.toc.rows[heap.OID]
	if entry == nil {
		return 0, fmt.Errorf("%s is not in the schema", heap.Name)
	}
	if a.concurrency == 1 {
		if err := a.fill(entry); err != nil {
			return 0, err
		}
	}
	a.toc.columns(entry, columns)
	return a.write(ctx, entry, r)
}

// fill writes that a table has no rows for those before an entry, and for
// all without an entry: pg_restore takes from a pipe in the order of the
// table of contents.
func (a *archive) fill(until *pgarchive.Entry) error {
	for _, e := range a.toc.inOrder {
		if e == until {
			return nil
		}
		if a.written[e] {
			continue
		}
		if _, err := a.write(context.Background(), e, nil); err != nil {
			return err
		}
	}
	return nil
}

func (a *archive) write(ctx context.Context, e *pgarchive.Entry, r io.Reader) (int64, error) {
	a.mu.Lock()
	again := a.written[e]
	a.written[e] = true
	a.mu.Unlock()
	if again {
		return 0, errors.New("its rows come twice or out of order")
	}
	w, err := a.store.rows(e)
	if err != nil {
		return 0, writeError(a.to, err)
	}
	n, err := a.copy(ctx, w, r)
	if closed := w.Close(); err == nil { // else it fails for the same reason
		err = writeError(a.to, closed)
	}
	return n, err
}

func (a *archive) copy(ctx context.Context, w io.Writer, r io.Reader) (int64, error) {
	if r == nil {
		_, err := io.WriteString(w, endOfRows)
		return 0, writeError(a.to, err)
	}
	from, lines := &counter{r: cancellable{ctx, r}}, &lineWriter{w: w}
	if _, err := io.Copy(lines, from); err != nil {
		if from.err != nil { // the source broke
			return from.n, from.err
		}
		if errors.Is(err, errEndsEarly) || errors.Is(err, errEscape) {
			return from.n, err
		}
		return from.n, writeError(a.to, err)
	}
	if err := lines.end(); err != nil {
		return from.n, err
	}
	_, err := io.WriteString(w, endOfRows)
	return from.n, writeError(a.to, err)
}

// lineWriter looks at the lines on their way.
type lineWriter struct {
	lines
	w io.Writer
}

func (l *lineWriter) Write(p []byte) (int, error) {
	if err := l.see(p); err != nil {
		return 0, err
	}
	return l.w.Write(p)
}

// Finish completes the table of contents and gives the archive its name.
func (a *archive) Finish(_ context.Context, end subset.Ending) error {
	if err := a.fill(nil); err != nil {
		return err
	}
	return writeError(a.to, a.store.finish(a.toc.complete(end)))
}

// Close removes the archive unless it is complete.
func (a *archive) Close(_ context.Context, _ bool) error {
	errs := []error{a.store.discard()}
	if a.schema != nil {
		errs = append(errs, a.schema.close())
	}
	return errors.Join(errs...)
}
