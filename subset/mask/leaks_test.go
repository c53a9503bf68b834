package mask

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// leaky is a table of which one column is masked and others give it away.
func leaky() (*catalog.Table, *catalog.Details, *Plan) {
	t := &catalog.Table{Name: catalog.Name{Schema: "public", Name: "people"}}
	details := &catalog.Details{Columns: map[*catalog.Table]map[string]catalog.ColumnDetail{t: {}}}
	for name, base := range map[string]string{
		"email": "text", "login": "text", "digest": "text", "upper": "text", "search": "tsvector", "flag": "bool",
		"kept":  "text",
		"other": "text", "gone": "text", "list": "text", "sum": "int4",
	} {
		details.Columns[t][name] = catalog.ColumnDetail{Base: base, Array: name == "list"}
	}
	for _, name := range []string{
		"email", "login", "digest", "upper", "search", "flag", "kept", "other", "gone", "list",
		"sum",
	} {
		t.Columns = append(t.Columns, catalog.Column{Name: name, Type: "text", Generated: name == "sum"})
	}
	p := &Plan{tables: map[*catalog.Table]map[string]*Column{t: {
		"email": {rule: Rule{As: "email"}}, "kept": {rule: Rule{As: "keep"}}, "gone": {rule: Rule{As: "null"}},
		"list": {rule: Rule{As: "constant"}},
	}}}
	return t, details, p
}

func TestPlan_TellsWhatIsMaskedOpenAndEmpty(t *testing.T) {
	table, _, p := leaky()
	want := Sensitive{"email": "email", "gone": "null", "list": "constant"}
	if diff := cmp.Diff(want, p.Masked(table)); diff != "" {
		t.Error(diff)
	}
	rules := []Rule{{Column: "public.people.other", As: "keep"}, {Column: "public.people.login", As: "text"}}
	open := p.Open(table, rules, p.Masked(table))
	if diff := cmp.Diff([]string{"login", "digest", "upper", "search", "flag"}, open); diff != "" {
		t.Error(diff)
	}
	for column, nulls := range map[string]bool{
		"email": false, "kept": false, "gone": true, "list": true,
		"login": false,
	} {
		if p.Nulls(table, column) != nulls {
			t.Errorf("%s becomes empty: %v", column, !nulls)
		}
	}
	one := &Plan{tables: map[*catalog.Table]map[string]*Column{table: {"email": {rule: Rule{As: "email"}}}}}
	if !one.Masks(table) {
		t.Error("a table with one masked column is not masked")
	}
	for column, want := range map[string]string{"email": "How", "kept": "keep", "login": ""} {
		p.tables[table]["email"].How, p.tables[table]["kept"].How = "How", "keep"
		if got := p.RuleOf(table, column, nil); got != want {
			t.Errorf("the rule of %s is %q", column, got)
		}
	}
	if got := p.RuleOf(table, "other", rules); got != "keep" {
		t.Errorf("the rule of a column that is kept by name is %q", got)
	}
	var none *Plan
	if none.Nulls(table,
		"gone") || none.Masks(table) || len(none.Masked(table)) > 0 || !p.Masks(table) || (&Plan{}).Masks(table) {
		t.Error("of no plan")
	}
}

func TestWords_AreOpenOnlyBesideWhatIsMasked(t *testing.T) {
	table, details, p := leaky()
	found := Words(table, details, []string{"login", "search"}, p.Masked(table))
	if len(found) != 1 || found[0].Name != "search" || found[0].As != "null" {
		t.Errorf("%+v", found)
	}
	if found := Words(table, details, []string{"search"}, Sensitive{"email": "email"}); len(found) != 1 {
		t.Errorf("beside one column: %+v", found)
	}
	if found := Words(table, details, []string{"search"}, Sensitive{}); len(found) > 0 {
		t.Errorf("beside nothing: %+v", found)
	}
}

