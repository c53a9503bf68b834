package bench_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/bench"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// server is the cluster that the benchmark runs on.
type server struct {
	url        string // of its maintenance database, as a superuser
	processes  bench.Processes
	postmaster int
	throttle   *bench.Throttle // of its disk, while that is slow
}

// settings are what a server of that size would have: all data fits into its
// memory. Nothing is to be safe.
var settings = []string{
	"shared_buffers=8GB", "maintenance_work_mem=512MB", "max_wal_size=16GB", "wal_level=minimal", "max_wal_senders=0",
}

var tune sync.Once

// newServer starts a cluster, or takes that of BENCH_SERVER, which must be on
// this computer and have nothing else to do: its processes are watched.
func newServer(b *testing.B) *server {
	b.Helper()
	url := os.Getenv("BENCH_SERVER")
	if url == "" {
		tune.Do(func() { // the next benchmark finds it running
			pgtest.Tune(b, settings...)
			pgtest.OnDisk(b)
		})
		url = pgtest.Server(b)
	}
	s := &server{url: url, processes: bench.Processes{Dir: "/proc"}}
	s.findPostmaster(b, s.data(b))
	return s
}

// shop returns the database of that scale, made on first use.
func (s *server) shop(b *testing.B, scale float64) string {
	b.Helper()
	name := fmt.Sprintf("bench%g", scale)
	url := pgtest.WithDatabase(b, s.url, name)
	if s.has(b, name) {
		return url
	}
	say("making %s", name)
	pgtest.Exec(b, s.url, "CREATE DATABASE "+catalog.Quote(name))
	if err := fill(b.Context(), url, variables{scale: scale, cross: 0.02}); err != nil {
		s.drop(b, url)
		b.Fatal(err)
	}
	return url
}

func (s *server) has(b *testing.B, name string) bool {
	b.Helper()
	return pgtest.Value(b, s.url, "SELECT count(*) FROM pg_catalog.pg_database WHERE datname = '"+name+"'") == "1"
}

// empty makes an empty database.
func (s *server) empty(b *testing.B) (url string) {
	b.Helper()
	url = pgtest.WithDatabase(b, s.url, "bench_target")
	s.drop(b, url)
	pgtest.Exec(b, s.url, "CREATE DATABASE "+catalog.Quote("bench_target"))
	return url
}

func (s *server) drop(b *testing.B, url string) {
	b.Helper()
	pgtest.Exec(b, s.url, "DROP DATABASE IF EXISTS "+catalog.Quote(databaseOf(b, url))+" WITH (FORCE)")
}

func databaseOf(b *testing.B, url string) string {
	b.Helper()
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	return config.Database
}

// measure adds to what do says of itself how long it took, the CPU time of the
// server and the blocks that it read of the database.
func (s *server) measure(b *testing.B, url string, do func() bench.Cost) bench.Cost {
	b.Helper()
	database := databaseOf(b, url)
	s.wait(b, database)
	blocks := s.blocks(b, database)
	cpu, reads := s.cpu(b), s.reads(b)
	began := time.Now()
	cost := do()
	cost.Seconds = time.Since(began).Seconds()
	s.wait(b, database)
	cost.Server = s.cpu(b) - cpu
	cost.Blocks = s.blocks(b, database) - blocks
	cost.Reads = s.reads(b) - reads
	return cost
}

func (s *server) cpu(b *testing.B) float64 {
	b.Helper()
	seconds, err := s.processes.CPU(s.postmaster)
	if err != nil {
		b.Fatal(err)
	}
	return seconds
}

func (s *server) blocks(b *testing.B, database string) int64 {
	b.Helper()
	return number(b,
		pgtest.Value(b, s.url,
			"SELECT blks_read + blks_hit FROM pg_catalog.pg_stat_database WHERE datname = '"+database+"'"))
}

// wait returns when nobody is connected to the database any more: a backend
// reports what it read when it ends.
func (s *server) wait(b *testing.B, database string) {
	b.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for {
		n := pgtest.Value(b, s.url, "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = '"+database+"'")
		if n == "0" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			b.Fatalf("%s connections to %s are still open: nobody else may use it", n, database)
		}
	}
}

// say tells the one who waits how far things are.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
