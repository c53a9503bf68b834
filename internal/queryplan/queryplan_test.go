package queryplan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
)

// scan and loop are what EXPLAIN writes, shortened.
const (
	byIndex = `{"Node Type": "Index Scan", "Parent Relationship": "Inner", "Scan Direction": "Forward",
		"Index Name": "orders_customer_id_idx", "Relation Name": "orders", "Schema": "public", "Alias": "o",
		"Startup Cost": 0.43, "Total Cost": 8.45, "Plan Rows": 5, "Plan Width": 64, "Index Cond": "(o.customer_id = c.id)"}`
	whole = `{"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "orders", "Schema": "public",
		"Alias": "o", "Startup Cost": 0, "Total Cost": 240511.5, "Plan Rows": 12000000, "Plan Width": 64,
		"Filter": "((o.total > '5'::numeric) AND (o.note IS NULL))"}`
	people = `{"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "customers", "Schema": "public",
		"Alias": "c", "Startup Cost": 0, "Total Cost": 10, "Plan Rows": 100, "Plan Width": 8}`
	bitmap = `{"Node Type": "Bitmap Heap Scan", "Relation Name": "orders", "Schema": "public", "Alias": "orders",
		"Startup Cost": 5, "Total Cost": 90, "Plan Rows": 50, "Plan Width": 64, "Recheck Cond": "(orders.note = 'x'::text)",
		"Plans": [{"Node Type": "Bitmap Index Scan", "Parent Relationship": "Outer", "Index Name": "orders_note_idx",
		"Startup Cost": 0, "Total Cost": 5, "Plan Rows": 50, "Plan Width": 0}]}`
)

func loop(children ...string) string {
	return `{"Node Type": "Nested Loop", "Join Type": "Inner", "Startup Cost": 1, "Total Cost": 900, "Plan Rows": 500,
		"Plan Width": 72, "Plans": [` + strings.Join(children, ", ") + `]}`
}

func hash(children ...string) string {
	return `{"Node Type": "Hash Join", "Join Type": "Left", "Startup Cost": 1, "Total Cost": 250000, "Plan Rows": 500,
		"Plan Width": 72, "Hash Cond": "(o.customer_id = c.id)", "Plans": [` + strings.Join(children, ", ") + `]}`
}

