package rehearse

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// fill makes a report of what was traced.
func (w *Watch) fill(r *Report, after relations, all []ending) {
	t := w.tracer
	t.addSightings(w.sampler.sightings())
	t.byManual(w.before)
	t.byWAL(all, w.before)
	f := &filler{tracer: t, before: w.before, after: after, began: w.began, pids: map[int]int{}, ids: map[string]int{}}
	slices.SortStableFunc(t.steps, func(a, b *step) int { return a.began.Compare(b.began) })
	for _, one := range t.steps {
		r.Statements = append(r.Statements, f.statement(one))
	}
	for _, oid := range slices.Sorted(maps.Keys(w.before)) {
		if one := w.before[oid]; one.isTable() {
			r.Sizes = append(r.Sizes, Size{Table: one.Dotted(), Rows: one.Rows, Bytes: one.Bytes})
		}
	}
	if w.sampler.err != nil {
		r.Unknown = append(r.Unknown, "locks that are short: "+w.sampler.err.Error())
	}
	for _, code := range t.errors {
		r.Unknown = append(r.Unknown, "an error outside of any statement, SQLSTATE "+code)
	}
}

type filler struct {
	tracer        *tracer
	before, after relations
	began         time.Time
	pids          map[int]int
	ids           map[string]int
}

// number counts the different keys of a map as they come.
func number[K comparable](of map[K]int, k K) int {
	if of[k] == 0 {
		of[k] = len(of) + 1
	}
	return of[k]
}

func (f *filler) statement(one *step) *Statement {
	s := &Statement{
		Number: 0, Connection: number(f.pids, one.pid), Transaction: number(f.ids, key(one.pid, one.vxid)),
		Migration: one.migration, Verb: one.verb, Shape: sqltext.Shape(one.text), Code: one.code,
		At: one.began.Sub(f.began).Seconds(), Seconds: one.ended.Sub(one.began).Seconds(),
		WAL: one.wal, Temporary: one.temporary,
	}
	s.Number = f.tracer.position(one)
	s.Locks = f.locks(one)
	s.Rewrites = f.names(one, one.rewrites)
	for _, table := range f.names(one, one.verifies) {
		s.Scans = append(s.Scans, Scan{Table: table})
	}
	for _, k := range one.keys {
		s.Scans = append(s.Scans, Scan{Table: f.keyed(one), Key: k})
	}
	for _, b := range one.builds {
		if r, ok := f.known(one, b.table); ok && r.Kind != "t" {
			s.Builds = append(s.Builds, Build{Index: b.index, Table: r.Dotted(), Workers: b.workers})
		}
	}
	for _, c := range one.changes {
		s.Changes = append(s.Changes, Change{
			Table: c.schema + "." + c.table, Operation: c.operation, Rows: c.rows, WAL: c.wal,
		})
	}
	return s
}

func (t *tracer) position(one *step) int { return slices.Index(t.steps, one) + 1 }

// locks are those on what was there before, the strongest first. Of an index that its table is locked with alike is
// nothing said.
func (f *filler) locks(one *step) []Lock {
	end := f.tracer.end(one)
	strongest := map[uint32]int{}
	for _, l := range one.locks {
		strongest[l.relation] = max(strongest[l.relation], strength[l.mode].rank)
	}
	var locks []Lock
	for _, l := range one.locks {
		r, there := f.before[l.relation]
		table, known := f.before.table(l.relation)
		rank := strength[l.mode].rank
		if !there || !known || r.Kind == "t" || rank < strongest[l.relation] ||
			table.OID != r.OID && (strongest[table.OID] >= rank || rank < strength["AccessExclusiveLock"].rank) {
			continue
		}
		free := end
		if l.how == KnownPolled && l.free.After(free) {
			free = l.free
		}
		// An index that goes concurrently is nobody's any more when it is locked hard.
		blocks := r.OID == table.OID || !sqltext.Has(one.text, "concurrently")
		locks = append(locks, Lock{
			Relation: r.Dotted(), Table: table.Dotted(), Mode: l.mode, Known: l.how,
			Held: max(0, free.Sub(one.began).Seconds()-l.waited.Seconds()), Waited: l.waited.Seconds(),
			Reads: blocks && strength[l.mode].reads, Writes: blocks && strength[l.mode].writes,
		})
	}
	slices.SortStableFunc(locks, func(a, b Lock) int {
		return cmp.Or(cmp.Compare(strength[b.Mode].rank, strength[a.Mode].rank), cmp.Compare(a.Relation, b.Relation))
	})
	return locks
}

// known finds the table that the server names without its schema, among those that the statement has locked. It was
// there before: of what migrations make nothing has to be said.
func (f *filler) known(one *step, name string) (Relation, bool) {
	for _, l := range one.locks {
		if r, ok := f.before.table(l.relation); ok && r.Name == name {
			return r, true
		}
	}
	return f.before.named("", name)
}

func (f *filler) names(one *step, names []string) []string {
	var found []string
	for _, name := range names {
		if r, ok := f.known(one, name); ok && r.Kind != "t" {
			found = append(found, r.Dotted())
		}
	}
	return found
}

// keyed is the table of a foreign key that was validated: the one that the command is about, else the one that is
// locked hardest.
func (f *filler) keyed(one *step) string {
	for _, n := range sqltext.Tables(one.text) {
		if r, ok := f.before.named(n.Schema, n.Name); ok {
			return r.Dotted()
		}
	}
	for _, l := range f.locks(one) {
		return l.Table
	}
	return ""
}
