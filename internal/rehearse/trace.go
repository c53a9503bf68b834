package rehearse

import (
	"slices"
	"strconv"
	"time"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// A step is one statement while it is traced.
type step struct {
	text  string // never leaves the package: Shape does
	verb  string
	pid   int
	vxid  string // of the transaction that it ended in
	began time.Time
	ended time.Time
	done  bool   // what follows is of the next statement of its message
	code  string // SQLSTATE of its error

	locks     []lock
	rewrites  []string // tables, by the name that the server tells
	verifies  []string
	keys      []string // foreign keys that were validated
	builds    []build
	changes   []change
	wal       int64
	temporary int64

	migration string // that it belongs to, by the tool's ledger
	settled   bool   // nothing that the ledger tells from now on is about it
}

// lock is one that a step took.
type lock struct {
	relation uint32
	mode     string
	how      string // see Lock.Known
	waited   time.Duration
	free     time.Time // when the transaction ended
}

// build is an index that was built.
type build struct {
	index, table string
	workers      int
}

// a session is one connection while it is traced.
type session struct {
	text    string  // the message that is being executed
	steps   []*step // its statements
	current int
	lsn     uint64 // where a command began

	migration string // that has begun, by the tool's ledger
	keeps     bool   // the ledger, for what it sends itself
}

// a tracer makes steps of records.
type tracer struct {
	known    relations // that were there before
	sessions map[int]*session
	steps    []*step
	seen     map[string]map[held]bool // locks of each transaction that a step has
	last     map[string]time.Time     // when a transaction was last heard of
	ended    map[string]time.Time     // and when it had ended
	active   map[int]string           // the transaction of a process
	errors   []string                 // SQLSTATEs outside of any statement
}

func newTracer() *tracer {
	return &tracer{
		sessions: map[int]*session{}, seen: map[string]map[held]bool{}, last: map[string]time.Time{},
		ended: map[string]time.Time{}, active: map[int]string{},
	}
}

// key tells transactions of different processes apart, since their numbers come again.
func key(pid int, vxid string) string { return strconv.Itoa(pid) + " " + vxid }

// record takes in one message.
func (t *tracer) record(r record) {
	s := t.sessions[r.pid]
	if s == nil {
		s = &session{}
		t.sessions[r.pid] = s
	}
	t.follow(r, s.now() != nil && durationWord.MatchString(r.text))
	if m := statementWord.FindStringSubmatch(r.text); m != nil && r.level == "LOG" {
		t.close(s, r.at)
		t.open(s, m[1], r)
		return
	}
	now := s.now()
	if now != nil && r.vxid != "" {
		now.vxid = r.vxid
	}
	switch {
	case r.level == "ERROR" || r.level == "FATAL" || r.level == "PANIC":
		t.fail(s, r)
	case now == nil:
	case r.level == "LOG":
		t.logged(s, r)
	case r.level == "DEBUG":
		now.debugged(r.text)
	}
}

// follow notices when transactions end: exactly where the end of a statement says so. Where a client sends the end of
// a transaction by itself, no message does, and the next one may come much later.
func (t *tracer) follow(r record, exact bool) {
	before := t.active[r.pid]
	if exact && before != "" && before != r.vxid {
		t.ended[key(r.pid, before)] = r.at
	}
	t.active[r.pid] = r.vxid
	if r.vxid != "" {
		t.last[key(r.pid, r.vxid)] = r.at
	}
}

func (s *session) now() *step {
	if s.current >= len(s.steps) {
		return nil
	}
	return s.steps[s.current]
}

// open begins the statements of a message.
func (t *tracer) open(s *session, text string, r record) {
	s.text = text
	for _, part := range sqltext.Split(text) {
		one := &step{text: part, verb: sqltext.Verb(part), pid: r.pid, vxid: r.vxid, began: r.at, ended: r.at}
		s.steps = append(s.steps, one)
		t.steps = append(t.steps, one)
	}
}

// close ends the statements of a message.
func (t *tracer) close(s *session, at time.Time) {
	for i, one := range s.steps {
		if i > s.current {
			one.began, one.vxid = at, s.steps[s.current].vxid
		}
		if i >= s.current {
			one.ended = at
		}
	}
	s.steps, s.current = nil, 0
}

// fail ends a message in the middle: what would have followed never ran.
func (t *tracer) fail(s *session, r record) {
	now := s.now()
	if now == nil {
		t.errors = append(t.errors, r.code)
		return
	}
	now.code = r.code
	never := map[*step]bool{}
	for _, one := range s.steps[s.current+1:] {
		never[one] = true
	}
	kept := t.steps[:0:0]
	for _, one := range t.steps {
		if !never[one] {
			kept = append(kept, one)
		}
	}
	t.steps = kept
	s.steps = s.steps[:s.current+1]
	t.close(s, r.at)
}

// advance goes on to the next statement of a message that does this. Where there is none, it is a part of the current
// one.
func (s *session) advance(at time.Time, does func(*step) bool) {
	for i := s.current; i < len(s.steps); i++ {
		if s.steps[i].done || !does(s.steps[i]) {
			continue
		}
		for ; s.current < i; s.current++ {
			now, next := s.steps[s.current], s.steps[s.current+1]
			if !now.done {
				now.ended = at
			}
			next.began, next.ended, next.vxid = at, at, now.vxid
		}
		return
	}
}

// logged takes in what tells of the work of a statement.
func (t *tracer) logged(s *session, r record) {
	if durationWord.MatchString(r.text) {
		t.close(s, r.at)
	} else if k, ok := parseMark(r.text); ok {
		t.marked(s, k, r)
	} else if name, done, ok := parseLedger(r.text); ok {
		t.noted(s, r.pid, name, done)
	} else if e, ok := parsePlan(r.text); ok {
		s.executed(e, r)
	} else if m := temporaryWord.FindStringSubmatch(r.text); m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		s.now().temporary += n
	}
}

