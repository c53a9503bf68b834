package rehearse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Probe is how long others waited for a table at most while the migration ran: they read a row of it again and
// again, and wrote one, which was rolled back.
type Probe struct {
	Table  string  `json:"table"`
	Reads  float64 `json:"reads_waited"` // seconds
	Writes float64 `json:"writes_waited"`
	Tries  int     `json:"tries"`
}

const (
	// probedTables is how many tables are probed at a time: each takes two connections.
	probedTables = 3
	// untouched is how long after it was last locked a table is probed.
	untouched = 500 * time.Millisecond
	// probePause is between two probes of a table.
	probePause = 25 * time.Millisecond
	// probeGrace is how long the last probes may take to end by themselves.
	probeGrace = 5 * time.Second
	// application is what our own connections call themselves.
	application = "offshoot rehearsal"
)

// probeSettings keep the probes out of the way: no trigger, no count and nothing in the log.
const probeSettings = `SET application_name = '` + application + `'; SET statement_timeout = '10min';
SET session_replication_role = 'replica'; SET track_counts = 'off'; SET log_statement = 'none'; SET log_duration = 'off';
SET log_min_messages = 'panic'; SET auto_explain.log_min_duration = '-1'`

// What is asked is how long the server took until it had the lock. A row that somebody else has locked is passed over:
// a probe that waited for one could be a part of a deadlock with the migration.
const (
	waitedSQL = "SELECT EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp())"
	readSQL   = waitedSQL + ", (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM %s LIMIT 1) AS one)"
	writeSQL  = "WITH one AS (UPDATE %[1]s SET %[2]s = %[2]s WHERE (tableoid, ctid) = (SELECT tableoid, ctid " +
		"FROM %[1]s LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING 1) " + waitedSQL
)

// probedSQL names a table, and a column that can be written.
const probedSQL = `
SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname), c.relkind,
       COALESCE((SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute AS a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                    AND a.attidentity <> 'a' ORDER BY a.attnum LIMIT 1), '')
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = %d`

// pair are the connections by which one table is probed.
type pair struct{ read, write Session }

// A prober has others wait, and takes the time.
type prober struct {
	free    chan pair
	all     []pair
	before  relations
	pids    []string
	ctx     context.Context // of the probes
	kill    context.CancelFunc
	over    chan struct{} // closed when no more are wanted
	close   sync.Once
	running sync.WaitGroup

	mutex   sync.Mutex
	touched map[uint32]time.Time // when a table was last seen locked; it is there while it is probed
	found   map[uint32]*Probe
	missed  map[string]bool // tables for which there was no room
}

// newProber opens the connections, before anything has to be quick.
func newProber(ctx context.Context, s Server, database string, before relations, mark string) (*prober, error) {
	run, kill := context.WithCancel(context.WithoutCancel(ctx))
	p := &prober{
		free: make(chan pair, probedTables), before: before, ctx: run, kill: kill, over: make(chan struct{}),
		touched: map[uint32]time.Time{},
		found:   map[uint32]*Probe{}, missed: map[string]bool{},
	}
	for range probedTables {
		var both [2]Session
		for i := range both {
			one, err := s.Connect(ctx, database)
			if err == nil {
				both[i] = one
				_, err = one.Query(ctx, mark)
			}
			if err == nil {
				_, err = one.Query(ctx, probeSettings)
			}
			if err == nil {
				err = p.learn(ctx, one)
			}
			if err != nil {
				closeAll(both[:])
				p.end()
				return nil, fmt.Errorf("probe: %w", err)
			}
		}
		p.all = append(p.all, pair{both[0], both[1]})
		p.free <- p.all[len(p.all)-1]
	}
	return p, nil
}

func closeAll(sessions []Session) {
	for _, one := range sessions {
		if one != nil {
			one.Close()
		}
	}
}

// learn notes the process of a connection, whose locks are not the migration's.
func (p *prober) learn(ctx context.Context, s Session) error {
	rows, err := s.Query(ctx, "SELECT pg_catalog.pg_backend_pid()")
	if err != nil || len(rows) != 1 {
		return errors.Join(errors.New("the server does not tell its process"), err)
	}
	p.pids = append(p.pids, rows[0][0])
	return nil
}

