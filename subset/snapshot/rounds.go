package snapshot

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A transaction keeps every lock until its end, and a query locks the indexes of its tables too; each has a place in
// memory that all sessions of the server share (max_locks_per_transaction). What has to stay locked are the tables, by
// the leader and by pg_dump. All else is let go from time to time: locks that were taken after a savepoint are gone
// when that is rolled back. https://www.postgresql.org/docs/current/explicit-locking.html

const (
	plant  = "SAVEPOINT offshoot_reads"
	letsGo = "ROLLBACK TO " + plant
	uproot = letsGo + "; RELEASE " + plant + "; "
)

const (
	fewHeaps    = 100 // whose locks are no burden for any server
	heapsARound = 100 // for each question of a round
	leastRound  = 4
)

// round is after how many questions a connection lets go; 0: never.
func (s *Snapshot) round() int {
	heaps := 0
	for _, t := range s.Database.Tables {
		heaps += len(t.Heaps)
	}
	if heaps < fewHeaps {
		return 0
	}
	return max(heaps/heapsARound, leastRound)
}

// restsNow counts a question to one of the workers, and reports whether it is to
// let go of what it has locked. The leader has cursors open meanwhile, where it
// is the only one.
func (s *Snapshot) restsNow(l *line) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	every := s.round()
	if l.conn == s.Leader || every == 0 || l.asked < every {
		return false
	}
	l.asked = 0
	return true
}

// RestBehind has a connection let go, if it is time to, when it has answered what
// it was sent so far. No setting of its may be meant to last.
func (s *Snapshot) RestBehind(lane int) { s.rest(s.lines[lane%len(s.lines)]) }

func (s *Snapshot) rest(l *line) {
	if s.restsNow(l) {
		l.send(&Question{SQL: letsGo}).Forget()
	}
}

// Rest counts a question that the leader was asked, and lets go of what it has
// locked for that and others, when they are many: not of the tables. No cursor
// may be open, and no other savepoint.
func (s *Snapshot) Rest(ctx context.Context) error {
	s.answered++
	if every := s.round(); every == 0 || s.answered < every {
		return nil
	}
	s.answered = 0
	return s.letGoOfIndexes(ctx)
}

func (s *Snapshot) letGoOfIndexes(ctx context.Context) error {
	_, err := s.Leader.PgConn().Exec(ctx, letsGo).ReadAll()
	return err
}

// Set changes a setting of a connection until the snapshot ends, by SET LOCAL.
func (s *Snapshot) Set(ctx context.Context, c *pgx.Conn, setting string) error {
	_, err := c.PgConn().Exec(ctx, uproot+setting+"; "+plant).ReadAll()
	return err
}
