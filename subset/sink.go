package subset

import (
	"context"
	"io"
	"time"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// Sink is where a subset goes: a database, a script, an archive.
//
// Run calls Begin once, Rows any number of times (at most Concurrency at the
// same time), then LargeObject any number of times, Finish once when all went well, and Close always, exactly once
// and last. A sink owns nothing of the source but what Begin hands to it.
type Sink interface {
	// Concurrency is the number of Rows calls the sink can serve at once, at
	// least 1. At 1, Run sends heaps in the order of Catalog.CopyOrder, so the
	// same subset gives the same bytes.
	Concurrency() int

	// Begin refuses a target that must not be written (ErrTargetNotEmpty,
	// ErrTargetIsSource), then writes the pre-data section: types, tables and
	// functions, but no index, no constraint, no trigger. Run calls it while
	// the walk is still choosing rows.
	Begin(ctx context.Context, from Origin) error

	// Rows writes the rows of one heap, given in COPY text format without the
	// closing \. line, and reports how many bytes it took.
	// https://www.postgresql.org/docs/current/sql-copy.html
	Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error)

	// LargeObject writes one large object under its number and reports its
	// size in bytes. Run calls it after the last Rows, for one at a time, in
	// ascending order.
	LargeObject(ctx context.Context, loid uint32, r io.Reader) (int64, error)

	// Finish sets sequences, writes the post-data section (so that PostgreSQL
	// itself validates every key), refreshes materialized views, runs ANALYZE
	// and makes the result visible under its final name.
	Finish(ctx context.Context, end Ending) error

	// Close releases everything. After a failed run (failed is true) it also
	// removes what was written, so that nothing half-made is left behind.
	Close(ctx context.Context, failed bool) error
}

// Origin is what a sink may know of the source: enough to dump its schema in
// the same snapshot as the rows.
type Origin struct {
	URL      string // connection string; holds the password, never print it
	Way      *conninfo.Way
	Server   conninfo.Server // that the snapshot is of, where the string names several
	Snapshot string          // pg_export_snapshot identifier, valid until Close
	Catalog  *catalog.Database

	// RoundTrip is how long the source takes to answer at least; 0 where nobody knows.
	RoundTrip time.Duration

	// LockTimeout is how long pg_dump may wait for a table: it cannot pass a migration that waits for the rows' reader.
	LockTimeout time.Duration

	Privacy  string         // how values were treated, in one line without any of them; empty when nobody said
	Rewrite  mask.Rewrite   // what is not to reach a target of the texts of the schema
	Skip     []string       // extensions to leave out
	Excluded []catalog.Name // tables the role cannot read and the user excluded: left out of the schema too

	// Facts are what an archive tells of the source beside its rows; nil: nothing. No value of a row is among them.
	Facts *facts.Facts
}

// Ending is what is known only once every row is written.
type Ending struct {
	Sequences []SequenceValue
	// validated keys that kept rows break because the source breaks them: to be added NOT VALID
	Dangling []*catalog.ForeignKey
	MatViews []catalog.Name // in refresh order
}

// SequenceValue is one setval call.
type SequenceValue struct {
	Name      catalog.Name
	Value     int64
	Called    bool
	Extension string // that it belongs to, if to one
}
