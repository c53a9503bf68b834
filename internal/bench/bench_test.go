package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/bench"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

const results = "../../.cache/bench"

// BenchmarkSubset measures offshoot and its yardsticks, step by step in each
// round, and prints and writes what came out. The environment says what:
//
//	BENCH_SCALE   1,4       shops of 12 and 48 million rows
//	BENCH_ROUNDS  3
//	BENCH_STEPS   all       or some, such as scan,schema,database
//	BENCH_SERVER  our own   or the URL of a server on this computer, on which
//	                        the shops are made once, as bench1 and bench4
func BenchmarkSubset(b *testing.B) {
	rounds, err := strconv.Atoi(setting("BENCH_ROUNDS", "3"))
	if err != nil {
		b.Fatal(err)
	}
	server := newServer(b)
	d := bench.Document{Day: time.Now(), Rounds: rounds, Machine: machine(b, server)}
	chosen, missing := chooseSteps(b)
	d.Missing = missing
	var works []*round
	for field := range strings.SplitSeq(setting("BENCH_SCALE", "1,4"), ",") {
		scale, err := strconv.ParseFloat(field, 64)
		if err != nil {
			b.Fatal(err)
		}
		works = append(works, newRound(b, server, scale))
	}
	for range b.N {
		for n := range rounds {
			for _, work := range works {
				work.all(b, chosen, n+1)
			}
		}
	}
	for _, work := range works {
		d.Shops = append(d.Shops, *work.shop)
	}
	publish(b, d)
	check(b, d)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// chooseSteps returns the steps to take and the tools that are not installed.
func chooseSteps(b *testing.B) (chosen []step, missing []string) {
	b.Helper()
	wanted := strings.Split(setting("BENCH_STEPS", "all"), ",")
	for _, name := range wanted {
		if name != "all" && !slices.ContainsFunc(steps, func(s step) bool { return s.name == name }) {
			b.Fatalf("BENCH_STEPS: there is no step %s", name)
		}
	}
	cold := mayChill()
	for _, s := range steps {
		if cold != nil && strings.HasPrefix(s.name, bench.Cold) {
			say("%s is left out: %v", s.name, cold)
			continue
		}
		if s.name == bench.PgSample || s.name == bench.Greenmask {
			if _, err := exec.LookPath(s.name); err != nil {
				missing = append(missing, s.name)
				continue
			}
		}
		if wanted[0] == "all" || slices.Contains(wanted, s.name) {
			chosen = append(chosen, s)
		}
	}
	return chosen, missing
}

func newRound(b *testing.B, s *server, scale float64) *round {
	b.Helper()
	url := s.shop(b, scale)
	r := &round{server: s, program: program(b), url: url, shop: &bench.Shop{Scale: scale}, heaps: heaps(b, url)}
	for _, h := range r.heaps {
		r.shop.Rows += h.rows
	}
	r.shop.Heaps = len(r.heaps)
	r.shop.Bytes = number(b, pgtest.Value(b, url, "SELECT pg_catalog.pg_database_size(current_database())"))
	return r
}

const heapsSQL = `SELECT relname, reltuples::bigint, sum(reltuples) OVER (PARTITION BY COALESCE(pg_catalog.pg_partition_root(oid), oid))::bigint
	FROM pg_catalog.pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`

func heaps(b *testing.B, url string) (all []heap) {
	b.Helper()
	for _, row := range pgtest.Query(b, url, heapsSQL) {
		all = append(all, heap{name: row[0], rows: number(b, row[1]), whole: number(b, row[2])})
	}
	return all
}

func number(b *testing.B, text string) int64 {
	b.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// all takes the steps of one round.
func (r *round) all(b *testing.B, chosen []step, n int) {
	b.Helper()
	for _, s := range chosen {
		r.dir = b.TempDir()
		if s.before != nil {
			s.before(b, r)
		}
		cost := r.server.measure(b, r.url, func() bench.Cost { return s.run(b, r) })
		say("round %d, scale %g, %-9s %7.2f s", n, r.shop.Scale, s.name, cost.Seconds)
		r.shop.Add(s.name, cost)
		if s.after != nil {
			s.after(b, r)
		}
		if err := os.RemoveAll(r.dir); err != nil {
			b.Fatal(err)
		}
	}
}

// program builds offshoot as it is shipped.
func program(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "offshoot")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path,
		"../../cmd/offshoot")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func machine(b *testing.B, s *server) bench.Machine {
	b.Helper()
	m, err := s.processes.Machine()
	if err != nil {
		b.Fatal(err)
	}
	m.Server = pgtest.Value(b, s.url, "SELECT current_setting('server_version')")
	m.Program = "of unknown version"
	if version, err := exec.CommandContext(b.Context(), "git", "describe", "--tags", "--always",
		"--dirty").Output(); err == nil {
		m.Program = strings.TrimSpace(string(version))
	}
	return m
}

// publish prints the results and writes them below .cache/bench.
func publish(b *testing.B, d bench.Document) {
	b.Helper()
	if err := os.MkdirAll(results, 0o755); err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{"benchmark.txt": d.Text(), "benchmark.md": d.Markdown()} {
		if err := os.WriteFile(filepath.Join(results, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	_, _ = os.Stdout.WriteString("\n" + d.Text() + "\nwritten to .cache/bench/benchmark.md and benchmark.txt\n\n")
}

// check fails the benchmark when a subset is not what it should be; how fast
// it was depends on the machine and is only printed.
func check(b *testing.B, d bench.Document) {
	b.Helper()
	for _, s := range d.Shops {
		for _, goal := range s.Balance() {
			if !goal.Held() {
				b.Errorf("%s is %.2f; %s", goal.Name, goal.Value, goal.Verdict())
			}
		}
	}
}
