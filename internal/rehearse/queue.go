package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Queue is what the migration does where somebody has left a transaction open that holds what it wants to lock: as
// long as it waits, all who come after it do.
type Queue struct {
	Held     []string `json:"held"`                        // the tables, by the open transaction
	Waited   []string `json:"waited,omitempty"`            // those of them that the migration waited for
	Seconds  float64  `json:"seconds"`                     // how long it waited, in all
	Tries    int      `json:"tries"`                       // how often it began to wait
	Forever  bool     `json:"forever"`                     // it still waited when the transaction was given up
	Exit     int      `json:"exit"`                        // of the migration, where it ended by itself
	Reads    float64  `json:"reads_waited"`                // how long others waited behind it, at most
	Writes   float64  `json:"writes_waited"`               //
	Patience float64  `json:"patience"`                    // after how many seconds of waiting the transaction was given up
	Limited  *Queue   `json:"with_lock_timeout,omitempty"` // the same with one of two seconds, where it had none
	Failed   string   `json:"not_tried,omitempty"`         // why there is nothing to tell
}

// heldTables is how many tables the open transaction holds at most.
const heldTables = 8

// queuePause is how long nobody looks who waits.
const queuePause = 20 * time.Millisecond

// waitingSQL tells who waits for which tables because of one process.
const waitingSQL = `
SELECT l.pid, l.relation FROM pg_catalog.pg_locks AS l
 WHERE NOT l.granted AND l.locktype = 'relation' AND l.pid <> ALL ('{%s}')
   AND %s = ANY (pg_catalog.pg_blocking_pids(l.pid))`

// limit is the lock_timeout that is tried.
const limit = "2s"

// Meet notes what Behind tells, and where the migration has no lock_timeout what comes of one.
func (r *Report) Meet(
	ctx context.Context, s Server, database string, patience time.Duration,
	run func(context.Context) (exit int, err error),
) (err error) {
	r.Queue, err = Behind(ctx, s, database, r, patience, run)
	if err != nil || r.Queue == nil || !r.Queue.Forever {
		return err
	}
	sql := fmt.Sprintf("ALTER DATABASE %s SET lock_timeout = '%s'", quote(database), limit)
	if _, err := s.Query(ctx, maintenance, sql); err != nil {
		return err
	}
	r.Queue.Limited, err = Behind(ctx, s, database, r, patience, run)
	return err
}

// Behind runs a migration once more, on a database that is as it was before, while a transaction that does nothing
// holds what a report says it locks hard. It is nil where that is nothing. Patience is how long the migration may wait;
// then run is ended by its context.
func Behind(
	ctx context.Context, s Server, database string, r *Report, patience time.Duration,
	run func(context.Context) (exit int, err error),
) (*Queue, error) {
	modes := r.modes()
	if len(modes) == 0 {
		return nil, nil
	}
	before, err := readRelations(ctx, s, database)
	if err != nil {
		return nil, err
	}
	p, err := newProber(ctx, s, database, before, "SELECT 1")
	if err != nil {
		return nil, err
	}
	defer p.end()
	b := &behind{server: s, database: database, prober: p, patience: patience}
	if err := b.hold(ctx, before, modes); err != nil {
		return nil, err
	}
	defer b.holder.Close()
	return b.watch(ctx, run)
}

// behind is such a run under way.
type behind struct {
	server   Server
	database string
	prober   *prober
	patience time.Duration
	holder   Session
	pid      string
	queue    Queue
	names    map[string]string // of the tables that are held, by oid
}

// modes are those in which an open transaction would have the tables that a migration locks hard.
func (r *Report) modes() map[string]string {
	modes := map[string]string{}
	for _, b := range r.Blocks() {
		mode := "ROW EXCLUSIVE" // of one that has written
		if b.Reads {
			mode = "ACCESS SHARE" // of one that has read is enough
		}
		if modes[b.Table] != "ACCESS SHARE" && (modes[b.Table] != "" || len(modes) < heldTables) {
			modes[b.Table] = mode
		}
	}
	return modes
}

