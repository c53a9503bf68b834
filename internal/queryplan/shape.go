package queryplan

import (
	"slices"
	"strings"
)

// Shape is what makes a plan this one and no other, on one line: its nodes, the relations and indexes that they use,
// and their order. Costs, rows and conditions are none of it.
func (p *Plan) Shape() string {
	var b strings.Builder
	p.Root.shape(&b)
	return b.String()
}

func (n *Node) shape(b *strings.Builder) {
	b.WriteString(n.Name())
	if n.Subplan != "" {
		b.WriteString(" as " + n.Role)
	}
	if len(n.Children) == 0 {
		return
	}
	b.WriteString(" (")
	for i := range n.Children {
		if i > 0 {
			b.WriteString(", ")
		}
		n.Children[i].shape(b)
	}
	b.WriteString(")")
}

// Name is what a node does to what, in the words of EXPLAIN's text.
func (n *Node) Name() string {
	var b strings.Builder
	if n.Parallel {
		b.WriteString("Parallel ")
	}
	b.WriteString(n.verb())
	if n.Direction == "Backward" {
		b.WriteString(" Backward")
	}
	if n.Index != "" && n.Type != "Bitmap Index Scan" {
		b.WriteString(" using " + n.Index)
	}
	switch {
	case n.Type == "Bitmap Index Scan":
		b.WriteString(" on " + n.Index)
	case n.Relation != "":
		b.WriteString(" on " + n.Relation)
	case n.Of != "":
		b.WriteString(" on " + n.Of)
	}
	table := n.Relation[strings.LastIndexByte(n.Relation, '.')+1:]
	if n.Alias != "" && n.Alias != table && n.Alias != n.Of {
		b.WriteString(" " + n.Alias)
	}
	return b.String()
}

func (n *Node) verb() string {
	switch n.Type {
	case "ModifyTable":
		return n.Operation
	case "Aggregate":
		return n.aggregate()
	case "SetOp":
		if n.Strategy == "Hashed" {
			return "HashSetOp"
		}
	case "Nested Loop":
		if n.Join != "" && n.Join != "Inner" {
			return "Nested Loop " + n.Join + " Join"
		}
	case "Hash Join", "Merge Join":
		if n.Join != "" && n.Join != "Inner" {
			return strings.TrimSuffix(n.Type, "Join") + n.Join + " Join"
		}
	}
	return n.Type
}

func (n *Node) aggregate() string {
	name := map[string]string{
		"Plain": "Aggregate", "Sorted": "GroupAggregate", "Hashed": "HashAggregate", "Mixed": "MixedAggregate",
	}[n.Strategy]
	if name == "" {
		name = n.Type
	}
	if n.Partial != "" && n.Partial != "Simple" {
		return n.Partial + " " + name
	}
	return name
}

// reads lists the aliases below a node, or the relations where they have none, in alphabetical order.
func (n *Node) reads() []string {
	var names []string
	n.Walk(func(one *Node) {
		switch {
		case one.Alias != "" && len(one.Children) == 0 || one.Type == "Bitmap Heap Scan":
			names = append(names, one.Alias)
		case one.Relation != "" && len(one.Children) == 0:
			names = append(names, one.Relation)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}
