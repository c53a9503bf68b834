package pgtest

import (
	"fmt"
	"testing"
	"time"
)

// Standby is a hot standby of the cluster.
type Standby struct {
	port int
	err  error
}

// NewStandby returns the hot standby of the cluster, made on first use and
// shared by the tests of the binary. The primary keeps what it reads.
func NewStandby(t testing.TB) *Standby {
	t.Helper()
	return newStandby(t, "standby")
}

// NewStrictStandby returns one that tells the primary nothing of what it
// reads, and ends at once what conflicts with its recovery. Such a conflict
// may come of anything that another test does to the primary: its tests do
// not run beside others.
func NewStrictStandby(t testing.TB) *Standby {
	t.Helper()
	return newStandby(t, "strict", "hot_standby_feedback=off", "max_standby_streaming_delay=0")
}

func newStandby(t testing.TB, name string, settings ...string) *Standby {
	t.Helper()
	c := running(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.standbys[name] == nil {
		c.standbys[name] = c.startStandby(name, settings)
	}
	if err := c.standbys[name].err; err != nil {
		t.Fatalf("start standby: %v", err)
	}
	return c.standbys[name]
}

func (c *cluster) startStandby(name string, settings []string) *Standby {
	cmd := c.command(c.bin+"/pg_basebackup", "--pgdata="+c.dir+"/"+name, "--write-recovery-conf",
		"--checkpoint=fast", "--no-sync", "--wal-method=stream",
		"--host="+c.dir, fmt.Sprintf("--port=%d", c.port), "--username=postgres")
	if out, err := cmd.CombinedOutput(); err != nil {
		return &Standby{err: fmt.Errorf("pg_basebackup: %w: %s", err, tail(out))}
	}
	port, err := c.serve(name, settings...)
	return &Standby{port: port, err: err}
}

// URL returns the connection string for the same database on the standby,
// after the standby has replayed all that the primary has written so far.
func (s *Standby) URL(t testing.TB, primary string) string {
	t.Helper()
	s.CatchUp(t)
	return WithPort(t, primary, s.port)
}

// CatchUp waits until the standby has replayed all that the primary has
// written so far.
func (s *Standby) CatchUp(t testing.TB) {
	t.Helper()
	written := Value(t, Server(t), "SELECT pg_current_wal_flush_lsn()")
	standby := WithPort(t, Server(t), s.port)
	deadline := time.Now().Add(patience)
	for {
		replayed := Value(t, standby, "SELECT pg_last_wal_replay_lsn()")
		if Value(t, standby, fmt.Sprintf("SELECT '%s'::pg_lsn >= '%s'::pg_lsn", replayed, written)) == "t" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("standby has replayed %s of %s after %s", replayed, written, patience)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
