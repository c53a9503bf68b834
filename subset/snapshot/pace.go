package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// How fast the source reads is asked by two probes of its largest heap: some
// blocks from all over it, and some that follow each other.
const (
	probedApart  = 64    // blocks: a fiftieth of a second of a disk that is slow
	probedBeside = 1024  // 8 MB: shorter, the server's read-ahead is not at its pace yet
	leastProbed  = 4_000 // of a heap; a smaller database is read in no time, from wherever
	fewRead      = probedApart / 8
	usualDensity = 50 // rows in a block, where statistics do not say
)

// fromMemory is the seconds for a page that cannot have come from a disk: the
// operating system had it.
const fromMemory = 60e-6

// Pace says how far the source is, how much it has in memory and, with disk,
// measures how fast it reads what it has not.
func (s *Snapshot) Pace(ctx context.Context, disk bool) (catalog.Pace, error) {
	pace, err := s.near(ctx)
	if h := s.largest(); err == nil && disk && h != nil {
		return s.probe(ctx, pace, h)
	}
	return pace, err
}

// near is the pace of a source that has everything in memory.
func (s *Snapshot) near(ctx context.Context) (pace catalog.Pace, err error) {
	const sql = "SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('effective_cache_size'))"
	answers, err := s.Leader.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return pace, s.Explain(s.Leader, err)
	}
	pace.RoundTrip = s.RoundTrip.Seconds()
	pace.Memory, err = strconv.ParseInt(string(answers[0].Rows[0][0]), 10, 64)
	return pace, err
}

// probe asks both questions about a heap at once.
func (s *Snapshot) probe(ctx context.Context, pace catalog.Pace, h *catalog.Heap) (catalog.Pace, error) {
	answers, err := s.Leader.PgConn().Exec(ctx, probes(h)).ReadAll()
	if err != nil {
		return pace, s.Explain(s.Leader, err)
	}
	var found [2]probe
	for i := range found {
		if err := found[i].parse(answers[i].Rows[0][0]); err != nil {
			return pace, err
		}
	}
	return judged(pace, found[0], found[1]), nil
}

// largest is the heap with most blocks of those that can be read.
func (s *Snapshot) largest() *catalog.Heap {
	var largest *catalog.Heap
	for _, t := range s.Database.Tables {
		if !t.Readable || t.RowSecurity {
			continue
		}
		for _, h := range t.Heaps {
			if h.Pages >= leastProbed && (largest == nil || h.Pages > largest.Pages) {
				largest = h
			}
		}
	}
	return largest
}

// probes are the two questions. A ctid is in no index, so that each reads the
// heap.
func probes(h *catalog.Heap) string {
	const explain = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT ctid FROM ONLY "
	density := float64(usualDensity)
	if h.Rows > 0 && h.Was > 0 {
		density = h.Rows / float64(h.Was)
	}
	share := 100 * probedApart / float64(h.Pages)
	return fmt.Sprintf("%s%s TABLESAMPLE pg_catalog.system (%g) REPEATABLE (0); %s%s LIMIT %d",
		explain, h.Name, share, explain, h.Name, int64(density*probedBeside)+1)
}

// probe is what one question read, and how long that took.
type probe struct{ read, hit, seconds float64 }

// parse reads the server's explanation.
func (p *probe) parse(text []byte) error {
	var explained []struct {
		Plan struct {
			Hit  float64 `json:"Shared Hit Blocks"`
			Read float64 `json:"Shared Read Blocks"`
			Time float64 `json:"I/O Read Time"` // where track_io_timing is on; of blocks of tables since PostgreSQL 17:
			Disk float64 `json:"Shared I/O Read Time"`
		}
		Time float64 `json:"Execution Time"`
	}
	if err := json.Unmarshal(text, &explained); err != nil {
		return err
	}
	if len(explained) != 1 {
		return errors.New("the server explains no probe")
	}
	e := explained[0]
	const milli = 1e-3
	p.read, p.hit, p.seconds = e.Plan.Read, e.Plan.Hit, e.Time*milli
	if io := e.Plan.Time + e.Plan.Disk; io > 0 {
		p.seconds = io * milli
	}
	return nil
}

// judged adds what the probes found. Where hardly a block had to be read, or
// none took as long as a disk does, all is in memory.
func judged(pace catalog.Pace, apart, beside probe) catalog.Pace {
	if apart.read < fewRead || apart.seconds/apart.read < fromMemory {
		return pace
	}
	pace.Apart = apart.read / apart.seconds
	pace.Cached = apart.hit / (apart.hit + apart.read)
	pace.Bytes = pace.Apart * catalog.BlockBytes
	if beside.read >= fewRead {
		pace.Bytes = max(beside.read/beside.seconds, pace.Apart) * catalog.BlockBytes
	}
	return pace
}
