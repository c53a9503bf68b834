package mask

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestSpelledOut_ReadsWhatAColumnIsComputedOf(t *testing.T) {
	host := catalog.Computed{Name: "Host", Columns: []string{"email"}, SQL: "lower(email)"}
	index := catalog.Unique{Columns: []string{"Host", "nick"}, Keys: []string{`"Host"`, "nick"}, Plain: true}
	want := catalog.Unique{Columns: []string{"Host", "nick", "email"}, Keys: []string{"lower(email)", "nick"}}
	if diff := cmp.Diff(want, spelledOut(index, host)); diff != "" {
		t.Error(diff)
	}
	host.Name = "host"
	bare := catalog.Unique{Columns: []string{"host"}, Keys: []string{"host", "hosted"}, Plain: true}
	if diff := cmp.Diff([]string{"lower(email)", "hosted"}, spelledOut(bare, host).Keys); diff != "" {
		t.Error(diff)
	}
	if bare.Keys[0] != "host" || !bare.Plain {
		t.Errorf("the index itself has changed: %+v", bare)
	}
}

// hosted is a schema where orders refer to customers by the host of their
// address, which the server computes.
func hosted(ofChild bool) (Source, *catalog.Table) {
	s, customers, orders := store()
	columnOf(customers, s.Details, "host", "text", "text", -1)
	customers.Columns[len(customers.Columns)-1].Generated = true
	s.Details.Computed = map[*catalog.Table][]catalog.Computed{
		customers: {{Name: "host", Columns: []string{"nick"}, SQL: "split_part(nick, '@', 2)"}},
	}
	columnOf(orders, s.Details, "host", "text", "text", -1)
	key := &catalog.ForeignKey{
		OID: 8, Name: "by_host", Child: orders, ChildRel: orders.Name, ChildColumns: []string{"host"},
		Parent: customers, ParentRel: customers.Name, ParentColumns: []string{"host"},
	}
	if ofChild {
		key.Child, key.Parent, key.ChildRel, key.ParentRel = customers, orders, customers.Name, orders.Name
	}
	s.Keys = []*catalog.ForeignKey{key}
	return s, customers
}

func TestResolve_RefusesMasksThatChangeAKeyOfTheServers(t *testing.T) {
	for name, c := range map[string]struct {
		rule    Rule
		ofChild bool
		want    string
		feeds   bool
	}{
		"of a parent":           {Rule{As: "token"}, false, "changes the generated column host", false},
		"of a child":            {Rule{As: "token"}, true, "changes the generated column host", false},
		"of a parent, emptied":  {Rule{As: "null"}, false, "changes the generated column host", false},
		"of a child, emptied":   {Rule{As: "null"}, true, "", false},
		"what is kept of it":    {Rule{As: "email", Keep: "domain"}, false, "", true},
		"of a child, what kept": {Rule{As: "email", Keep: "domain"}, true, "", true},
	} {
		s, customers := hosted(c.ofChild)
		c.rule.Column = "shop.customers.nick"
		p, err := resolved(s, c.rule)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if p.Feeds(customers) != c.feeds || p.Feeds(s.Database.Tables[1]) {
			t.Errorf("%s: feeds a key: %v", name, p.Feeds(customers))
		}
	}
	s, _ := hosted(false)
	if _, err := resolved(s, Rule{Column: "shop.customers.country", As: "token"}); err != nil {
		t.Errorf("a column of which nothing is computed: %v", err)
	}
	s.Keys[0].ParentColumns = []string{"email"}
	if _, err := resolved(s, Rule{Column: "shop.customers.nick", As: "token"}); err != nil {
		t.Errorf("what is computed is no key: %v", err)
	}
}

func TestResolve_HoldsAnIndexOnWhatIsComputed(t *testing.T) {
	for as, want := range map[string]string{"token": "whose keys are expressions", "city": "its values come from a list"} {
		s, customers := hosted(false)
		s.Keys = nil
		s.Details.Unique[customers] = []catalog.Unique{
			{Name: "by_host", Columns: []string{"host"}, Keys: []string{"host"}, Plain: true},
			{Name: "by_code", Columns: []string{"code"}, Keys: []string{"code"}, Plain: true},
		}
		_, err := resolved(s, Rule{Column: "shop.customers.nick", As: as})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "by_code") {
			t.Errorf("%s: %v, want %q", as, err, want)
		}
	}
}

func TestKept_AsksWhetherAKeyIsWhatItWas(t *testing.T) {
	s, customers := hosted(false)
	p, err := resolved(s, Rule{Column: "shop.customers.nick", As: "email", Keep: "domain"})
	if err != nil {
		t.Fatal(err)
	}
	probes := p.Kept(customers, []string{"id", "nick"}, []byte("1\tann@a.test\n"), []byte("1\tx@a.test\n"))
	if len(probes) != 1 || len(probes[0].Values) != 2 {
		t.Fatalf("%+v", probes)
	}
	for i, want := range []string{"ann@a.test", "x@a.test"} {
		if got := probes[0].Values[i].([]*string); len(got) != 1 || *got[0] != want {
			t.Errorf("value %d is %v", i, got)
		}
	}
	if got := p.Kept(customers, []string{"id"}, []byte("1\n"), []byte("1\n")); len(got) > 0 {
		t.Errorf("of what is not read: %+v", got)
	}
	if got := p.Kept(s.Database.Tables[1], []string{"nick"}, nil, nil); len(got) > 0 {
		t.Errorf("of another table: %+v", got)
	}
	if got := p.Reads(customers, s.Details, nil); len(got) != 1 || got[0] != "nick" {
		t.Errorf("it reads %q", got)
	}
}
