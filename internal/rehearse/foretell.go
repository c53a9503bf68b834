package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// A Forecast is what a statement would take in production.
type Forecast struct {
	Seconds float64 `json:"seconds"`
	Low     float64 `json:"low"` // it takes at least so long, most likely,
	High    float64 `json:"high"`
	Basis   string  `json:"basis"` // what it is calibrated by
}

// A Size is how large a table is here and there.
type Size struct {
	Table     string  `json:"table"`
	Rows      int64   `json:"rows"` // of the clone
	Bytes     int64   `json:"bytes"`
	There     float64 `json:"production_rows"`
	ThereSize int64   `json:"production_bytes"`
}

// The kinds of work whose time grows with a table.
const (
	workRewrite = "rewrite"
	workVerify  = "scan"
	workKey     = "foreign key check"
	workBuild   = "index build"
	workChange  = "change of rows"
)

// work is one piece of it that a statement did.
type work struct {
	kind  string
	table string
	name  string // of the index or key
	rows  int64  // that were changed
}

// works are the pieces of a statement's work.
func (s *Statement) works() []work {
	var all []work
	for _, table := range s.Rewrites {
		all = append(all, work{kind: workRewrite, table: table})
	}
	for _, scan := range s.Scans {
		if scan.Key != "" {
			all = append(all, work{kind: workKey, table: scan.Table, name: scan.Key})
		} else if !slices.Contains(s.Rewrites, scan.Table) {
			all = append(all, work{kind: workVerify, table: scan.Table})
		}
	}
	for _, b := range s.Builds {
		all = append(all, work{kind: workBuild, table: b.Table, name: b.Index})
	}
	for _, c := range s.Changes {
		if c.Rows > 0 {
			all = append(all, work{kind: workChange, table: c.Table, rows: c.Rows})
		}
	}
	return all
}

// Foretell says what production will see: sizes there, and seconds. It tries the work on copies of the tables, which it
// makes larger until they tell something. The database is not good for anything else afterwards.
func (r *Report) Foretell(ctx context.Context, s Server, database string, f *facts.Facts) {
	if !f.Known() {
		r.Unknown = append(r.Unknown,
			"what production will see: the archive has no facts of its source; make it anew with offshoot subset")
		return
	}
	if f.Server/10000 != r.Server/10000 {
		r.Unknown = append(r.Unknown, fmt.Sprintf("production is PostgreSQL %d, and this was done on %d",
			f.Server/10000, r.Server/10000))
	}
	r.addSizes(f)
	r.addShares()
	c := &calibration{server: s, database: database, facts: f, known: map[work]fit{}}
	c.begin(ctx)
	for _, one := range r.Statements {
		one.Production = c.forecast(ctx, r, one)
	}
	r.holdThere()
	r.Unknown = append(r.Unknown, c.unknown...)
}

func (r *Report) addSizes(f *facts.Facts) {
	touched := map[string]bool{}
	for _, s := range r.Statements {
		for _, l := range s.Locks {
			touched[l.Table] = true
		}
		for _, c := range s.Changes {
			touched[c.Table] = true
		}
	}
	for i := range r.Sizes {
		t := f.Table(r.Sizes[i].Table)
		if t == nil {
			continue
		}
		r.Sizes[i].There, r.Sizes[i].ThereSize = t.Rows, t.Bytes+t.Toast
	}
	r.Sizes = slices.DeleteFunc(r.Sizes, func(s Size) bool { return !touched[s.Table] })
	slices.SortStableFunc(r.Sizes, func(a, b Size) int { return cmp.Compare(b.ThereSize, a.ThereSize) })
}

// size finds a table's.
func (r *Report) size(table string) (Size, bool) {
	i := slices.IndexFunc(r.Sizes, func(s Size) bool { return s.Table == table })
	if i < 0 || r.Sizes[i].There <= 0 {
		return Size{}, false
	}
	return r.Sizes[i], true
}

// forecast is that of one statement: the sum of its pieces of work, and what it takes for anything else. What does not
// grow with a table takes there what it takes here.
func (c *calibration) forecast(ctx context.Context, r *Report, s *Statement) *Forecast {
	works := s.works()
	f := &Forecast{Basis: "as here: it does not grow with any table"}
	if len(works) == 0 {
		f.Seconds = s.Seconds
		f.Low, f.High = f.Seconds/4, math.Max(f.Seconds*4, 0.05)
		return f
	}
	f.Basis = ""
	for _, w := range works {
		size, known := r.size(w.table)
		if !known && r.isNew(w.table) && s.givesRows() {
			f.Seconds, f.Low, f.High = f.Seconds+s.Seconds, f.Low+s.Seconds/4, f.High+math.Max(s.Seconds*4, 0.05)
			f.Basis += "as here: the rows are its own"
			continue
		}
		if !known {
			what := "the size of " + w.table + " in production"
			if r.isNew(w.table) {
				what = "how many rows " + w.table + ", which is new, gets in production"
			}
			if !slices.Contains(c.unknown, what) {
				c.unknown = append(c.unknown, what)
			}
			return nil
		}
		fit, err := c.fit(ctx, w, size)
		if err != nil {
			c.unknown = append(c.unknown, fmt.Sprintf("seconds of the %s of %s: %s", w.kind, w.table, err))
			return nil
		}
		seconds := fit.at(w, size)
		f.Seconds += seconds
		spread := fit.spread(w, size)
		f.Low += seconds / spread
		f.High += seconds * spread
		if f.Basis != "" {
			f.Basis += "; "
		}
		f.Basis += fit.basis
	}
	return f
}

// isNew tells whether the migration makes a table itself.
func (r *Report) isNew(table string) bool {
	return !slices.ContainsFunc(r.Sizes, func(s Size) bool { return s.Table == table })
}

// givesRows tells whether a statement brings the rows that it inserts.
func (s *Statement) givesRows() bool { return s.Verb == "INSERT" && !sqltext.Has(s.Shape, "SELECT") }

// holdThere sums up how long locks will be held in production: from the statement that takes them to the end of its
// transaction.
func (r *Report) holdThere() {
	for i, s := range r.Statements {
		sum, known := Forecast{}, true
		for _, later := range r.Statements[i:] {
			if later.Transaction != s.Transaction {
				continue
			}
			if later.Production == nil {
				known = false
				break
			}
			sum.Seconds += later.Production.Seconds
			sum.Low += later.Production.Low
			sum.High += later.Production.High
		}
		if known {
			sum.Basis = "to the end of its transaction"
			s.Held = &sum
		}
	}
}
