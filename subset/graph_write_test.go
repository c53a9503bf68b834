package subset_test

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// nastyNames are read by one of the languages as something else than a name.
var nastyNames = []string{
	"end", "graph", "subgraph", "click", "style", "default", "node", "strict",
	`quote " quote`, `two "" quotes`, `back \ slash`, `ends in \`, `\N \n \l`, "line\nbreak", "return\r\nbreak",
	"tab\tstop", "\x1b[31mred",
	"<b>bold</b>", "<script>alert(1)</script>", "&amp; &lt; &#123; &", "a -->|x| b", "a -> b; c [label=x]", "]", "[",
	"(x)", "{x}", "x]; y[",
	"#35;", "#quot;", "# heading", "`code`", "*bold* _it_ ~~gone~~", "1. first", "- item", "$$x^2$$", "fa:fa-car",
	"[link](javascript:alert(1))",
	"%% comment", "%%{init: {'theme': 'dark'}}%%", "---", "classDef x fill:#f00;", "style x fill:#f00;", "accTitle: x",
	":::x", "@{shape: x}", "~", "/*x*/", "//x",
	"Größe", "表", "таблица", "جدول", "🌱", "e\u0301", "zero\u200bwidth", "\u202eright to left", "\xff\xfe broken",
	" leading and trailing ", "_under_score_", "a.b", strings.Repeat("long", 16),
}

// nastyPlan has a table, a key and a schema of each such name.
func nastyPlan() *plan.Plan {
	p := &plan.Plan{Database: `a "d" \ & <b>` + "\n%%{init: {}}%%"}
	for i, name := range nastyNames {
		schema := nastyNames[i/8*8]
		p.Tables = append(p.Tables, plan.TablePlan{
			Schema: schema, Name: name, Rows: int64(i * i * i), Estimated: i%2 == 0, Target: int64(i),
			Expected: plan.Expected{Rows: int64(i * i)},
		})
		if i > 0 {
			parent := p.Tables[i/2]
			p.Keys = append(p.Keys, plan.KeyPlan{
				Name: name, Child: schema + "." + name, Parent: parent.Schema + "." + parent.Name,
				Columns:   []string{name},
				Validated: i%3 > 0, Forced: int64(i % 7 * 100),
			})
		}
	}
	return p
}

func TestPlan_DrawsNastyNames(t *testing.T) {
	p := nastyPlan()
	wantGolden(t, "names.mmd", p.WriteMermaid)
	wantGolden(t, "names.dot", p.WriteDOT)
}

// Every line of a drawing is of one of these forms, whatever the names are.
var (
	mermaidText  = `(?:[\p{L}\p{Nd} \x{FFFD}]|[\p{L}\p{Nd}][-_.,][\p{L}\p{Nd}]|[-_.,]|#\d+;)*`
	mermaidLines = regexp.MustCompile(`^(?:flowchart LR|  %% ` + mermaidText + `|  subgraph s\d+ \["` + mermaidText +
		`"\]|  end` +
		`|    t\d+\["` + mermaidText + `<br/>` + mermaidText + `"\]:::rows\d|  t\d+ -\.?->(?:\|"[\d,]+"\|)? t\d+` +
		`|  linkStyle \d+ stroke-width:[\d.]+px|  classDef rows\d font-size:\d+px)$`)

	dotText  = `"(?:[^"\\]|\\["\\n])*"`
	dotLines = regexp.MustCompile(`^(?:digraph subset \{|  graph \[label=` + dotText +
		`, [a-zA-Z=\-,. "]+\]|  (?:node|edge) \[[a-zA-Z0-9=#\-,. "]+\]` +
		`|  subgraph cluster_\d+ \{|    label=` + dotText + `; color="#bbbbbb"|    t\d+ \[label=` + dotText +
		`, width=[\d.]+, height=[\d.]+, fontsize=[\d.]+(?:, fillcolor="#\w+", color="#\w+")?\]` +
		`|  t\d+ -> t\d+ \[tooltip=` + dotText +
		`, penwidth=[\d.]+(?:, label="[\d,]+")?(?:, style=dashed)?\]|  \}|\})$`)
)

func TestPlan_DrawsNothingButWhatItMeans(t *testing.T) {
	p := nastyPlan()
	for language, form := range map[string]*regexp.Regexp{"mermaid": mermaidLines, "dot": dotLines} {
		text := written(t, map[string]func(*strings.Builder) error{
			"mermaid": func(b *strings.Builder) error { return p.WriteMermaid(b) },
			"dot":     func(b *strings.Builder) error { return p.WriteDOT(b) },
		}[language])
		for line := range strings.Lines(text) {
			if !form.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s: %q", language, line)
			}
		}
	}
}

