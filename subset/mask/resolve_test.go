package mask

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// columnOf describes a column for tests: its name and type, as PostgreSQL
// prints it, and what pg_type calls it.
func columnOf(t *catalog.Table, d *catalog.Details, name, typ, base string, modifier int) {
	t.Columns = append(t.Columns, catalog.Column{Name: name, Type: typ})
	if d.Columns[t] == nil {
		d.Columns[t] = map[string]catalog.ColumnDetail{}
	}
	d.Columns[t][name] = catalog.ColumnDetail{
		Base: base, System: true, Modifier: modifier,
		Array: strings.HasSuffix(typ, "[]"),
	}
}

// store is a schema with one column of each kind that matters to rules, and
// orders that reference customers by their address.
func store() (Source, *catalog.Table, *catalog.Table) {
	d := &catalog.Details{
		Columns: map[*catalog.Table]map[string]catalog.ColumnDetail{}, Unique: map[*catalog.Table][]catalog.Unique{},
		Checks: map[*catalog.Table][]catalog.Check{}, Routes: map[*catalog.Table][]string{},
	}
	customers := &catalog.Table{Name: catalog.Name{Schema: "shop", Name: "customers"}}
	columnOf(customers, d, "id", "bigint", "int8", -1)
	columnOf(customers, d, "email", "character varying(60)", "varchar", 64)
	columnOf(customers, d, "code", "character varying(12)", "varchar", 16)
	columnOf(customers, d, "nick", "text", "text", -1)
	columnOf(customers, d, "born", "date", "date", -1)
	columnOf(customers, d, "tags", "text[]", "text", -1)
	columnOf(customers, d, "profile", "jsonb", "jsonb", -1)
	columnOf(customers, d, "balance", "numeric(8,2)", "numeric", 8<<16|2+4)
	columnOf(customers, d, "tiny", "numeric(2,5)", "numeric", 2<<16|5+4)
	columnOf(customers, d, "active", "boolean", "bool", -1)
	columnOf(customers, d, "country", "text", "text", -1)
	columnOf(customers, d, "shown", "text", "text", -1)
	customers.Columns[0].NotNull, customers.Columns[1].NotNull, customers.Columns[11].Generated = true, true, true
	orders := &catalog.Table{Name: catalog.Name{Schema: "shop", Name: "orders"}}
	columnOf(orders, d, "id", "integer", "int4", -1)
	columnOf(orders, d, "customer", "character varying(40)", "varchar", 44)
	columnOf(orders, d, "placed", "date", "date", -1)
	columnOf(orders, d, "amount", "numeric", "numeric", -1)
	d.Routes[orders] = []string{"placed"}
	unique := func(name string, columns ...string) catalog.Unique {
		return catalog.Unique{Name: name, Columns: columns, Keys: columns, Plain: true}
	}
	d.Unique[customers] = []catalog.Unique{
		unique("customers_pkey", "id"), unique("customers_email", "email"),
		unique("customers_code", "code"), unique("customers_tags", "tags"),
	}
	key := &catalog.ForeignKey{
		OID: 7, Name: "orders_customer", Child: orders, ChildRel: orders.Name, ChildColumns: []string{"customer"},
		Parent: customers, ParentRel: customers.Name, ParentColumns: []string{"email"},
	}
	return Source{
		Database: &catalog.Database{Tables: []*catalog.Table{customers, orders}, Encoding: "UTF8"},
		Details:  d, Keys: []*catalog.ForeignKey{key},
	}, customers, orders
}

// resolved gives each rule a line of its own.
func resolved(s Source, rules ...Rule) (*Plan, error) {
	for i := range rules {
		rules[i].Where = fmt.Sprintf("offshoot.yaml:%d", i+1)
	}
	p, mistakes := Resolve(s, rules, NewKey("k"))
	return p, mistakes.Err()
}

