package plan

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

var update = flag.Bool("update", false, "write what is planned for the imagined databases into testdata")

// What is planned for databases of many shapes. That a number here changes is
// no mistake by itself: it is to be seen, and meant.
func TestMake_PlansForImaginedDatabases(t *testing.T) {
	const databases = 120
	var b strings.Builder
	for seed := range uint64(databases) {
		drawPlan(t, &b, seed)
	}
	file := filepath.Join("testdata", "imagined.txt")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("go test ./subset/plan -run Imagined -update writes it anew, to be read in the diff: %s", diff)
	}
}

// drawPlan makes up a database and writes down what is planned for it.
func drawPlan(t *testing.T, b *strings.Builder, seed uint64) {
	t.Helper()
	d := dice{rand.New(rand.NewPCG(seed, 7))}
	m := imagine()
	names := make([]string, 2+d.upTo(5))
	for i := range names {
		names[i] = string(rune('a' + i))
		d.shape(m, m.table(names[i], d.rows()))
	}
	for range 1 + d.upTo(2*len(names)) {
		d.connect(m, names)
	}
	spec := Spec{Tables: map[string]Rule{}, Seed: seed}
	d.specify(&spec, names)
	p, err := Make(m.db, m.counts, spec)
	if err != nil {
		fmt.Fprintf(b, "\n%d: %v\n", seed, err)
		return
	}
	writePlan(b, seed, p)
}

func writePlan(b *strings.Builder, seed uint64, p *Plan) {
	e := p.Expected
	fmt.Fprintf(b, "\n%d: %s, target %d, allowance %d, expected %d with %d forced, %d bytes, %.3f s\n",
		seed, p.Mode, p.Target, p.Allowance, e.Rows, e.Forced, e.Bytes, e.Seconds)
	for i := range p.Tables {
		t := &p.Tables[i]
		e := t.Expected
		fmt.Fprintf(b, "  %s %d rows, target %d, reserve %.3f, %s; expected %d with %d forced, %d bytes, %.3f s; %s",
			t.Name, t.Rows, t.Target, t.Reserve, t.Strategy, e.Rows, e.Forced, e.Bytes, e.Seconds, t.Reason)
		if t.Rule != "" {
			fmt.Fprintf(b, "; %s", t.Rule)
		}
		fmt.Fprintf(b, "; family %v of %d\n", p.InFamily(t), len(p.FamilyTables(i)))
	}
	for _, k := range p.Keys {
		fmt.Fprintf(b, "  %s: %s -> %s forces %d, declared %v, validated %v\n",
			k.Name, k.Child, k.Parent, k.Forced, k.Declared, k.Validated)
	}
	for _, line := range append(append([]string{}, p.Warnings...), p.Advice...) {
		fmt.Fprintf(b, "  ! %s\n", line)
	}
	for _, o := range p.LeftOut {
		fmt.Fprintf(b, "  left out: %s (%s)\n", o.Name, o.Reason)
	}
}

// dice make up what a database is like.
type dice struct{ *rand.Rand }

func (d dice) upTo(most int) int  { return d.IntN(most + 1) }
func (d dice) one(among int) bool { return d.IntN(among) == 0 }

func (d dice) rows() int64 {
	sizes := []int64{0, 1, 12, 300, 900, 20_000, 20_001, 70_000, 150_000, 1_000_000, 1_000_001, 3_000_000}
	return sizes[d.IntN(len(sizes))]
}

// shape makes a table one that is analyzed badly, partitioned, without a key,
// or not to be read.
func (d dice) shape(m *imagined, t *catalog.Table) {
	h := t.Heaps[0]
	h.Toast, h.Bytes = int64(d.upTo(3))*h.Pages*4096, h.Pages*8192
	switch d.IntN(40) {
	case 0, 6, 7:
		h.Was, h.Statistics = 0, map[string]catalog.Statistics{}
	case 1, 8, 9:
		h.Was = h.Pages / 3
	case 2, 10, 11:
		t.Keys = nil
	case 3, 12, 13:
		second := *h
		second.OID, second.Name.Name = h.OID+1000, h.Name.Name+"_2"
		second.Statistics = map[string]catalog.Statistics{"id": {Distinct: -1, Width: 4}}
		t.Heaps, t.Partitioned = append(t.Heaps, &second), true
		m.counts[second.OID] = catalog.Count{Rows: m.counts[h.OID].Rows / 2}
	case 4:
		t.Readable, t.Denied = false, []catalog.Name{t.Name}
	case 5:
		t.RowSecurity = true
	}
	kinds := []string{
		"text", "numeric(10,2)", "uuid", "bytea", "date", "boolean", "smallint", "double precision",
		"timestamp with time zone", "timestamp without time zone",
	}
	for n := range d.upTo(3) {
		c := catalog.Column{Name: fmt.Sprintf("c%d", n), Type: kinds[d.IntN(len(kinds))], Generated: d.one(8)}
		t.Columns = append(t.Columns, c)
		if d.one(6) {
			continue
		}
		h.Statistics[c.Name] = catalog.Statistics{
			Distinct: -0.5, Null: float64(d.upTo(4)) / 8,
			Width: float64(d.upTo(40)),
		}
	}
}

func (d dice) connect(m *imagined, names []string) {
	child, parent := names[d.IntN(len(names))], names[d.IntN(len(names))]
	rows := float64(m.counts[m.byName[parent].Heaps[0].OID].Rows)
	distinct := []float64{0, 1, rows / 20, rows / 2, rows, rows, rows, -0.01, -0.3, -1}[d.IntN(10)]
	k := m.key(child, parent, distinct, []float64{0, 0, 0, 0.3, 0.999}[d.IntN(5)])
	column := &k.Child.Columns[len(k.Child.Columns)-1]
	column.NotNull = d.one(2)
	k.Nullable, k.Validated = !column.NotNull, !d.one(6)
	if d.one(3) {
		k.Indexed, k.Index = false, ""
	}
	s := k.Child.Heaps[0].Statistics[column.Name]
	s.Correlation = float64(d.upTo(4)) / 4
	k.Child.Heaps[0].Statistics[column.Name] = s
	switch {
	case d.one(8):
		k.OID, k.Index = 0, ""
	case d.one(8):
		k.Child.Keys = append(k.Child.Keys, catalog.Key{Name: "u", Columns: k.ChildColumns})
	case d.one(10):
		k.OID, k.When = 0, "kind = 'x'"
	}
}

func (d dice) specify(spec *Spec, names []string) {
	if d.one(4) {
		spec.Mode = ModeFamily
	}
	rules := []Rule{
		{All: true},
		{None: true},
		{Rows: 40},
		{Share: 0.2},
		{Where: "c0 > 5"},
		{Rows: 300, Where: "c0 = 'x'"},
	}
	for _, name := range names {
		if d.one(4) {
			spec.Tables["s."+name] = rules[d.IntN(len(rules))]
		}
	}
	if d.one(5) {
		spec.Roots = []Root{{Table: "s." + names[0], Where: "id = 42"}}
	}
	spec.Conditions = d.one(3)
}