func written(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// FuzzPlan_Drawing looks for a name that gets out of its label.
func FuzzPlan_Drawing(f *testing.F) {
	for _, name := range nastyNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p := &plan.Plan{
			Database: name, Tables: []plan.TablePlan{{Schema: name, Name: name}},
			Keys: []plan.KeyPlan{{Name: name, Child: name + "." + name, Parent: name + "." + name}},
		}
		for _, text := range []struct {
			form *regexp.Regexp
			text string
		}{
			{mermaidLines, written(t, func(b *strings.Builder) error { return p.WriteMermaid(b) })},
			{dotLines, written(t, func(b *strings.Builder) error { return p.WriteDOT(b) })},
		} {
			for line := range strings.Lines(text.text) {
				if !text.form.MatchString(strings.TrimSuffix(line, "\n")) {
					t.Errorf("%q drew %q", name, line)
				}
			}
		}
	})
}

// Graphviz itself reads the drawing, and shows every table by its name.
func TestPlan_DrawsWhatGraphvizReads(t *testing.T) {
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("no dot: install graphviz")
	}
	p := nastyPlan()
	c := exec.CommandContext(t.Context(), dot, "-Tplain")
	c.Stdin = strings.NewReader(written(t, func(b *strings.Builder) error { return p.WriteDOT(b) }))
	out, err := c.CombinedOutput()
	if err != nil || strings.Contains(string(out), "Warning") {
		t.Fatalf("%v: %s", err, out)
	}
	if nodes := strings.Count("\n"+string(out), "\nnode "); nodes != len(nastyNames) {
		t.Errorf("%d tables of %d", nodes, len(nastyNames))
	}
	if edges := strings.Count("\n"+string(out), "\nedge "); edges != len(nastyNames)-1 {
		t.Errorf("%d keys of %d", edges, len(nastyNames)-1)
	}
}

func TestReport_DrawsWhatWasKept(t *testing.T) {
	r := &subset.Report{
		Database: "shop",
		Tables: []subset.TableReport{
			{
				Schema: "public", Name: "users", Source: 9000, Target: 100, Rows: 300,
				ForcedBy: []subset.Force{{Key: "k1", Rows: 150}, {Key: "k2", Rows: 30}},
			},
			{Schema: "sales", Name: "orders", Source: 50000, Estimated: true, Target: 1200, Rows: 1200},
			{Schema: "sales", Name: "empty"},
		},
		Keys: []subset.KeyReport{
			{
				Name: "k1", Child: "sales.orders_2024", Parent: "public.users", ChildTable: "sales.orders",
				ParentTable: "public.users", Columns: []string{"buyer"}, Validated: true,
			},
			{
				Name: "k2", Child: "sales.orders_2025", Parent: "public.users", ChildTable: "sales.orders",
				ParentTable: "public.users", Columns: []string{"buyer"}, Validated: true,
			},
			{
				Name: "k3", Child: "sales.orders", Parent: "public.users", ChildTable: "sales.orders",
				ParentTable: "public.users", Columns: []string{"seller"},
			},
			{
				Name: "k4", Child: "far.away", Parent: "public.users", ChildTable: "far.away",
				ParentTable: "public.users",
			},
		},
	}
	dot := written(t, func(b *strings.Builder) error { return r.WriteDOT(b) })
	mermaid := written(t, func(b *strings.Builder) error { return r.WriteMermaid(b) })
	for _, want := range []string{
		`label="users\n300 of 9,000"`, `label="orders\n1,200 of ~50,000"`,
		`t1 -> t0 [tooltip="k1\nk2", penwidth=3.26, label="180"]`,
		`t1 -> t0 [tooltip="k3", penwidth=1.00, style=dashed]`,
		`fillcolor="#fbe3c8"`, `fillcolor="#f4f4f4"`, `subgraph cluster_1 {`,
	} {
		if !strings.Contains(dot, want) {
			t.Errorf("no %s in:\n%s", want, dot)
		}
	}
	for _, want := range []string{
		`t0["users<br/>300 of 9,000"]:::rows3`, `t2["empty<br/>0 of 0"]:::rows0`, `t1 -->|"180"| t0`, `t1 -.-> t0`,
		`linkStyle 0 stroke-width:3.3px`, `subgraph s1 ["sales"]`,
	} {
		if !strings.Contains(mermaid, want) {
			t.Errorf("no %s in:\n%s", want, mermaid)
		}
	}
	if n := strings.Count(mermaid, "linkStyle"); n != 2 {
		t.Errorf("%d arrows, want 2", n)
	}
}

func TestPlan_DrawsTablesByWhatIsKeptOfThem(t *testing.T) {
	p := &plan.Plan{}
	var widths []string
	for _, n := range []int64{0, 1, 10, 1000, 100000, 10000000} {
		p.Tables = append(p.Tables,
			plan.TablePlan{Schema: "s", Name: fmt.Sprint(n), Rows: n, Target: n, Expected: plan.Expected{Rows: n}})
	}
	dot := written(t, func(b *strings.Builder) error { return p.WriteDOT(b) })
	for _, m := range regexp.MustCompile(`width=([\d.]+), height`).FindAllStringSubmatch(dot, -1) {
		widths = append(widths, m[1])
	}
	if got, want := strings.Join(widths, " "), "0.80 0.95 1.32 2.30 3.30 4.30"; got != want {
		t.Errorf("widths %s, want %s", got, want)
	}
}