func TestResolve_RefusesWhatCannotBeKept(t *testing.T) {
	for _, c := range []struct{ column, as, want string }{
		{"id", "email", "email does not work on the type bigint"},
		{"active", "noise", "noise does not work on the type boolean"},
		{"born", "text", "text does not work on the type date"},
		{"profile", "text", "text does not work on the type jsonb"},
		{"tags", "shift", "shift does not work on the type text[]"},
		{"tiny", "noise", "noise does not work on the type numeric(2,5)"},
		{"email", "name", "name cannot keep the index customers_email unique: its values come from a list"},
		{"email", "scrub", "scrub cannot keep the index customers_email unique: it changes what it finds"},
		{"email", "constant", "constant cannot keep the index customers_email unique: all its values are the same"},
		{"email", "null", "the column is NOT NULL"},
		{"code", "email", "email needs 28 characters and the column holds 12"},
		{"code", "token", "token cannot keep the index customers_code unique: the column is too short"},
		{"code", "hash", "hash cannot keep the index customers_code unique: the column is too short"},
		{"code", "url", "url needs 36 characters and the column holds 12"},
		{"code", "address", "address needs 80 characters and the column holds 12"},
		{"tags", "email", "email cannot keep the index customers_tags unique: its values are arrays"},
		{"id", "noise", "noise cannot keep the index customers_pkey unique: two numbers may become the same one"},
		{"shown", "text", "the server computes this column of others"},
		{"nobody", "text", "the source has no such column"},
	} {
		s, _, _ := store()
		s.Keys = nil
		_, err := resolved(s, Rule{Column: "shop.customers." + c.column, As: c.as})
		if want := "offshoot.yaml:1: mask: shop.customers." + c.column + ": " + c.want; err == nil ||
			!strings.HasPrefix(err.Error(), want) || !errors.Is(err, hint.ErrUsage) {
			t.Errorf("got %v\nwant %s", err, want)
		} else if strings.Count(err.Error(), c.column) != strings.Count(want, c.column) && c.as == "text" {
			t.Errorf("told more than once: %v", err)
		}
	}
}

func TestResolve_TakesWhatCanBeKept(t *testing.T) {
	for column, kinds := range map[string]string{
		"id":      "token keep sql-",
		"email":   "email token hash text iban card phone uuid url username",
		"code":    "text phone iban card uuid mac postcode null",
		"nick":    "name first_name scrub constant address hash token template- sql-",
		"born":    "shift bucket- null constant",
		"tags":    "null",
		"balance": "token noise null",
		"active":  "null keep",
	} {
		for as := range strings.FieldsSeq(kinds) {
			rule := Rule{Column: "shop.customers." + column, As: strings.TrimSuffix(as, "-")}
			switch as {
			case "sql-":
				rule.Value = "1"
				continue // never of what is unique
			case "template-":
				rule.Value = "{token}"
			case "bucket-":
				rule.To = "year"
			}
			s, _, _ := store()
			s.Keys = nil
			if _, err := resolved(s, rule); err != nil {
				t.Errorf("%s of %s: %v", as, column, err)
			}
		}
	}
}

