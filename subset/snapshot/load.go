package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Load bounds how busy the source may be with what others do. The zero Load
// bounds nothing.
type Load struct {
	Sessions int           // of other clients, active at the same time; 0 means any number
	Lag      time.Duration // of its standbys behind it, or of itself where it is one; 0 means any
}

func (l Load) any() bool { return l.Sessions > 0 || l.Lag > 0 }

// ErrBusy is of a source that stayed busier than Load allows.
var ErrBusy = errors.New("the source is too busy")

const (
	lookEvery = time.Second
	// patience is how long one pause may take. The snapshot goes on to hold back the vacuum of the source, or its
	// standby's replay, all that time.
	patience = 10 * time.Minute
	// A pause is told of, but those that follow it at once are not.
	tellEvery = time.Minute
)

// loadSQL counts the active sessions of others ($1, $2: the name and account of ours), and tells in seconds how far
// replication is behind. A standby that has replayed all that it received is not behind, however old its last
// transaction is.
const loadSQL = `
SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity
        WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()
          AND NOT (application_name = $1 AND usename = current_user)),
       COALESCE(CASE
         WHEN NOT pg_catalog.pg_is_in_recovery()
           THEN (SELECT pg_catalog.max(EXTRACT(epoch FROM replay_lag)) FROM pg_catalog.pg_stat_replication)
         WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
         ELSE EXTRACT(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())
       END, 0)::float8`

// watch is a connection of its own that looks at what others do.
type watch struct {
	load Load
	gate *gate
	conn *pgx.Conn
	name string // of our own sessions
	tell func(what string)
	stop context.CancelFunc
	done chan struct{}
}

// hold puts the gate before all connections that are opened from now on, where
// Options bounds the load.
func (s *Snapshot) hold() {
	if !s.options.Load.any() {
		return
	}
	s.gate = &gate{}
	dialFunc := s.config.DialFunc
	s.config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialFunc(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return s.gate.dialed(c), nil
	}
}

// guard begins to look at the load.
func (s *Snapshot) guard(ctx context.Context) error {
	if s.gate == nil {
		return nil
	}
	config, err := s.options.Way.Parse(s.options.URL) // as it is without the gate
	if err != nil {
		return err
	}
	conn, err := dial(ctx, config)
	if err != nil {
		return fmt.Errorf("look at the load: %w", err)
	}
	w := &watch{
		load: s.options.Load, gate: s.gate, conn: conn, tell: s.options.Waiting, done: make(chan struct{}),
		name: cmp.Or(config.RuntimeParams["application_name"], applicationName),
	}
	if w.tell == nil {
		w.tell = func(string) {}
	}
	if err := w.mayLook(ctx); err != nil {
		return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop, s.watch = stop, w
	go w.run(background)
	return nil
}

// mayLook refuses a role to which the sessions of others are hidden: it would
// take every source for idle.
func (w *watch) mayLook(ctx context.Context) error {
	var may bool
	var role string
	err := w.conn.QueryRow(ctx, `SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'), current_user::text`,
		pgx.QueryExecModeSimpleProtocol).Scan(&may, &role)
	if err != nil || may {
		return err
	}
	return hint.Wrap(fmt.Errorf("look at the load: the role %s does not see what other sessions do", role),
		"GRANT pg_read_all_stats TO it, or set no limit (--max-load, --max-lag)")
}

func (w *watch) run(ctx context.Context) {
	defer close(w.done)
	var began, told time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
		why, err := w.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.tell(fmt.Sprintf("no longer looks at the load: %v", err))
			w.gate.open(nil)
			return
		case why == "":
			began = time.Time{}
			w.gate.open(nil)
			continue
		case began.IsZero():
			began = time.Now()
			w.gate.close()
		}
		if time.Since(began) > patience {
			w.gate.open(hint.Wrap(fmt.Errorf("%w: for %s %s", ErrBusy, patience, why),
				"retry at a quieter hour, or raise the limit (--max-load, --max-lag)"))
			return
		}
		if time.Since(told) > tellEvery {
			told = time.Now()
			w.tell("pauses: " + why)
		}
	}
}

// look says why the source is too busy, or nothing.
func (w *watch) look(ctx context.Context) (why string, err error) {
	var sessions int
	var lag float64
	err = w.conn.QueryRow(ctx, loadSQL, pgx.QueryExecModeSimpleProtocol, w.name).Scan(&sessions, &lag)
	if err != nil {
		return "", err
	}
	behind := time.Duration(lag * float64(time.Second)).Round(time.Second / 10)
	switch {
	case w.load.Sessions > 0 && sessions > w.load.Sessions:
		return fmt.Sprintf("%d sessions are active in the source, the limit is %d", sessions, w.load.Sessions), nil
	case w.load.Lag > 0 && behind > w.load.Lag:
		return fmt.Sprintf("replication is %s behind, the limit is %s", behind, w.load.Lag), nil
	}
	return "", nil
}

// end lets all connections pass and looks no longer.
func (w *watch) end(ctx context.Context) error {
	if w == nil {
		return nil
	}
	w.stop()
	<-w.done
	w.gate.open(nil)
	return w.conn.Close(ctx)
}
