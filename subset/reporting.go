package subset

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/offshoot-dev/offshoot/subset/score"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// report says what the run kept.
func (r *run) report() *Report {
	report := &Report{
		Version: 1, Database: r.plan.Database, Server: r.src.Database.Version,
		Seed: r.plan.Seed, Curve: r.plan.Curve,
		SourceRows: r.plan.SourceRows, Target: r.plan.Target,
		Seconds: time.Since(r.began).Seconds(), Expected: r.plan.Expected, Steps: r.steps,
		LeftOut: r.plan.LeftOut, Warnings: slices.Concat(r.plan.Warnings, r.warnings),
		LargeObjects: r.objects, Privacy: r.plan.Privacy,
	}
	for i := range r.plan.Tables {
		t := r.tableReport(i)
		t.Position, t.OffTarget = r.positionBias(i), score.OffTarget(t.Rows-t.Target, t.Target)
		report.Rows += t.Rows
		report.Bytes += t.Bytes
		report.Overflow += max(t.Rows-t.Target, 0)
		report.Tables = append(report.Tables, t)
	}
	report.OffTarget = report.offTarget()
	for i, k := range r.plan.ForeignKeys {
		report.Keys = append(report.Keys, KeyReport{
			Name: k.String(), Child: k.ChildRel.Dotted(), Parent: k.ParentRel.Dotted(),
			Declared: k.OID != 0, Validated: k.OID != 0 && k.Validated,
			Rows: r.kept.Keys[i].Rows, Dangling: r.kept.Keys[i].Dangling,
			ChildTable: k.Child.Name.Dotted(), ParentTable: k.Parent.Name.Dotted(), Columns: k.ChildColumns,
		})
	}
	return report
}

func (r *run) tableReport(i int) TableReport {
	p, tally := &r.plan.Tables[i], &r.kept.Tables[i]
	t := TableReport{
		Schema: p.Schema, Name: p.Name, Source: p.Rows, Estimated: p.Estimated, Target: p.Target, Expected: p.Expected,
		Rows: tally.Rows(), Sampled: tally.Sampled, Forced: tally.Forced,
		LookedUp: tally.LookedUp,
	}
	for _, h := range p.Table.Heaps {
		c := r.heaps[h]
		t.Bytes += c.bytes
		t.Seconds += c.seconds
	}
	for _, key := range slices.Sorted(maps.Keys(tally.By)) {
		t.ForcedBy = append(t.ForcedBy, Force{Key: r.plan.ForeignKeys[key].String(), Rows: tally.By[key]})
	}
	slices.SortStableFunc(t.ForcedBy, func(a, b Force) int { return cmp.Compare(b.Rows, a.Rows) })
	return t
}

// positionBias is that of a table of the plan, by the rows kept of each heap.
func (r *run) positionBias(i int) *score.Distance {
	var rows [][]snapshot.Row
	var pages []int64
	for _, h := range r.plan.Tables[i].Table.Heaps {
		rows, pages = append(rows, r.kept.Of(h)), append(pages, h.Pages)
	}
	return score.BlockBias(rows, pages)
}

// offTarget is how far the rows of a run's tables are from their targets, in
// rows above or below, as a share of all that was to be kept.
func (r *Report) offTarget() float64 {
	var off int64
	for _, t := range r.Tables {
		off += max(t.Rows-t.Target, t.Target-t.Rows)
	}
	return score.OffTarget(off, r.Target)
}