// executed takes in a query, of the message itself or of a function in it.
func (s *session) executed(e executed, r record) {
	own := e.text == s.text
	does := mayHoldQueries
	if own {
		does = func(one *step) bool { return isQuery(one.verb) }
	}
	s.advance(r.at.Add(-time.Duration(e.milliseconds*float64(time.Millisecond))), does)
	now := s.now()
	now.vxid, now.ended, now.done = r.vxid, r.at, own
	now.changes = append(now.changes, e.changes...)
	for _, c := range e.changes {
		now.wal += c.wal
	}
}

func isQuery(verb string) bool {
	return slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"}, verb)
}

func mayHoldQueries(one *step) bool {
	return isQuery(one.verb) || slices.Contains([]string{"DO", "CALL", "EXECUTE", "COPY"}, one.verb)
}

// marked takes in the beginning or end of a command.
func (t *tracer) marked(s *session, k mark, r record) {
	if k.end {
		now := s.now()
		t.take(now, k.locks, r, KnownExactly)
		now.ended, now.vxid, now.done = r.at, r.vxid, k.own
		if s.lsn > 0 && k.lsn > s.lsn {
			now.wal += int64(k.lsn - s.lsn)
		}
		s.lsn = 0
		return
	}
	// What is locked by now, and was not known, is of a query before.
	does := mayHoldQueries
	if k.own {
		does = func(one *step) bool { return one.verb == k.tag }
	}
	s.advance(r.at, does)
	for _, l := range k.locks {
		t.take(t.before(s.now(), l), []held{l}, r, KnownExactly)
	}
	s.lsn = k.lsn
}

// before is the statement of the same transaction before this one that has most likely taken a lock: the last one that
// names what is locked, else the last one.
func (t *tracer) before(one *step, l held) *step {
	found, named := one, false
	for _, other := range t.steps {
		if other == one {
			break
		}
		if other.pid != one.pid || other.vxid != one.vxid {
			continue
		}
		if names := t.names(other, l.relation); names || !named {
			found, named = other, names
		}
	}
	return found
}

// names tells whether a statement names what is locked, or its table.
func (t *tracer) names(one *step, relation uint32) bool {
	table, _ := t.known.table(relation)
	return sqltext.Names(one.text, table.Name) || sqltext.Names(one.text, t.known[relation].Name)
}

// take gives locks to the step that took them, unless the transaction had them before.
func (t *tracer) take(one *step, locks []held, r record, how string) {
	of := key(r.pid, r.vxid)
	if t.seen[of] == nil {
		t.seen[of] = map[held]bool{}
	}
	for _, h := range locks {
		if !t.seen[of][h] {
			t.seen[of][h] = true
			one.locks = append(one.locks, lock{relation: h.relation, mode: h.mode, how: how})
		}
	}
}

// debugged takes in the server's own words for what it does.
func (one *step) debugged(text string) {
	if m := rewriteWord.FindStringSubmatch(text); m != nil {
		one.rewrites = append(one.rewrites, m[1])
	}
	if m := verifyWord.FindStringSubmatch(text); m != nil {
		one.verifies = append(one.verifies, m[1])
	}
	if m := keyWord.FindStringSubmatch(text); m != nil {
		one.keys = append(one.keys, m[1])
	}
	if m := buildWord.FindStringSubmatch(text); m != nil {
		workers, _ := strconv.Atoi(m[3])
		one.builds = append(one.builds, build{index: m[1], table: m[2], workers: workers})
	}
}