func TestResolve_TheColumnWinsOverPatternsAndTheFirstPatternOverOthers(t *testing.T) {
	s, customers, _ := store()
	_, err := resolved(s, Rule{Column: "*.nick", As: "name"}, Rule{Column: "*", As: "text"},
		Rule{Column: "shop.customers.nick", As: "hash"}, Rule{Column: "SHOP.*.country", As: "city"})
	if err == nil {
		t.Fatal("text of everything cannot keep what is unique and partitioned")
	}
	p, err := resolved(s, Rule{Column: "*.nick", As: "name"}, Rule{Column: "*.Nick", As: "text"},
		Rule{Column: "SHOP.*.country", As: "city"}, Rule{Column: "shop.customers.born", As: "keep"},
		Rule{Column: "*.born", As: "shift"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Columns {
		got = append(got, c.String())
	}
	if diff := cmp.Diff([]string{"shop.customers.country: city", "shop.customers.nick: name"}, got); diff != "" {
		t.Error(diff)
	}
	if !p.Masks(customers) || p.Nulls(customers, "nick") {
		t.Error("nick is not masked, or to nothing")
	}
}

func TestResolve_PatternsPassOverTypesThatTheyDoNotMean(t *testing.T) {
	s, _, _ := store()
	p, err := resolved(s, Rule{Column: "*.active", As: "email"}, Rule{Column: "*.born", As: "name"},
		Rule{Column: "*.nowhere", As: "name"})
	if err != nil || len(p.Columns) != 0 {
		t.Errorf("%v, %v", p.Columns, err)
	}
}

func TestResolve_SpreadsAlongKeysAndMakesBothSidesFit(t *testing.T) {
	for _, side := range []string{"shop.customers.email", "shop.orders.customer"} {
		s, customers, orders := store()
		p, err := resolved(s, Rule{Column: side, As: "email"})
		if err != nil {
			t.Fatal(err)
		}
		parent, child := p.tables[customers]["email"], p.tables[orders]["customer"]
		if parent == nil || child == nil || parent.field.limit != 40 || child.field.limit != 40 {
			t.Fatalf("by %s: %+v, %+v", side, parent, child)
		}
		const value = "somebody.with.a.long.name@corp.test"
		one, _ := parent.apply(p.key)(&row{}, value)
		other, _ := child.apply(p.key)(&row{}, value)
		if one != other || len(one) > 40 {
			t.Errorf("by %s: %q and %q", side, one, other)
		}
		if len(p.Columns) != 2 ||
			!strings.Contains(p.Columns[0].String()+p.Columns[1].String(), "(by shop.orders.orders_customer)") {
			t.Errorf("%v", p.Columns)
		}
	}
}

func TestResolve_RefusesKeysWhoseSidesDisagree(t *testing.T) {
	email, customer := "shop.customers.email", "shop.orders.customer"
	for want, rules := range map[string][]Rule{
		"shop.orders.customer is token, but shop.customers.email is email, and shop.orders.orders_customer joins them": {{Column: email, As: "email"}, {Column: customer, As: "token"}},
		"shop.orders.customer is keep, but shop.customers.email is email":                                              {{Column: email, As: "email"}, {Column: customer, As: "keep"}},
		"shop.orders.customer is email, keep domain, but shop.customers.email is email,":                               {{Column: email, As: "email"}, {Column: customer, As: "email", Keep: "domain"}},
	} {
		s, customers, orders := store()
		p, err := resolved(s, rules...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if p.Masks(customers) || p.Masks(orders) {
			t.Errorf("%s: the plan still masks one of them", want)
		}
	}
	s, _, _ := store()
	s.Details.Unique = nil
	for _, rule := range []Rule{
		{Column: email, As: "sql", Value: "lower(email)"},
		{Column: email, As: "city", Country: "country"},
	} {
		if _, err := resolved(s, rule); err == nil ||
			!strings.Contains(err.Error(), "depends on more than the value") &&
				!strings.Contains(err.Error(), "has no column country") {
			t.Errorf("%s: %v", rule.As, err)
		}
	}
	columnOf(s.Database.Tables[1], s.Details, "email", "citext", "citext", -1)
	s.Keys[0].ChildColumns = []string{"email"}
	if _, err := resolved(s, Rule{Column: email, As: "token"}); err == nil ||
		!strings.Contains(err.Error(), "types in which equal values are written differently") {
		t.Errorf("citext and varchar: %v", err)
	}
}

func TestResolve_LeavesPartitionsWhereTheyAre(t *testing.T) {
	s, _, _ := store()
	if _, err := resolved(s, Rule{Column: "shop.orders.placed", As: "shift"}); err == nil ||
		!strings.Contains(err.Error(), "it decides in which partition a row lies") {
		t.Errorf("%v", err)
	}
}

func TestResolve_KnowsWhatMakesTextsEqual(t *testing.T) {
	email := "shop.customers.email"
	for _, c := range []struct {
		index catalog.Unique
		as    string
		taken bool
	}{
		{catalog.Unique{Name: "i", Columns: []string{"email"}, Keys: []string{"lower((email)::text)"}}, "email", true},
		{catalog.Unique{Name: "i", Columns: []string{"email"}, Keys: []string{"lower((email)::text)"}}, "text", false},
		{
			catalog.Unique{Name: "i", Columns: []string{"email"}, Keys: []string{`"left"((email)::text, 3)`}},
			"email",
			false,
		},
		{
			catalog.Unique{Name: "i", Columns: []string{"email", "id"}, Keys: []string{"id", "upper((email)::text)"}},
			"token", true,
		},
		{
			catalog.Unique{
				Name: "i", Columns: []string{"email"}, Keys: []string{"email"}, Plain: true,
				Exclusion: true,
			},
			"email", false,
		},
		{
			catalog.Unique{Name: "i", Columns: []string{"email"}, Keys: []string{"email"}, Plain: true, OneNull: true},
			"email", true,
		},
	} {
		s, customers, _ := store()
		s.Keys, s.Details.Unique[customers] = nil, []catalog.Unique{c.index}
		if _, err := resolved(s, Rule{Column: email, As: c.as}); (err == nil) != c.taken {
			t.Errorf("%s of %v: %v", c.as, c.index.Keys, err)
		}
	}
	s, customers, _ := store()
	d := s.Details.Columns[customers]["email"]
	d.Loose, s.Keys = true, nil
	s.Details.Columns[customers]["email"] = d
	if _, err := resolved(s, Rule{Column: email, As: "email"}); err == nil ||
		!strings.Contains(err.Error(), "its collation calls different texts equal") {
		t.Errorf("%v", err)
	}
}

func TestResolve_KnowsNoLettersWithoutAnEncoding(t *testing.T) {
	s, _, _ := store()
	s.Database.Encoding = "SQL_ASCII"
	if _, err := resolved(s, Rule{Column: "*.nick", As: "name"}); err == nil ||
		!strings.Contains(err.Error(), "SQL_ASCII") {
		t.Errorf("%v", err)
	}
	if _, err := resolved(s, Rule{Column: "*.nick", As: "hash"}); err != nil {
		t.Error(err)
	}
}

func suggestion(s Source, t *catalog.Table, f Finding) (Rule, bool) {
	rules, _ := Candidates(s, t, f)
	if len(rules) == 0 {
		return Rule{}, false
	}
	return rules[0], true
}

func TestSuggest_GivesARuleThatResolves(t *testing.T) {
	for column, want := range map[string]string{
		"email": "shop.customers.email: email", "code": "shop.customers.code: text",
		"nick":    "shop.customers.nick: username",
		"born":    "shop.customers.born: {as: shift, days: 365}",
		"profile": `shop.customers.profile: {as: json, at: {"**": text}}`,
		"balance": "shop.customers.balance: noise", "active": `shop.customers.active: "null"`,
		"id": "shop.customers.id: token", "tags": `shop.customers.tags: "null"`,
	} {
		as := map[string]string{
			"email": "email", "code": "email", "nick": "username", "born": "shift",
			"profile": "json", "balance": "noise", "active": "null", "id": "noise", "tags": "scrub",
		}[column]
		s, customers, _ := store()
		rule, ok := suggestion(s, customers, Finding{Table: "shop.customers", Name: column, As: as})
		if !ok || rule.YAML() != want {
			t.Errorf("%s: %s, %v, not %s", column, rule.YAML(), ok, want)
		}
		s, _, _ = store()
		if _, err := resolved(s, rule); err != nil {
			t.Errorf("%s: %v", column, err)
		}
	}
	s, customers, _ := store()
	if rule, ok := suggestion(s, customers, Finding{Table: "shop.customers", Name: "nobody", As: "text"}); ok {
		t.Errorf("%v for a column that is not there", rule)
	}
}

func TestUnruled_ListsWhatNobodyHasDecidedAbout(t *testing.T) {
	s, _, _ := store()
	rules := []Rule{
		{Column: "*.email", As: "email"},
		{Column: "shop.customers.born", As: "keep"},
		{Column: "shop.customers.nick", As: "nothing"},
	}
	p, mistakes := Resolve(s, rules, NewKey("k"))
	if !mistakes.Any() {
		t.Error("nothing is no transformer")
	}
	all := map[string][]string{"shop.customers": {
		"id", "email", "code", "nick", "born", "profile", "balance", "tiny",
		"active", "country",
	}, "shop.orders": {"id", "customer", "placed", "amount"}}
	var got []string
	for _, f := range Unruled(s, rules, p, all) {
		got = append(got, f.String())
	}
	if diff := cmp.Diff([]string{"shop.customers.tags: appeared since the last scan"}, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	for _, f := range Unruled(s, nil, nil, nil) {
		got = append(got, f.Column())
	}
	if diff := cmp.Diff([]string{"shop.customers.email", "shop.customers.born"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnruled_WantsARuleForColumnsOfLargeObjects(t *testing.T) {
	for name, c := range map[string]struct{ objects, system, want bool }{
		"large objects": {true, true, true}, "none in the database": {false, true, false},
		"a type of that name": {true, false, false},
	} {
		s, customers, _ := store()
		columnOf(customers, s.Details, "scan", "oid", "oid", -1)
		detail := s.Details.Columns[customers]["scan"]
		detail.System = c.system
		s.Details.Columns[customers]["scan"] = detail
		s.Details.Objects = c.objects
		var found bool
		for _, f := range Unruled(s, nil, nil, nil) {
			found = found || f.Name == "scan" && f.Topic == "large objects" && f.As == "null"
		}
		if found != c.want {
			t.Errorf("%s: asked about: %v", name, found)
		}
	}
}

func TestLookAt_SaysHowManyCharactersFitAndWhatIsAKey(t *testing.T) {
	s, customers, orders := store()
	customers.Keys = []catalog.Key{
		{Primary: true, Columns: []string{"id"}},
		{Columns: []string{"nick"}},
		{Primary: true, Columns: []string{"code", "born"}},
	}
	for column, want := range map[string]struct {
		limit int
		key   bool
	}{"email": {60, false}, "id": {0, true}, "nick": {0, false}, "code": {12, false}, "balance": {0, false}} {
		if got := s.LookAt(customers, column); got.Limit != want.limit || got.Key != want.key {
			t.Errorf("%s: %+v", column, got)
		}
	}
	if got := s.LookAt(orders, "customer"); got.Limit != 40 || !got.Key {
		t.Errorf("a column that refers to another: %+v", got)
	}
}

func TestResolve_ReadsColumnsThatAreThere(t *testing.T) {
	for name, c := range map[string]struct {
		rule Rule
		want string
	}{
		"by another":            {Rule{Column: "shop.customers.born", As: "shift", By: "id"}, ""},
		"by none":               {Rule{Column: "shop.customers.born", As: "shift", By: "nobody"}, "has no column nobody"},
		"by a computed one":     {Rule{Column: "shop.customers.born", As: "shift", By: "shown"}, "has no column shown"},
		"a country":             {Rule{Column: "shop.customers.nick", As: "city", Country: "country"}, ""},
		"no country":            {Rule{Column: "shop.customers.nick", As: "city", Country: "shown"}, "has no column shown"},
		"a date without itself": {Rule{Column: "shop.orders.year", As: "shift", Date: []string{"id"}}, "does not name the column itself"},
		"a year":                {Rule{Column: "shop.orders.year", As: "shift", Date: []string{"year"}}, ""},
		"a date to a number":    {Rule{Column: "shop.customers.born", As: "bucket", To: "10"}, "bucket to 10 does not work"},
		"a date to its month":   {Rule{Column: "shop.customers.born", As: "bucket", To: "month"}, ""},
		"a number to a month":   {Rule{Column: "shop.orders.amount", As: "bucket", To: "month"}, "bucket to month does not work"},
		"a number to a number":  {Rule{Column: "shop.orders.amount", As: "bucket", To: "10"}, ""},
	} {
		s, _, orders := store()
		columnOf(orders, s.Details, "year", "integer", "int4", -1)
		_, err := resolved(s, c.rule)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestMistakes_AreToldInTheOrderOfTheRules(t *testing.T) {
	s, _, _ := store()
	_, err := resolved(s, Rule{Column: "shop.customers.born", As: "text"}, Rule{Column: "*.nick", As: "nothing"},
		Rule{Column: "shop.nobody.x", As: "text"}, Rule{Column: "shop.customers.active", As: "text"})
	if err == nil {
		t.Fatal("no mistakes")
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if want := fmt.Sprintf("offshoot.yaml:%d: ", i+1); !strings.HasPrefix(line, want) {
			t.Errorf("mistake %d is %s", i+1, line)
		}
	}
}

func TestResolve_RemembersWhatAWrongPatternWasMeantFor(t *testing.T) {
	s, customers, _ := store()
	rules := []Rule{{Column: "*.nick", As: "nothing"}}
	p, _ := Resolve(s, rules, NewKey("k"))
	for column, want := range map[string]bool{"nick": true, "email": false} {
		if got := p.decided(rules, customers, column); got != want {
			t.Errorf("somebody has thought of %s: %v", column, got)
		}
	}
}

func TestProbes_AskAboutTypesAndConstraintsOfMaskedColumns(t *testing.T) {
	s, customers, _ := store()
	s.Details.Checks[customers] = []catalog.Check{
		{Name: "both", Columns: []string{"nick", "id"}, SQL: "nick <> id::text"},
		{Name: "named", Columns: []string{"country"}, SQL: "country <> ''"},
		{Name: "other", Columns: []string{"balance"}, SQL: "balance > 0"},
	}
	p, err := resolved(s, Rule{Column: "*.nick", As: "text"}, Rule{Column: "*.country", As: "first_name"})
	if err != nil {
		t.Fatal(err)
	}
	columns := p.Reads(customers, s.Details, nil)
	if diff := cmp.Diff([]string{"id", "nick", "country"}, columns); diff != "" {
		t.Fatal(diff)
	}
	asked := func(probes []Probe) (list []string) {
		for _, q := range probes {
			list = append(list, q.Check+q.columns[0].Name)
		}
		return list
	}
	rows := []byte("1\tx\\ty\tAnn\n2\t\\N\t\\N\n")
	all := p.Probes(customers, columns, rows, s.Details, Proof{})
	if diff := cmp.Diff([]string{"nick", "country", "bothnick", "namedcountry"}, asked(all)); diff != "" {
		t.Error(diff)
	}
	if got := all[2].Values[0].([]*string); *got[0] != "x\ty" || got[1] != nil {
		t.Errorf("the values of nick are %v", got)
	}
	proof := Proof{}
	spaces := p.Spaces(customers, s.Details)
	if diff := cmp.Diff([]string{"country", "namedcountry"}, asked(spaces)); diff != "" {
		t.Error(diff)
	}
	for _, q := range spaces {
		proof.Add(q)
	}
	if diff := cmp.Diff([]string{"nick", "bothnick"},
		asked(p.Probes(customers, columns, rows, s.Details, proof))); diff != "" {
		t.Error(diff)
	}
	if !p.Doubtful(customers, s.Details, proof) {
		t.Error("both is not proved")
	}
	proof.Settle(all[2])
	if p.Doubtful(customers, s.Details, proof) {
		t.Error("nothing is left to ask")
	}
	left := p.Reads(customers, s.Details, map[string]bool{"shop.customers.id": true})
	if diff := cmp.Diff([]string{"nick", "country"}, left); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"nick", "country", "namedcountry"},
		asked(p.Probes(customers, left, []byte("a\tb\n"), s.Details, Proof{}))); diff != "" {
		t.Error(diff)
	}
}

func TestExpressions_SelectWhatRulesSay(t *testing.T) {
	s, customers, _ := store()
	p, err := resolved(s, Rule{Column: "*.nick", As: "sql", Value: "upper(nick)"},
		Rule{Column: "*.country", As: "city"})
	if err != nil {
		t.Fatal(err)
	}
	got := p.Expressions(customers, []string{"id", "nick", "country"})
	if diff := cmp.Diff([]string{`"id"`, `(upper(nick))::text`, `"country"`}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"nick"}, p.Evaluated(customers)); diff != "" {
		t.Error(diff)
	}
	if got := (*Plan)(nil).Expressions(customers, []string{"nick"}); got[0] != `"nick"` {
		t.Errorf("%v", got)
	}
}
