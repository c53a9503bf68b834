package plan

// kin are rows of one table that belong to a root.
type kin struct {
	table int
	rows  float64
	by    *tie // to the rows that they belong to, which are kept; nil: the root itself
}

// keepRoot keeps the rows of a root and all that belongs to them: their
// children, and theirs, each of which brings what it references.
func (f *forecast) keepRoot(r RootShare) {
	const few, mostRounds = 0.5, 16
	var fresh []kin // that bring their children yet
	for i := range f.tables {
		if f.plan.Tables[i].Table.Name.Dotted() == r.Table {
			fresh = append(fresh, kin{table: i, rows: r.Share * f.tables[i].rows})
		}
	}
	brought := make([]float64, len(f.tables))
	for range mostRounds {
		var next []kin
		for _, k := range fresh {
			if k.rows = min(k.rows, f.tables[k.table].rows-brought[k.table]); k.rows >= few {
				brought[k.table] += k.rows
				f.keepKin(k)
				next = append(next, f.childrenOf(k)...)
			}
		}
		fresh = next
	}
}

// keepKin keeps rows, of which some may be kept already, and what they
// reference.
func (f *forecast) keepKin(k kin) {
	t := &f.tables[k.table]
	added := k.rows * (1 - t.kept()/max(t.rows, 1))
	t.sampled += added
	for _, l := range f.ties[k.table] {
		if l != k.by {
			f.bring(l, l.fresh(f, added*l.missing(f)))
		}
	}
}

// childrenOf are the children that rows have by each key.
func (f *forecast) childrenOf(k kin) []kin {
	var children []kin
	for _, ties := range f.ties {
		for _, l := range ties {
			if l.parent == k.table && !f.plan.Tables[l.child].Keep.None {
				rows := f.tables[l.child].rows * l.refers * k.rows / max(f.tables[k.table].rows, 1)
				children = append(children, kin{table: l.child, rows: rows, by: l})
			}
		}
	}
	return children
}