// hold opens the transaction.
func (b *behind) hold(ctx context.Context, before relations, modes map[string]string) (err error) {
	if b.holder, err = b.server.Connect(ctx, b.database); err != nil {
		return fmt.Errorf("hold tables: %w", err)
	}
	rows, err := b.holder.Query(ctx, "SELECT pg_catalog.pg_backend_pid()")
	if err == nil && len(rows) == 1 {
		b.pid = rows[0][0]
		_, err = b.holder.Query(ctx, "SET application_name = '"+application+"'")
	}
	if err == nil {
		_, err = b.holder.Query(ctx, "BEGIN")
	}
	b.names = map[string]string{}
	for _, r := range before {
		if mode := modes[r.Dotted()]; mode != "" && r.isTable() && err == nil {
			_, err = b.holder.Query(ctx, "LOCK TABLE "+quote(r.Schema)+"."+quote(r.Name)+" IN "+mode+" MODE")
			b.names[strconv.FormatUint(uint64(r.OID), 10)] = r.Dotted()
			b.queue.Held = append(b.queue.Held, r.Dotted())
		}
	}
	slices.Sort(b.queue.Held)
	if err != nil {
		b.holder.Close()
		return fmt.Errorf("hold tables: %w", err)
	}
	return nil
}

// watch runs the migration and looks whether it waits.
func (b *behind) watch(ctx context.Context, run func(context.Context) (int, error)) (*Queue, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		exit, err := run(ctx)
		b.queue.Exit = exit
		ended <- err
	}()
	err := b.look(ctx, ended, stop)
	for _, p := range b.prober.end() {
		b.queue.Reads, b.queue.Writes = max(b.queue.Reads, p.Reads), max(b.queue.Writes, p.Writes)
	}
	b.queue.Patience = b.patience.Seconds()
	slices.Sort(b.queue.Waited)
	return &b.queue, err
}

// look looks again and again, until the migration has ended or waited for too long.
func (b *behind) look(ctx context.Context, ended <-chan error, stop context.CancelFunc) error {
	sql := fmt.Sprintf(waitingSQL, strings.Join(b.prober.pids, ","), b.pid)
	since, last := time.Time{}, time.Now()
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(queuePause):
		}
		rows, err := b.server.Query(ctx, maintenance, sql)
		if err != nil {
			stop()
			<-ended
			return err
		}
		now := time.Now()
		b.note(rows, now.Sub(last), since.IsZero())
		last = now
		switch {
		case len(rows) == 0:
			since = time.Time{}
		case since.IsZero():
			since = now
		case now.Sub(since) > b.patience:
			stop() // before the transaction ends, so that what waits is not done after all
			<-ended
			b.queue.Forever, b.queue.Exit = true, 0
			return Disconnect(context.WithoutCancel(ctx), b.server, b.database)
		}
	}
}

// note takes in who waits.
func (b *behind) note(rows [][]string, passed time.Duration, first bool) {
	if len(rows) == 0 {
		return
	}
	if first {
		b.queue.Tries++
	} else {
		b.queue.Seconds += passed.Seconds()
	}
	for _, row := range rows {
		if len(row) != 2 {
			continue
		}
		if name := b.names[row[1]]; name != "" && !slices.Contains(b.queue.Waited, name) {
			b.queue.Waited = append(b.queue.Waited, name)
		}
		if oid, err := strconv.ParseUint(row[1], 10, 32); err == nil {
			b.prober.touch(uint32(oid), "AccessExclusiveLock")
		}
	}
}

// String says it in a sentence.
func (q Queue) String() string {
	held := strings.Join(shortNames(q.Held), ", ")
	switch {
	case q.Failed != "":
		return "what happens behind an open transaction was not tried: " + q.Failed
	case q.Forever && q.Limited != nil && !q.Limited.Forever && q.Limited.Tries > 0:
		alone := q
		alone.Limited = nil
		return fmt.Sprintf("%s; with lock_timeout = '%s' it gives up after %s, others waited for %s at most, and it "+
			"can be run again", alone.String(), limit, took(q.Limited.Seconds),
			took(max(q.Limited.Reads, q.Limited.Writes)))
	case q.Forever:
		return fmt.Sprintf("where a transaction is left open that uses %s, it waits for as long as that lasts "+
			"(tried for %s), and everybody who comes after it: it sets no lock_timeout",
			strings.Join(shortNames(q.Waited), ", "), took(q.Patience))
	case q.Tries == 0:
		return fmt.Sprintf("an open transaction that uses %s does not keep it waiting", held)
	case q.Exit != 0:
		return fmt.Sprintf("where a transaction is left open that uses %s, it gives up after %s, and everybody who "+
			"came after it waits no longer", strings.Join(shortNames(q.Waited), ", "), took(q.Seconds))
	}
	return fmt.Sprintf("behind an open transaction that uses %s it waits %d times, for %s in all, and then goes on",
		strings.Join(shortNames(q.Waited), ", "), q.Tries, took(q.Seconds))
}

func shortNames(names []string) []string {
	var short []string
	for _, name := range names {
		short = append(short, shortName(name))
	}
	return short
}
