package rehearse

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Watch is a rehearsal under way.
type Watch struct {
	server   Server
	database string
	version  int
	oid      uint32
	from     string // position in the WAL
	before   relations
	details  details
	began    time.Time

	nonce    string
	unprobed error // why there are no probes
	logErr   error
	marks    chan struct{} // our own statement was seen in the log

	tracer  *tracer
	sampler *sampler
	prober  *prober // nil: there could be none
	stop    context.CancelFunc
	running sync.WaitGroup
}

// logTime is how long the log may take to tell of what was done.
const logTime = 30 * time.Second

// Begin watches a database that Prepare has made ready, until End. The log is what the server writes from now on.
func Begin(ctx context.Context, s Server, database string, log io.Reader) (*Watch, error) {
	w := &Watch{
		server: s, database: database, nonce: rand.Text(), marks: make(chan struct{}, 1), tracer: newTracer(),
		sampler: &sampler{server: s, database: database, seen: map[string]*sighting{}},
	}
	if err := w.look(ctx); err != nil {
		return nil, err
	}
	w.tracer.known = w.before
	w.running.Add(1)
	go func() { defer w.running.Done(); w.read(log) }()
	// The log has to know them before the migrations begin.
	mark := "DO $$ BEGIN RAISE LOG 'offshoot probe " + w.nonce + "'; END $$"
	w.prober, w.unprobed = newProber(ctx, s, database, w.before, mark)
	w.sampler.touch = w.prober.touch
	if w.prober != nil {
		w.sampler.ours = w.prober.pids
	}
	if err := w.sync(ctx); err != nil {
		w.prober.end()
		return nil, err
	}
	sampling, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	w.running.Add(1)
	go func() { defer w.running.Done(); w.sampler.run(sampling) }()
	return w, nil
}

// look reads what is there before.
func (w *Watch) look(ctx context.Context) error {
	rows, err := w.server.Query(ctx, w.database, `
SELECT pg_catalog.current_setting('server_version_num'), d.oid, pg_catalog.pg_current_wal_insert_lsn(),
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())
  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()`)
	if err != nil {
		return fmt.Errorf("begin the rehearsal: %w", err)
	}
	if len(rows) != 1 || len(rows[0]) != 4 {
		return errors.New("begin the rehearsal: the server does not say what it is")
	}
	w.version, _ = strconv.Atoi(rows[0][0])
	oid, _ := strconv.ParseUint(rows[0][1], 10, 32)
	w.oid, w.from = uint32(oid), rows[0][2]
	epoch, _ := strconv.ParseFloat(rows[0][3], 64)
	w.began = time.UnixMicro(int64(epoch * 1e6))
	if w.before, err = readRelations(ctx, w.server, w.database); err != nil {
		return err
	}
	w.details, err = readDetails(ctx, w.server, w.database)
	return err
}

// read hands what is between two of our own statements to the tracer.
func (w *Watch) read(log io.Reader) {
	marks, ours := 0, map[int]bool{} // processes of our own connections
	w.logErr = readLog(log, w.database, func(r record) {
		if r.level == "LOG" && r.text == "offshoot "+w.nonce {
			marks++
			ours[r.pid] = true
			w.marks <- struct{}{}
		}
		if r.level == "LOG" && r.text == "offshoot probe "+w.nonce {
			ours[r.pid] = true
		}
		if marks == 1 && !ours[r.pid] {
			w.tracer.record(r)
		}
	})
}

// sync waits until the log has told of what was done so far.
func (w *Watch) sync(ctx context.Context) error {
	if _, err := w.server.Query(ctx, w.database, "DO $$ BEGIN RAISE LOG 'offshoot "+w.nonce+"'; END $$"); err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	select {
	case <-w.marks:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(logTime):
		return cmp.Or(w.logErr, errors.New("the log of the server does not tell what is done"))
	}
}

// End tells what was seen. The log may be closed afterwards.
func (w *Watch) End(ctx context.Context) (*Report, error) {
	defer w.stop()
	probes := w.prober.end()
	if err := w.sync(ctx); err != nil {
		return nil, err
	}
	after, err := readRelations(ctx, w.server, w.database)
	if err != nil {
		return nil, err
	}
	known, err := readDetails(ctx, w.server, w.database)
	if err != nil {
		return nil, err
	}
	ended, err := w.server.Query(ctx, w.database,
		"SELECT pg_catalog.pg_current_wal_insert_lsn(), EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())")
	if err != nil || len(ended) != 1 || len(ended[0]) != 2 {
		return nil, errors.Join(errors.New("end the rehearsal"), err)
	}
	// What is written but not flushed, pg_waldump does not find; the switch to another segment flushes all.
	if _, err := w.server.Query(ctx, w.database, "SELECT pg_catalog.pg_switch_wal()"); err != nil {
		return nil, fmt.Errorf("end the rehearsal: %w", err)
	}
	w.stop()
	r := &Report{Version: 1, Server: w.version, Probes: probes}
	r.Unknown = append(r.Unknown, w.unmeasured()...)
	wal, err := w.server.WAL(ctx, w.from, ended[0][0])
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	all := endings(wal, w.oid)
	w.fill(r, after, all)
	w.advise(r, after, known)
	questions, failed := w.questions(ctx, r, known)
	if failed != nil {
		return nil, failed
	}
	r.Questions = questions
	r.Audit = w.tracer.audit(w.before, after, all)
	if err != nil {
		r.Audit.Impossible = "the WAL cannot be read: " + err.Error()
	}
	epoch, _ := strconv.ParseFloat(ended[0][1], 64)
	r.Seconds = time.UnixMicro(int64(epoch * 1e6)).Sub(w.began).Seconds()
	return r, nil
}

// unmeasured says whose waits were not.
func (w *Watch) unmeasured() []string {
	if w.unprobed != nil {
		return []string{"how long others wait was not measured: " + w.unprobed.Error()}
	}
	if missed := w.prober.unprobed(); len(missed) > 0 {
		return []string{"how long others wait for " + strings.Join(missed, ", ") + " was not measured: " +
			strconv.Itoa(probedTables) + " tables are at a time"}
	}
	return nil
}

// Close ends a watch, also one whose End failed. The log has to be closed before.
func (w *Watch) Close() {
	w.stop()
	w.prober.end()
	w.running.Wait()
}
