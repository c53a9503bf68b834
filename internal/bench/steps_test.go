package bench_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/bench"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// round is what the steps work on.
type round struct {
	server  *server
	program string // offshoot
	url     string // of the source
	dir     string // for what the steps write, emptied after each
	shop    *bench.Shop
	heaps   []heap
	target  string // URL of the database to fill
	report  *subset.Report
}

// heap is one table or partition of the source.
type heap struct {
	name  string
	rows  int64
	whole int64 // rows of the table with all its partitions
}

// target is how many rows the curve keeps of it.
func (h heap) target() int64 {
	if h.whole == 0 {
		return 0
	}
	return int64(math.Round(float64(plan.DefaultCurve.Rows(h.whole)) * float64(h.rows) / float64(h.whole)))
}

// step is one thing to measure; before and after are not measured.
type step struct {
	name          string
	before, after func(*testing.B, *round)
	run           func(*testing.B, *round) bench.Cost
}

var steps = []step{
	{name: bench.Scan, run: scan},
	{name: bench.Schema, run: schema},
	{name: bench.Sample, run: sample},
	{name: bench.Dump, run: dump},
	{name: bench.Archive, run: archive},
	{name: bench.Database, before: makeTarget, run: database, after: inspectTarget},
	{name: bench.Far20, run: far(20 * time.Millisecond)},
	{name: bench.Far80, run: far(80 * time.Millisecond)},
	{name: bench.Cold, before: chill, run: archive},
	{name: bench.ColdDump, before: chill, run: dump},
	{name: bench.ColdScan, before: chill, run: scan, after: thaw},
	{name: bench.PgSample, run: pgSample},
	{name: bench.Greenmask, run: greenmask},
}

// scan counts the rows of every heap by a sequential scan each.
func scan(b *testing.B, r *round) bench.Cost {
	conn := connect(b, r.url)
	defer closing(b, conn)
	run(b, conn,
		"SET max_parallel_workers_per_gather = 0; SET enable_indexscan = off; SET enable_indexonlyscan = off; SET "+
			"enable_bitmapscan = off")
	for _, h := range r.heaps {
		run(b, conn, "SELECT count(*) FROM ONLY "+catalog.Quote("public", h.name))
	}
	return bench.Cost{}
}

func schema(b *testing.B, r *round) bench.Cost {
	return r.tool(b, "pg_dump", "--schema-only", "--file=/dev/null")
}

func dump(b *testing.B, r *round) bench.Cost {
	return r.tool(b, "pg_dump", "--format=directory", "--jobs=2", "--compress=0",
		"--file="+filepath.Join(r.dir, "dump"))
}

// sample copies as many rows out as the curve says, in the fastest way there is.
func sample(b *testing.B, r *round) bench.Cost {
	conn := connect(b, r.url)
	defer closing(b, conn)
	var cost bench.Cost
	for _, h := range r.heaps {
		target := h.target()
		if target == 0 {
			continue
		}
		sql := fmt.Sprintf("COPY (SELECT * FROM ONLY %s TABLESAMPLE SYSTEM (%g) REPEATABLE (1)) TO STDOUT",
			catalog.Quote("public", h.name), 100*float64(target)/float64(h.rows))
		tag, err := conn.CopyTo(b.Context(), io.Discard, sql)
		if err != nil {
			b.Fatal(err)
		}
		cost.Rows += tag.RowsAffected()
		cost.Target += target
	}
	return cost
}

// archive is ours to a file: pg_dump's custom format if this version writes
// it, else a script.
func archive(b *testing.B, r *round) bench.Cost { return archiveOf(b, r, r.url) }

func archiveOf(b *testing.B, r *round, url string) bench.Cost {
	path := filepath.Join(r.dir, "shop.dump")
	if s, err := sink.Open(path, sink.Options{}); err != nil {
		path = filepath.Join(r.dir, "shop.sql")
	} else if err := s.Close(b.Context(), true); err != nil {
		b.Fatal(err)
	}
	cost, _ := r.offshoot(b, url, path)
	return cost
}

func makeTarget(b *testing.B, r *round) { r.target = r.server.empty(b) }

func database(b *testing.B, r *round) (cost bench.Cost) {
	cost, r.report = r.offshoot(b, r.url, r.target)
	return cost
}

// offshoot runs the program and reads its report.
func (r *round) offshoot(b *testing.B, from, to string) (bench.Cost, *subset.Report) {
	b.Helper()
	path := filepath.Join(r.dir, "report.json")
	cmd := exec.CommandContext(b.Context(), r.program, "subset", "--source", from, "--to", to, "--privacy", "off",
		"--report", path)
	cost := r.run(b, cmd)
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	report := &subset.Report{}
	if err := json.Unmarshal(text, report); err != nil {
		b.Fatal(err)
	}
	cost.Rows, cost.Target = report.Rows, report.Target
	return cost, report
}

