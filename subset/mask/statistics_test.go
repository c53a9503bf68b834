package mask

import (
	"slices"
	"strings"
	"testing"
)

func TestStatistics_AreMaskedAsRowsAre(t *testing.T) {
	s, customers, _ := store()
	p, err := resolved(s, Rule{Column: "shop.customers.nick", As: "email"})
	if err != nil {
		t.Fatal(err)
	}
	values := []string{"jane@corp.example", "tab\there@corp.example", ""}
	got, ok := p.Statistics(customers, "nick", values)
	rows := "jane@corp.example\ntab\\there@corp.example\n\n"
	block, err := p.Block(customers, []string{"nick"}, []byte(rows))
	if err != nil || !ok || strings.Join(got, "\n")+"\n" != string(block) {
		t.Errorf("%q, %v; rows are %q, %v", got, ok, block, err)
	}
	if slices.Contains(got, values[0]) {
		t.Error("nothing is masked")
	}
}

func TestStatistics_AreNoneWhereTheValueAloneDoesNotDecide(t *testing.T) {
	s, customers, _ := store()
	for _, rule := range []Rule{
		{As: "scrub"},
		{As: "null"},
		{As: "constant", Value: "x"},
		{As: "template", Value: "{token}"},
		{As: "sql", Value: "'x'"},
		{As: "city", Country: "country"},
	} {
		rule.Column = "shop.customers.nick"
		p, err := resolved(s, rule)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := p.Statistics(customers, "nick", []string{"Rome"}); ok || got != nil {
			t.Errorf("%s: %q", rule, got)
		}
	}
	var none *Plan
	if _, ok := none.Statistics(customers, "nick", nil); ok {
		t.Error("a column without a rule is masked")
	}
}
