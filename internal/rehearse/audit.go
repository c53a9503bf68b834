package rehearse

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	walLock = regexp.MustCompile(`xid (\d+) db (\d+) rel (\d+)`)
	walEnd  = regexp.MustCompile(`rmgr: Transaction .* tx: +(\d+), .*desc: (?:COMMIT|ABORT) ([-0-9]+ [0-9:.]+) UTC`)
)

// An ending is a transaction in the WAL: which relations it locked AccessExclusive, as those are told who recover from
// it, and when it ended.
type ending struct {
	relations []uint32
	at        time.Time
}

// endings are the transactions that locked anything in a database so.
func endings(wal string, database uint32) []ending {
	found, order := map[string]*ending{}, []string{}
	for line := range strings.Lines(wal) {
		if m := walEnd.FindStringSubmatch(line); m != nil && found[m[1]] != nil {
			found[m[1]].at, _ = time.Parse("2006-01-02 15:04:05.999999", m[2])
		}
		if !strings.Contains(line, "rmgr: Standby") || !strings.Contains(line, "LOCK ") {
			continue
		}
		for _, m := range walLock.FindAllStringSubmatch(line, -1) {
			db, _ := strconv.ParseUint(m[2], 10, 32)
			relation, _ := strconv.ParseUint(m[3], 10, 32)
			if uint32(db) != database {
				continue
			}
			if found[m[1]] == nil {
				found[m[1]] = &ending{}
				order = append(order, m[1])
			}
			found[m[1]].relations = append(found[m[1]].relations, uint32(relation))
		}
	}
	var all []ending
	for _, xid := range order {
		all = append(all, *found[xid])
	}
	return all
}

// near is how far the end of a transaction in the log may be from that in the WAL.
const near = 100 * time.Millisecond

// byWAL gives locks that were too short to be seen to the statement of the transaction that ended when the WAL says:
// those that come along, such as with TRUNCATE … CASCADE.
func (t *tracer) byWAL(all []ending, before relations) {
	for _, e := range all {
		for _, oid := range e.relations {
			if _, there := before[oid]; !there || t.explained(oid, before) {
				continue
			}
			if one := t.endedAt(e.at); one != nil {
				one.locks = append(one.locks, lock{relation: oid, mode: "AccessExclusiveLock", how: KnownWAL})
			}
		}
	}
}

// endedAt is the statement that most likely did what a transaction did, of which no event trigger tells.
func (t *tracer) endedAt(at time.Time) *step {
	var found *step
	least := near
	for _, one := range t.steps {
		if off := t.end(one).Sub(at).Abs(); off < least && silentVerb(one.verb) {
			found, least = one, off
		}
	}
	return found
}

// silentVerb tells of which commands event triggers do not.
func silentVerb(verb string) bool {
	return slices.Contains(
		[]string{"TRUNCATE", "LOCK", "CLUSTER", "VACUUM", "REINDEX", "DO", "CALL", "SELECT", "EXECUTE"}, verb)
}

// audit looks for what no statement explains.
func (t *tracer) audit(before, after relations, all []ending) Audit {
	var a Audit
	for _, oid := range exclusives(all) {
		r, there := before[oid]
		if !there {
			continue // made by the migrations, or a system catalog
		}
		a.Exclusive++
		if !t.explained(oid, before) {
			a.Unexplained = append(a.Unexplained, "an AccessExclusive lock on "+r.Dotted())
		}
	}
	for _, oid := range slices.Sorted(maps.Keys(before)) {
		was, is := before[oid], after[oid]
		if is.OID == 0 || was.File == is.File || is.Kind == "t" {
			continue
		}
		a.Files++
		if !t.rewrote(is, after) {
			a.Unexplained = append(a.Unexplained, fmt.Sprintf("a new file of %s", is.Dotted()))
		}
	}
	return a
}

// exclusives are all relations that were locked so.
func exclusives(all []ending) []uint32 {
	found := map[uint32]bool{}
	for _, e := range all {
		for _, oid := range e.relations {
			found[oid] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// explained tells whether a statement is known to have locked a relation AccessExclusive, or the table that it belongs
// to.
func (t *tracer) explained(oid uint32, all relations) bool {
	table, _ := all.table(oid)
	return slices.ContainsFunc(t.steps, func(s *step) bool {
		return slices.ContainsFunc(s.locks, func(l lock) bool {
			return (l.relation == oid || l.relation == table.OID) && l.mode == "AccessExclusiveLock"
		})
	})
}

// rewrote tells whether a statement is known to have given a relation a new file.
func (t *tracer) rewrote(r Relation, all relations) bool {
	table, _ := all.table(r.OID)
	return slices.ContainsFunc(t.steps, func(s *step) bool {
		if slices.Contains(s.rewrites, table.Name) ||
			slices.ContainsFunc(s.builds, func(b build) bool { return b.index == r.Name }) {
			return true
		}
		switch s.verb {
		case "TRUNCATE", "CLUSTER", "VACUUM", "REINDEX", "REFRESH MATERIALIZED VIEW":
			return slices.ContainsFunc(s.locks, func(l lock) bool { return l.relation == table.OID })
		}
		return false
	})
}