// touch tells that a relation is locked now. What keeps nobody from reading or writing gets no last place.
func (p *prober) touch(oid uint32, mode string) {
	if p == nil {
		return
	}
	table, known := p.before.table(oid)
	light := strength[mode].rank <= strength["RowExclusiveLock"].rank
	if !known || table.Kind != "r" && table.Kind != "p" {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	_, probed := p.touched[table.OID]
	if !probed {
		if light && len(p.free) < 2 {
			return
		}
		select {
		case with := <-p.free:
			p.begin(table, with)
		default:
			p.missed[table.Dotted()] = true
			return
		}
	}
	p.touched[table.OID] = time.Now()
}

// begin probes a table until it was not locked for a while.
func (p *prober) begin(table Relation, with pair) {
	if p.found[table.OID] == nil {
		p.found[table.OID] = &Probe{Table: table.Dotted()}
	}
	p.running.Go(func() {
		defer func() { p.free <- with }()
		var both sync.WaitGroup
		both.Go(func() { p.again(table.OID, func(f *Probe) { p.reads(table.OID, with.read, f) }) })
		p.again(table.OID, func(f *Probe) { p.writes(table.OID, with.write, f) })
		both.Wait()
		p.mutex.Lock()
		defer p.mutex.Unlock()
		delete(p.touched, table.OID)
	})
}

// again probes while the table is locked now and then.
func (p *prober) again(oid uint32, probe func(*Probe)) {
	for !p.isOver() {
		p.mutex.Lock()
		found, last := p.found[oid], p.touched[oid]
		p.mutex.Unlock()
		if !last.IsZero() && time.Since(last) > untouched {
			return
		}
		probe(found)
		select {
		case <-p.over:
		case <-time.After(probePause):
		}
	}
}

func (p *prober) isOver() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

func (p *prober) reads(oid uint32, s Session, found *Probe) {
	name, _, _ := p.named(s, oid)
	if name == "" {
		return // it is not there any more
	}
	if seconds, ok := p.waited(s, fmt.Sprintf(readSQL, name)); ok {
		p.note(func() { found.Tries++; found.Reads = max(found.Reads, seconds) })
	}
}

func (p *prober) writes(oid uint32, s Session, found *Probe) {
	name, column, _ := p.named(s, oid)
	if name == "" || column == "" {
		return
	}
	_, _ = s.Query(p.ctx, "BEGIN")
	if seconds, ok := p.waited(s, fmt.Sprintf(writeSQL, name, column)); ok {
		p.note(func() { found.Writes = max(found.Writes, seconds) })
	}
	_, _ = s.Query(p.ctx, "ROLLBACK")
}

func (p *prober) note(what func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	what()
}

// named is the table as it is called now. The catalog tells it without waiting for anybody.
func (p *prober) named(s Session, oid uint32) (name, column string, err error) {
	rows, err := s.Query(p.ctx, fmt.Sprintf(probedSQL, oid))
	if err != nil || len(rows) != 1 || len(rows[0]) != 3 {
		return "", "", err
	}
	return rows[0][0], rows[0][2], nil
}

func (p *prober) waited(s Session, sql string) (seconds float64, ok bool) {
	rows, err := s.Query(p.ctx, sql)
	if err != nil || len(rows) == 0 {
		return 0, false
	}
	seconds, err = strconv.ParseFloat(strings.TrimSpace(rows[0][0]), 64)
	return seconds, err == nil
}

// end stops, and tells what was found. It can be called on nil, and again.
func (p *prober) end() []Probe {
	if p == nil {
		return nil
	}
	p.close.Do(func() {
		close(p.over)
		defer time.AfterFunc(probeGrace, p.kill).Stop() // what waits for a lock that nobody lets go
		p.running.Wait()
		p.kill()
		for _, one := range p.all {
			one.read.Close()
			one.write.Close()
		}
	})
	var all []Probe
	for _, one := range p.found {
		if one.Tries > 0 {
			all = append(all, *one)
		}
	}
	slices.SortFunc(all, func(a, b Probe) int {
		return cmp.Or(cmp.Compare(b.Reads+b.Writes, a.Reads+a.Writes), cmp.Compare(a.Table, b.Table))
	})
	return all
}

// unprobed are tables for which there was never room.
func (p *prober) unprobed() []string {
	var all []string
	for name := range p.missed {
		if !slices.ContainsFunc(p.measured(), func(table string) bool { return table == name }) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func (p *prober) measured() []string {
	var all []string
	for _, one := range p.found {
		if one.Tries > 0 {
			all = append(all, one.Table)
		}
	}
	return all
}
