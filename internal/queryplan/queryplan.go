// Package queryplan knows plans of PostgreSQL's planner as values: it reads what EXPLAIN (FORMAT JSON, VERBOSE) writes,
// compares two plans of one statement, and prints them as trees.
//
//	EXPLAIN ──▶ Parse ──▶ Plan ──▶ Compare with another ──▶ Changes: lost indexes, new scans, other joins
package queryplan

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Plan is how the planner would run one statement.
type Plan struct {
	Root Node `json:"plan"`
}

// Node is one step of a plan, with what EXPLAIN says of it in EXPLAIN's words.
type Node struct {
	Type      string  `json:"node_type"`
	Relation  string  `json:"relation,omitempty"` // schema.table that is read or written
	Alias     string  `json:"alias,omitempty"`
	Index     string  `json:"index,omitempty"`
	Join      string  `json:"join,omitempty"`         // Inner, Left, Semi
	Strategy  string  `json:"strategy,omitempty"`     // of an Aggregate or SetOp: Plain, Sorted, Hashed, Mixed
	Partial   string  `json:"partial,omitempty"`      // of an Aggregate: Simple, Partial, Finalize
	Operation string  `json:"operation,omitempty"`    // of a ModifyTable: Insert, Update, Delete, Merge
	Direction string  `json:"direction,omitempty"`    // of an index scan: Forward, Backward
	Parallel  bool    `json:"parallel,omitempty"`     // several workers share it
	Workers   int     `json:"workers,omitempty"`      // of a Gather
	Role      string  `json:"relationship,omitempty"` // Outer, Inner, Subquery, InitPlan, SubPlan, Member
	Subplan   string  `json:"subplan,omitempty"`      // its name, where it is one
	Of        string  `json:"of,omitempty"`           // the CTE or the function that is read
	Startup   float64 `json:"startup_cost"`
	Cost      float64 `json:"total_cost"`
	Rows      float64 `json:"rows"`
	Width     int     `json:"width"` // bytes

	Details  []Detail `json:"details,omitempty"`
	Children []Node   `json:"children,omitempty"`
}

// Detail is a condition or a key of a node.
type Detail struct {
	Name string `json:"name"` // Filter, Index Cond, Sort Key
	Text string `json:"text"`
}

// written is a node as EXPLAIN writes it.
type written struct {
	Type      string  `json:"Node Type"`
	Schema    string  `json:"Schema"`
	Relation  string  `json:"Relation Name"`
	Alias     string  `json:"Alias"`
	Index     string  `json:"Index Name"`
	Join      string  `json:"Join Type"`
	Strategy  string  `json:"Strategy"`
	Partial   string  `json:"Partial Mode"`
	Operation string  `json:"Operation"`
	Direction string  `json:"Scan Direction"`
	Parallel  bool    `json:"Parallel Aware"`
	Workers   int     `json:"Workers Planned"`
	Role      string  `json:"Parent Relationship"`
	Subplan   string  `json:"Subplan Name"`
	CTE       string  `json:"CTE Name"`
	Function  string  `json:"Function Name"`
	Startup   float64 `json:"Startup Cost"`
	Cost      float64 `json:"Total Cost"`
	Rows      float64 `json:"Plan Rows"`
	Width     int     `json:"Plan Width"`

	Plans []json.RawMessage `json:"Plans"`
}

// told are the conditions and keys that are kept, in the order in which they are shown.
var told = []string{
	"Index Cond", "Recheck Cond", "TID Cond", "Order By", "Hash Cond", "Merge Cond", "Join Filter", "Filter",
	"One-Time Filter", "Sort Key", "Presorted Key", "Group Key", "Cache Key",
}

// errNoPlan means that the text is none of EXPLAIN's.
var errNoPlan = errors.New("not what EXPLAIN (FORMAT JSON) writes")

// Parse reads the answer to EXPLAIN (FORMAT JSON, VERBOSE) of one statement. Of one that rules make several of, it is
// the first.
func Parse(text []byte) (*Plan, error) {
	var all []struct {
		Plan json.RawMessage `json:"Plan"`
	}
	if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 || all[0].Plan == nil {
		return nil, errNoPlan
	}
	root, err := node(all[0].Plan)
	if err != nil {
		return nil, err
	}
	return &Plan{Root: root}, nil
}

func node(text json.RawMessage) (Node, error) {
	var w written
	var all map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(text, &w), json.Unmarshal(text, &all)); err != nil {
		return Node{}, fmt.Errorf("%w: %w", errNoPlan, err)
	}
	n := Node{
		Type: w.Type, Relation: w.Relation, Alias: w.Alias, Index: w.Index, Join: w.Join, Strategy: w.Strategy,
		Partial: w.Partial, Operation: w.Operation, Direction: w.Direction, Parallel: w.Parallel, Workers: w.Workers,
		Role: w.Role, Subplan: w.Subplan, Of: w.CTE + w.Function, Startup: w.Startup, Cost: w.Cost, Rows: w.Rows,
		Width: w.Width,
	}
	if w.Schema != "" && w.Relation != "" {
		n.Relation = w.Schema + "." + w.Relation
	}
	for _, name := range told {
		if text := detail(all[name]); text != "" {
			n.Details = append(n.Details, Detail{name, text})
		}
	}
	for _, plan := range w.Plans {
		child, err := node(plan)
		if err != nil {
			return Node{}, err
		}
		n.Children = append(n.Children, child)
	}
	return n, nil
}

// detail is a text, or several of them with commas between.
func detail(raw json.RawMessage) string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return ""
	}
	text := ""
	for i, part := range list {
		if i > 0 {
			text += ", "
		}
		text += part
	}
	return text
}

// Walk visits a node and all below it, from the top down.
func (n *Node) Walk(visit func(*Node)) {
	visit(n)
	for i := range n.Children {
		n.Children[i].Walk(visit)
	}
}