func parse(t *testing.T, root string) *queryplan.Plan {
	t.Helper()
	p, err := queryplan.Parse([]byte(`[{"Plan": ` + root + `}]`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse_RefusesWhatIsNoPlan(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `[{"Plan": 7}]`, `[{"Plan": {"Plans": [1]}}]`, "Seq Scan on t"} {
		if p, err := queryplan.Parse([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestShape_NamesNodesRelationsAndIndexesInTheirOrder(t *testing.T) {
	for root, want := range map[string]string{
		loop(people, byIndex): "Nested Loop (Seq Scan on public.customers c, " +
			"Index Scan using orders_customer_id_idx on public.orders o)",
		hash(whole, people): "Hash Left Join (Seq Scan on public.orders o, Seq Scan on public.customers c)",
		bitmap:              "Bitmap Heap Scan on public.orders (Bitmap Index Scan on orders_note_idx)",
		`{"Node Type": "Aggregate", "Strategy": "Hashed", "Partial Mode": "Finalize"}`:                                           "Finalize HashAggregate",
		`{"Node Type": "ModifyTable", "Operation": "Update", "Relation Name": "t", "Schema": "s", "Alias": "t"}`:                 "Update on s.t",
		`{"Node Type": "Seq Scan", "Parallel Aware": true, "Relation Name": "t", "Schema": "s", "Alias": "t"}`:                   "Parallel Seq Scan on s.t",
		`{"Node Type": "Index Scan", "Scan Direction": "Backward", "Index Name": "i", "Relation Name": "t", "Alias": "t"}`:       "Index Scan Backward using i on t",
		`{"Node Type": "Function Scan", "Function Name": "f", "Schema": "pg_catalog", "Alias": "g"}`:                             "Function Scan on f g",
		`{"Node Type": "Result", "Parent Relationship": "InitPlan", "Subplan Name": "InitPlan 1 (returns $0)"}`:                  "Result as InitPlan",
		`{"Node Type": "SetOp", "Strategy": "Hashed", "Plans": [{"Node Type": "Append"}]}`:                                       "HashSetOp (Append)",
		`{"Node Type": "Merge Join", "Join Type": "Semi", "Plans": [{"Node Type": "Sort"}, {"Node Type": "Materialize"}]}`:       "Merge Semi Join (Sort, Materialize)",
		`{"Node Type": "Nested Loop", "Join Type": "Anti", "Plans": [{"Node Type": "Limit"}, {"Node Type": "Index Only Scan"}]}`: "Nested Loop Anti Join (Limit, Index Only Scan)",
	} {
		if got := parse(t, root).Shape(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func kinds(c queryplan.Changes) string {
	var list []string
	for _, one := range c.List {
		list = append(list, one.String())
	}
	return strings.Join(list, "; ")
}

func large(relation string) bool { return relation == "public.orders" }

func TestCompare_FindsWhatIsLost(t *testing.T) {
	for _, c := range []struct {
		name, before, after, want string
		worse                     bool
	}{
		{"nothing", bitmap, bitmap, "", false},
		{
			"an index", bitmap, whole, "lost index: orders_note_idx of public.orders; " +
				"new sequential scan of public.orders", true,
		},
		{
			"an index for another", bitmap, strings.ReplaceAll(bitmap, "note_idx", "other_idx"),
			"lost index: orders_note_idx of public.orders; new index: orders_other_idx of public.orders", false,
		},
		{
			"a scan", whole, bitmap, "new index: orders_note_idx of public.orders; " +
				"no sequential scan of public.orders", false,
		},
		{
			"a join", loop(people, byIndex), hash(whole, people),
			"lost index: orders_customer_id_idx of public.orders; new sequential scan of public.orders; " +
				"changed join: Hash Left Join of (o) and (c) instead of Nested Loop of (c) and (o)", true,
		},
		{
			"of a small table", people, strings.ReplaceAll(bitmap, "orders", "customers"),
			"new index: customers_note_idx of public.customers", false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := queryplan.Compare(parse(t, c.before), parse(t, c.after), large)
			if diff := cmp.Diff(c.want, kinds(got)); diff != "" {
				t.Error(diff)
			}
			if got.Same != (c.want == "") || got.Worse(1e9) != c.worse {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestCompare_TellsCosts(t *testing.T) {
	c := queryplan.Compare(parse(t, bitmap), parse(t, whole), large)
	if c.Before != 90 || c.After != 240511.5 || c.Factor() < 2672 || c.Factor() > 2673 {
		t.Errorf("%+v", c)
	}
	same := queryplan.Compare(parse(t, bitmap), parse(t, strings.ReplaceAll(bitmap, "90", "180")), large)
	if !same.Same || same.Worse(3) || !same.Worse(1.5) {
		t.Errorf("%+v", same)
	}
	if (queryplan.Changes{}).Factor() != 1 {
		t.Error("nothing has become of nothing")
	}
}

func answer(t *testing.T) *queryplan.Answer {
	before, after := parse(t, hash(whole, people)), parse(t, loop(people, byIndex))
	changes := queryplan.Compare(before, after, large)
	return &queryplan.Answer{
		Version: 1, Server: 150018, Notes: []string{"a note"},
		Statements: []queryplan.Statement{
			{
				Text: "SELECT 1", Plan: before, After: after, Changes: &changes,
				Tables: []queryplan.Size{{"public.orders", 12e6, 1.2e9}, {"public.new", -1, 0}},
			},
			{Text: "SELECT\n2", Plan: parse(t, bitmap)},
		},
	}
}

func TestWriteText_DrawsTrees(t *testing.T) {
	want := `SELECT 1
production: cost 250,000 before, 900.00 after: 278 times less
new index: orders_customer_id_idx of public.orders
no sequential scan of public.orders
changed join: Nested Loop of (c) and (o) instead of Hash Left Join of (o) and (c)

cost     rows        plan before
250,000  500         Hash Left Join
                     │  hash cond: o.customer_id = c.id
240,512  12,000,000  ├─ Seq Scan on public.orders o
                     │     filter: ((o.total > '5'::numeric) AND (o.note IS NULL))
10.00    100         └─ Seq Scan on public.customers c

cost    rows  plan after
900.00  500   Nested Loop
10.00   100   ├─ Seq Scan on public.customers c
8.45    5     └─ Index Scan using orders_customer_id_idx on public.orders o
                    index cond: o.customer_id = c.id

table          rows in production  size
public.orders  12,000,000          1.2 GB
public.new     never analyzed      0 B

SELECT 2
production: cost 90.00, about 50 rows

cost   rows  plan
90.00  50    Bitmap Heap Scan on public.orders
             │  recheck cond: (orders.note = 'x'::text)
5.00   50    └─ Bitmap Index Scan on orders_note_idx

a note
`
	var b strings.Builder
	if err := answer(t).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteText_CutsWhatIsWiderThanTheTerminal(t *testing.T) {
	var b strings.Builder
	if err := answer(t).WriteText(document.OfWidth(&b, 60)); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 60 {
			t.Errorf("%d: %s", n, line)
		}
	}
	if !strings.Contains(b.String(), "…") {
		t.Error(b.String())
	}
}

func TestWriteMarkdown_EscapesNames(t *testing.T) {
	a := &queryplan.Answer{Statements: []queryplan.Statement{{
		Plan: parse(t, `{"Node Type": "Seq Scan", "Relation Name": "<b>|\u001b[1m", "Alias": "<b>|\u001b[1m", "Filter": "(')' = a)"}`),
	}}}
	var b strings.Builder
	if err := a.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "<\x1b") ||
		!strings.Contains(b.String(), "Seq Scan on &#60;b&#62;&#124; &#91;1m") ||
		!strings.Contains(b.String(), "(')' = a)") {
		t.Error(b.String())
	}
}
