package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// samplesSQL looks at the locks of one database from another one, where nothing waits for our snapshots.
const samplesSQL = `
SELECT EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()), l.pid, l.virtualtransaction, l.relation, l.mode, l.granted
  FROM pg_catalog.pg_locks AS l
 WHERE l.locktype = 'relation' AND l.relation >= 16384
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = %s)
   AND l.pid <> ALL ('{%s}')`

// A sighting is one lock of one transaction, as often as it was seen.
type sighting struct {
	pid         int
	vxid        string
	lock        held
	since       time.Time // nobody had it then
	first, last time.Time
	waiting     time.Duration // until it was granted
	granted     bool
}

// A sampler looks at locks again and again.
type sampler struct {
	server   Server
	database string
	seen     map[string]*sighting
	ours     []string                      // processes that are not the migration's
	touch    func(oid uint32, mode string) // told of what is locked to be changed
	err      error
}

// maintenance is a database that is there on every server, and that no migration connects to.
const maintenance = "postgres"

func (s *sampler) run(ctx context.Context) {
	sql := fmt.Sprintf(samplesSQL, sqltext.Literal(s.database), strings.Join(s.ours, ","))
	looked := time.Now()
	for ctx.Err() == nil {
		before := looked
		looked = time.Now()
		rows, err := s.server.Query(ctx, maintenance, sql)
		if err != nil {
			if ctx.Err() == nil {
				s.err = err
			}
			return
		}
		for _, row := range rows {
			s.add(row, before)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (s *sampler) add(row []string, before time.Time) {
	if len(row) != 6 {
		return
	}
	epoch, err := strconv.ParseFloat(row[0], 64)
	if err != nil {
		return
	}
	at := time.UnixMicro(int64(epoch * 1e6))
	pid, _ := strconv.Atoi(row[1])
	relation, _ := strconv.ParseUint(row[3], 10, 32)
	one := sighting{pid: pid, vxid: row[2], lock: held{uint32(relation), row[4]}, since: before, first: at}
	if strength[row[4]].rank >= strength["RowExclusiveLock"].rank {
		s.touch(uint32(relation), row[4])
	}
	name := fmt.Sprint(pid, row[2], relation, row[4])
	if s.seen[name] == nil {
		s.seen[name] = &one
	}
	known := s.seen[name]
	known.last = at
	if row[5] == "t" || row[5] == "true" {
		known.granted = true
	} else if !known.granted {
		known.waiting = at.Sub(known.first)
	}
}

// sightings are all that was seen, in order.
func (s *sampler) sightings() []*sighting {
	var all []*sighting
	for _, one := range s.seen {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *sighting) int {
		return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.pid, b.pid),
			cmp.Compare(a.lock.relation, b.lock.relation), cmp.Compare(a.lock.mode, b.lock.mode))
	})
	return all
}

// addSightings gives what was seen to the statements that took it.
func (t *tracer) addSightings(all []*sighting) {
	for _, one := range all {
		of := key(one.pid, one.vxid)
		if one.last.After(t.last[of]) {
			t.last[of] = one.last
		}
		taker := t.taker(one)
		if taker == nil || one.ending() && t.hasSeen(one) {
			continue
		}
		i := slices.IndexFunc(taker.locks,
			func(l lock) bool { return l.relation == one.lock.relation && l.mode == one.lock.mode })
		switch {
		case i >= 0:
			taker.locks[i].waited = max(taker.locks[i].waited, one.waiting)
		case !t.seen[of][one.lock]:
			taker.locks = append(taker.locks, lock{
				relation: one.lock.relation, mode: one.lock.mode, how: KnownPolled, waited: one.waiting, free: one.last,
			})
		}
	}
}

// ending tells whether a transaction was about to let go: it has no number any more then.
func (one *sighting) ending() bool { return strings.HasSuffix(one.vxid, "/0") }

// hasSeen tells whether any transaction of the process is known to have had the lock.
func (t *tracer) hasSeen(one *sighting) bool {
	for of, locks := range t.seen {
		if locks[one.lock] && strings.HasPrefix(of, key(one.pid, "")) {
			return true
		}
	}
	return false
}

// around is how far a lock may be seen before the statement that took it: the log tells whole milliseconds, and drivers
// that prepare a statement lock its tables before they execute it.
const around = 5 * time.Millisecond

// taker is the statement of the transaction that names what was locked, and was under way after the locks were looked
// at before. Where none does, it is the one that was under way in the process when the lock was seen first.
func (t *tracer) taker(one *sighting) *step {
	var under, named *step
	for _, s := range t.steps {
		if s.pid != one.pid || slices.Contains(idle, s.verb) {
			continue
		}
		if !s.began.After(one.first) {
			under = s
		}
		may := (s.vxid == one.vxid || one.ending()) &&
			!s.began.After(one.first.Add(around)) && !s.ended.Before(one.since.Add(-around))
		if may && t.names(s, one.lock.relation) && (named == nil || !s.began.After(one.first)) {
			named = s
		}
	}
	return cmp.Or(named, under)
}

// end is when the transaction of a step had ended.
func (t *tracer) end(s *step) time.Time {
	of := key(s.pid, s.vxid)
	end, exact := t.ended[of]
	if !exact {
		end = t.last[of]
	}
	if end.Before(s.ended) {
		end = s.ended
	}
	return end
}