// tool runs a program of PostgreSQL on the source.
func (r *round) tool(b *testing.B, name string, args ...string) bench.Cost {
	b.Helper()
	cmd, err := tool(b.Context(), r.url, name, args...)
	if err != nil {
		b.Fatal(err)
	}
	return r.run(b, cmd)
}

// run runs a program and watches it.
func (r *round) run(b *testing.B, cmd *exec.Cmd) bench.Cost {
	b.Helper()
	var said strings.Builder
	cmd.Stdout, cmd.Stderr, cmd.Dir = &said, &said, r.dir
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	done, watched := make(chan struct{}), make(chan bench.Cost)
	go func() {
		own, children := r.server.processes.Watch(cmd.Process.Pid, done)
		watched <- bench.Cost{Memory: own, Children: children}
	}()
	err := cmd.Wait()
	close(done)
	cost := <-watched
	if err != nil {
		b.Fatalf("%s: %v\n%s", cmd.Args[0], err, said.String())
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	cost.Client = seconds(usage.Utime) + seconds(usage.Stime) // with all that it waited for
	return cost
}

func seconds(t syscall.Timeval) float64 { return float64(t.Nano()) / 1e9 }

// inspectTarget looks for dangling rows and compares what is there with what
// the report says.
func inspectTarget(b *testing.B, r *round) {
	defer r.server.drop(b, r.target)
	dangling, err := score.Verify(b.Context(), r.target)
	if err != nil {
		b.Fatal(err)
	}
	r.shop.Loose, r.shop.Tables = 0, nil
	for _, d := range dangling {
		r.shop.Loose += d.Rows
	}
	for _, t := range r.report.Tables {
		name := catalog.Quote(t.Schema, t.Name)
		if n := pgtest.Value(b, r.target, "SELECT count(*) FROM "+name); n != strconv.FormatInt(t.Rows, 10) {
			b.Errorf("%s has %s rows, the report says %d", name, n, t.Rows)
		}
		row := bench.Table{Name: t.Name, Source: t.Source, Target: t.Target, Kept: t.Rows, Forced: t.Forced}
		if len(t.ForcedBy) > 0 {
			row.By = strings.TrimPrefix(t.ForcedBy[0].Key, t.Schema+".")
		}
		r.shop.Tables = append(r.shop.Tables, row)
	}
}

// pgSample is https://github.com/mla/pg_sample, told the curve's counts.
func pgSample(b *testing.B, r *round) bench.Cost {
	path := filepath.Join(r.dir, "sample.sql")
	args := []string{"--force", "--file=" + path}
	for _, h := range r.heaps {
		args = append(args, fmt.Sprintf("--limit=%s = %d", h.name, h.target()))
	}
	cost := r.tool(b, "pg_sample", append(args, databaseOf(b, r.url))...)
	script, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = script.Close() }()
	if cost.Rows, err = bench.Copied(script); err != nil {
		b.Fatal(err)
	}
	for _, h := range r.heaps {
		cost.Target += h.target()
	}
	return cost
}

const greenmaskConfig = `common: {pg_bin_path: %q, tmp_dir: %q}
storage: {type: directory, directory: {path: %q}}
dump:
  pg_dump_options: {dbname: "host=%s port=%d user=%s dbname=%s", jobs: 2, compress: 0}
  transformation:
    - {schema: public, name: tenants, subset_conds: ["tenants.id %% 100 = 0"]}
`

// greenmask is https://github.com/GreenmaskIO/greenmask, which follows
// conditions, not counts: it is given a hundredth of the tenants. A password
// comes by the environment.
func greenmask(b *testing.B, r *round) bench.Cost {
	pgDump, err := exec.LookPath("pg_dump")
	if err != nil {
		b.Fatal(err)
	}
	source, err := pgconn.ParseConfig(r.url)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(r.dir, "greenmask.yml")
	config := fmt.Sprintf(greenmaskConfig, filepath.Dir(pgDump), r.dir, r.dir, source.Host, source.Port, source.User,
		source.Database)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	return r.tool(b, "greenmask", "--config="+path, "dump")
}

func connect(b *testing.B, url string) *pgconn.PgConn {
	b.Helper()
	conn, err := pgconn.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	return conn
}

func run(b *testing.B, conn *pgconn.PgConn, sql string) {
	b.Helper()
	if _, err := conn.Exec(b.Context(), sql).ReadAll(); err != nil {
		b.Fatal(err)
	}
}

func closing(b *testing.B, conn *pgconn.PgConn) {
	b.Helper()
	if err := conn.Close(b.Context()); err != nil {
		b.Error(err)
	}
}