func TestCopies_GiveAMaskedColumnAway(t *testing.T) {
	table, details, p := leaky()
	columns := []string{"email", "login", "digest", "upper", "flag", "other", "list"}
	rows := []string{
		"ann.lee@corp.test\tann.lee\t9fd6dd3a1e5d5a8ac4b1de95b7a2a3e4\tANN.LEE@CORP.TEST\tt\tx\tann.lee@corp.test",
		"bob.roe@corp.test\tbob.roe\t\\N\tBOB.ROE@CORP.TEST\tf\ty\tbob.roe@corp.test",
		"eve.poe@corp.test\teve.poe\t\\N\tEVE.POE@CORP.TEST\tt\tz\teve.poe@corp.test",
		"\\N\tnobody\t\\N\t\tt\tw\t",
	}
	raw := []byte(strings.Join(rows, "\n") + "\n")
	open := []string{"login", "digest", "upper", "flag", "other"}
	got := map[string]string{}
	for _, f := range Copies(table, details, columns, raw, open, p.Masked(table)) {
		got[f.Name] = f.Topic + " as " + f.As + ": " + f.Reason
	}
	want := map[string]string{
		"login": "a copy of email as text: it is a part of it in 100 % of the sampled rows",
		"upper": "a copy of email as email: it is the same but for case and signs in 100 % of the sampled rows",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, s := range map[string]Sensitive{
		"nothing is masked": {}, "a list is masked": {"list": "text"},
		"a truth value is": {"flag": "text"},
	} {
		if found := Copies(table, details, columns, raw, open, s); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if found := Copies(table, details, columns, raw, []string{"other"}, p.Masked(table)); len(found) > 0 {
		t.Errorf("of a column that is not open: %+v", found)
	}
}

func TestPrivacyReport_SaysHowValuesWereTreated(t *testing.T) {
	one := []Column{{Table: "a.b", Name: "c", How: "email"}}
	two := append(one, Column{Table: "a.b", Name: "d", How: "text"}, Column{Table: "a.e", Name: "c", How: "null"})
	for _, c := range []struct {
		report PrivacyReport
		want   []string
	}{
		{PrivacyReport{}, nil},
		{PrivacyReport{Level: PrivacyOff}, []string{"privacy off, no column is masked"}},
		{PrivacyReport{Level: PrivacyWarn, Unmasked: []string{"a.b.c"}}, []string{
			"privacy warn, no column is masked, 1 column copied that looked sensitive",
		}},
		{PrivacyReport{Level: PrivacyStrict, Masked: one, Key: "fresh"}, []string{
			"privacy strict, 1 column masked with a key of this run alone", "masked: a.b: c (email)",
		}},
		{PrivacyReport{
			Level: PrivacyStrict, Masked: two, Key: "given", Unmasked: []string{"x", "y"},
			Schema: []LiteralFinding{
				{Place: "view v", Topic: "a name", Rule: "keep"},
				{Place: "view w", Topic: "a name"},
			},
		}, []string{
			"privacy strict, 3 columns masked, 2 columns copied that looked sensitive",
			"masked: a.b: c (email), d (text)",
			"masked: a.e: c (null)", "schema: view v: holds a name: keep",
		}},
	} {
		if diff := cmp.Diff(c.want, c.report.Lines()); diff != "" {
			t.Error(diff)
		}
	}
	for text, ok := range map[string]bool{"strict": true, "warn": true, "off": true, "": false, "Strict": false} {
		if p, err := ParsePrivacy(text); (err == nil) != ok || ok && string(p) != text || !ok && p != "" {
			t.Errorf("%q: %q, %v", text, p, err)
		}
	}
}

func TestResolveLiterals_RewritesWhatMayBeRewritten(t *testing.T) {
	literals := []catalog.Passage{
		{Place: "view a.b", Text: "ask ann.lee@corp.test"},
		{Place: "enum a.c", Text: "bob.roe@corp.test"},
		{Place: "comment on table a.d", Text: "by Mary Johnson"},
		{Place: "view a.e", Text: "nothing"},
	}
	find := func(rules ...LiteralRule) (topics []string, w Rewrite, says string) {
		m := &Mistakes{}
		findings, w := ResolveLiterals(literals, rules, NewKey("k"), m)
		for _, f := range findings {
			topics = append(topics, f.String()+" "+f.Rule+" "+f.Suggest())
		}
		if err := m.Err(); err != nil || m.Any() {
			says = err.Error()
		}
		return topics, w, says
	}
	topics, w, says := find(LiteralRule{Place: "*", As: "scrub"})
	want := []string{
		"view a.b: holds an email address scrub scrub", "enum a.c: holds an email address  ",
		"comment on table a.d: holds a name scrub scrub",
	}
	if diff := cmp.Diff(want, topics); diff != "" || says != "" || len(w.Replace) != 2 || len(w.Comments) != 0 {
		t.Errorf("%s: %+v %s", diff, w, says)
	}
	if w.Replace["ann.lee@corp.test"] == "" || w.Replace["bob.roe@corp.test"] != "" {
		t.Errorf("%+v", w)
	}
	if _, w,
		says := find(LiteralRule{
		Place: "comment on *",
		As:    "drop",
	}); says != "" || !w.Comments["by Mary Johnson"] || len(w.Replace) > 0 {
		t.Errorf("%+v %s", w, says)
	}
	if _, w, says := find(LiteralRule{Place: "*", As: "keep"}); says != "" || len(w.Comments)+len(w.Replace) > 0 {
		t.Errorf("%+v %s", w, says)
	}
	for says, r := range map[string]LiteralRule{
		`nothing is called "hide"`:               {Place: "view a.b", As: "hide"},
		"only comments can be dropped":           {Place: "view a.b", As: "drop"},
		"rows depend on it, so it has to stay":   {Place: "enum a.c", As: "scrub"},
		"conf:3: schema: view x: the source has": {Place: "view x", As: "keep", Where: "conf:3"},
	} {
		if _, _, got := find(r); !strings.Contains(got, says) {
			t.Errorf("%+v: %q, want %q", r, got, says)
		}
	}
}
