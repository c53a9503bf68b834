package bench

import (
	"fmt"
	"strings"
	"time"
)

// Document is the results of one run of the benchmark.
type Document struct {
	Day     time.Time
	Machine Machine
	Rounds  int
	Shops   []Shop
	Missing []string // other people's tools that are not installed
}

// Text is the document for a terminal.
func (d Document) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", d.Machine, d.rounds())
	for _, s := range d.Shops {
		fmt.Fprintf(&b, "\n%s\n%s", s.describe(), s.costs().text())
	}
	for _, s := range d.Shops {
		if len(s.Tables) > 0 {
			fmt.Fprintf(&b, "\nkept of %s\n%s", s.title(), s.kept().text())
		}
	}
	fmt.Fprintf(&b, "\n%s%s", d.goals().text(), d.missing())
	return b.String()
}

const opening = `# Benchmark

What a subset costs, beside yardsticks measured on the same server in the same minutes. ` + "`make bench`" + ` measures it again and writes
this page to ` + "`.cache/bench/benchmark.md`" + `; a copy of it is kept here.

The source is a shop of many tenants, made by ` + "[`testdata/bench/shop.sql`](../testdata/bench/shop.sql)" + `: 18 tables, of which one has a
dozen partitions, one no key and one a foreign key without an index; skewed tenants, products and customers; a self reference, a cycle and
a composite foreign key. Every value follows from its row's number, so that everybody measures the same rows.

| step | what it is |
|---|---|
| scan | ` + "`SELECT count(*)`" + ` of every table by one connection: a sequential scan each, no parallel workers |
| schema | ` + "`pg_dump -s`" + ` |
| sample | as many rows of each table as the curve says by ` + "`TABLESAMPLE SYSTEM`" + `, copied out, whatever they reference |
| dump | ` + "`pg_dump -Fd -j2 -Z0`" + ` of everything |
| archive | ` + "`offshoot subset --privacy off`" + ` to a file |
| database | the same to an empty database of the same server, all constraints validated, all indexes built |
| far20, far80 | archive, 20 and 80 ms away: what either side says arrives half of that later, by a proxy |
| cold | archive, from a server that has just been started, on a disk of 3,000 reads and 125 MiB a second, by a cgroup that does so |
| cold-dump, cold-scan | dump and scan there |

Each round takes the steps one after the other; the seconds are the median of the rounds, with the fastest and the slowest. CPU of the
server is that of all its processes, read from ` + "`/proc`" + `; CPU of the client includes ` + "`pg_dump` and `pg_restore`" + `, memory does not.
Blocks are those that the server looked at, in its memory or not; disk reads what its disk was asked for; round trips those that lay one
behind the other, whichever connection each of them went. The cold steps need root and a kernel that throttles disks, else they are left out.
` + "`pg_sample` and `greenmask`" + ` are measured too where they are on the ` + "`PATH`" + `.

` + "`make bench`" + ` needs Linux, PostgreSQL's server programs, 16 GB of memory (half of it for the server, which then holds all data), 30 GB of disk below
` + "`TMPDIR` and `/tmp`" + `, and patience: it makes the shops first, on a server of its own that it removes at the end. Variables narrow it down:

| variable | default | |
|---|---|---|
| ` + "`BENCH_SCALE`" + ` | ` + "`1,4`" + ` | shops of 12 and of 48 million rows |
| ` + "`BENCH_ROUNDS`" + ` | ` + "`3`" + ` | |
| ` + "`BENCH_STEPS`" + ` | all | such as ` + "`scan,schema,database`" + ` |
| ` + "`BENCH_SERVER`" + ` | its own | URL of an idle server on this computer, for a superuser; the shops stay there as ` + "`bench1` and `bench4`" + ` |

`

// Markdown is the whole page.
func (d Document) Markdown() string {
	var b strings.Builder
	b.WriteString(opening)
	fmt.Fprintf(&b, "## Results\n\n%s.\n%s.\n", d.Machine, d.rounds())
	for _, s := range d.Shops {
		fmt.Fprintf(&b, "\n### %s\n\n%s", s.describe(), s.costs().markdown())
	}
	fmt.Fprintf(&b, "\n## Goals\n\n%s", d.goals().markdown())
	if missing := d.missing(); missing != "" {
		fmt.Fprintf(&b, "\n%s", missing)
	}
	for _, s := range d.Shops {
		if len(s.Tables) > 0 {
			fmt.Fprintf(&b, "\n## Kept of %s\n\n%s", s.title(), s.kept().markdown())
		}
	}
	return b.String()
}

func (d Document) rounds() string {
	if d.Rounds == 1 {
		return d.Day.Format(time.DateOnly) + ", one round"
	}
	return fmt.Sprintf("%s, %d rounds: median (fastest to slowest)", d.Day.Format(time.DateOnly), d.Rounds)
}

func (d Document) missing() string {
	if len(d.Missing) == 0 {
		return ""
	}
	return "Not installed, so not measured: " + strings.Join(d.Missing, ", ") + ".\n"
}

func (s Shop) describe() string {
	return fmt.Sprintf("%s in %d tables and partitions, %s", s.title(), s.Heaps, size(s.Bytes))
}

// costs is a line for each step.
func (s Shop) costs() *grid {
	g := &grid{header: []string{
		"step", "seconds", "spread", "server CPU s", "client CPU s", "peak memory",
		"of pg tools", "blocks", "disk reads", "round trips", "rows", "of target",
	}}
	for _, series := range s.Steps {
		m := series.Median()
		least, most := series.Spread()
		of, _ := divide(float64(m.Rows), float64(m.Target))
		g.add(series.Step, decimal(m.Seconds), fmt.Sprintf("%.2f–%.2f", least, most), decimal(m.Server),
			decimal(m.Client),
			size(m.Memory), size(m.Children), whole(m.Blocks), whole(m.Reads), whole(m.Trips), whole(m.Rows),
			decimal(of))
	}
	return g
}

// kept is a line for each table.
func (s Shop) kept() *grid {
	g := &grid{
		header: []string{"table", "source", "target", "kept", "of target", "forced", "mostly by"},
		words:  map[int]bool{6: true},
	}
	for _, t := range s.Tables {
		of, _ := divide(float64(t.Kept), float64(t.Target))
		g.add(t.Name, whole(t.Source), whole(t.Target), whole(t.Kept), decimal(of), whole(t.Forced), t.By)
	}
	return g
}

func (d Document) goals() *grid {
	g := &grid{header: []string{"ratio", "value", "goal"}, words: map[int]bool{2: true}}
	goals := Speed(d.Shops)
	for _, s := range d.Shops {
		goals = append(goals, s.Balance()...)
	}
	for _, goal := range goals {
		g.add(goal.Name, fmt.Sprintf("%.2f", goal.Value), goal.Verdict())
	}
	return g
}
