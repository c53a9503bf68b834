package seed

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// made is everything a generator makes, by table.
type made map[string]rows

type rows struct {
	columns []string
	cells   [][]any
}

func makeAll(o Options) made {
	all := made{}
	for _, t := range newGenerator(o).tables() {
		var cells [][]any
		for row := range t.rows {
			cells = append(cells, row)
		}
		all[strings.Join(t.name, ".")] = rows{t.columns, cells}
	}
	return all
}

// column is every value of a column; NULLs are left out.
func (m made) column(t *testing.T, table, name string) []any {
	t.Helper()
	at := slices.Index(m[table].columns, name)
	if at < 0 {
		t.Fatalf("%s has no column %s", table, name)
	}
	var values []any
	for _, row := range m[table].cells {
		if v := plain(row[at]); v != nil {
			values = append(values, v)
		}
	}
	return values
}

// plain takes the pointer off a value; whole numbers become int64.
func plain(v any) any {
	switch v := v.(type) {
	case *int:
		if v == nil {
			return nil
		}
		return int64(*v)
	case *int16:
		if v == nil {
			return nil
		}
		return int64(*v)
	case *string:
		if v == nil {
			return nil
		}
		return *v
	case *time.Time:
		if v == nil {
			return nil
		}
		return *v
	case int:
		return int64(v)
	case int16:
		return int64(v)
	default:
		return v
	}
}

// print writes rows so that two of them can be compared.
func (r rows) print() []string {
	var lines []string
	for _, row := range r.cells {
		var line strings.Builder
		for _, cell := range row {
			if at, ok := plain(cell).(time.Time); ok {
				cell = at.UnixNano()
			}
			fmt.Fprintf(&line, "%v|", plain(cell))
		}
		lines = append(lines, line.String())
	}
	return lines
}

func TestTables_RowsAreAsWideAsTheirColumns(t *testing.T) {
	for table, r := range makeAll(Options{Scale: 0.05, Seed: 1}) {
		if len(r.cells) == 0 {
			t.Errorf("%s is empty", table)
		}
		for i, row := range r.cells {
			if len(row) != len(r.columns) {
				t.Fatalf("%s row %d has %d values for %d columns", table, i, len(row), len(r.columns))
			}
		}
	}
}

func TestTables_SameSeedSameRowsWhateverTheOrderOfSeeds(t *testing.T) {
	first := makeAll(Options{Scale: 0.03, Seed: 8})
	other := makeAll(Options{Scale: 0.03, Seed: 9})
	again := makeAll(Options{Scale: 0.03, Seed: 8})
	for table := range first {
		if !slices.Equal(first[table].print(), again[table].print()) {
			t.Errorf("%s differs between two runs", table)
		}
		constant := table == "public.countries" || table == "public.categories" || table == "public.teams"
		if same := slices.Equal(first[table].print(), other[table].print()); same != constant {
			t.Errorf("%s: same rows for another seed: %v", table, same)
		}
	}
}

// keys are the references between tables that a generator must keep itself.
func TestTables_EveryReferenceIsThere(t *testing.T) {
	for _, scale := range []float64{0.001, 0.05} {
		all := makeAll(Options{Scale: scale, Seed: 2})
		for child, parent := range map[string]string{
			"public.categories.parent_id":          "public.categories.id",
			"public.suppliers.country_code":        "public.countries.code",
			"public.products.category_id":          "public.categories.id",
			"public.product_variants.product_id":   "public.products.id",
			"public.product_suppliers.supplier_id": "public.suppliers.id",
			"public.teams.lead_id":                 "public.employees.id",
			"public.employees.team_id":             "public.teams.id",
			"public.employees.manager_id":          "public.employees.id",
			"public.employees.mentor_id":           "public.employees.id",
			"crm.customers.referred_by":            "crm.customers.id",
			"crm.customers.advisor_id":             "public.employees.id",
			"crm.addresses.customer_id":            "crm.customers.id",
			"crm.addresses.country_code":           "public.countries.code",
			"crm.NewsletterSignups.customerId":     "crm.customers.id",
			"public.orders.customer_id":            "crm.customers.id",
			"public.orders.packed_by":              "public.employees.id",
			"public.order_lines.order_id":          "public.orders.id",
			"public.order_lines.product_sku":       "public.products.sku",
			"public.reviews.product_id":            "public.products.id",
			"public.reviews.customer_id":           "crm.customers.id",
			"public.events.product_id":             "public.products.id",
			"public.events.customer_id":            "crm.customers.id",
			"public.search_log.customer_id":        "crm.customers.id",
		} {
			known := map[any]bool{}
			for _, v := range all.column(t, parent[:strings.LastIndex(parent, ".")],
				parent[strings.LastIndex(parent, ".")+1:]) {
				known[v] = true
			}
			for _, v := range all.column(t, child[:strings.LastIndex(child, ".")],
				child[strings.LastIndex(child, ".")+1:]) {
				if !known[v] {
					t.Errorf("scale %v: %s = %v is not in %s", scale, child, v, parent)
				}
			}
		}
	}
}

func TestTables_KeysAreUnique(t *testing.T) {
	all := makeAll(Options{Scale: 0.1, Seed: 3})
	for table, key := range map[string][]string{
		"public.countries": {"code"}, "public.categories": {"slug"}, "public.products": {"sku"},
		"public.employees": {"email"}, "crm.customers": {"email"},
		"crm.addresses": {"customer_id", "address_no"}, "public.product_variants": {"product_id", "pot_cm"},
		"public.orders":            {"number"},
		"public.product_suppliers": {"product_id", "supplier_id"}, "public.order_lines": {"order_id", "line_no"},
		"public.events": {"id"}, "public.reviews": {"id"},
	} {
		seen := map[string]bool{}
		for _, row := range all[table].cells {
			var value string
			for _, name := range key {
				value += fmt.Sprint(plain(row[slices.Index(all[table].columns, name)]), "/")
			}
			if seen[value] {
				t.Errorf("%s has %v = %s twice", table, key, value)
			}
			seen[value] = true
		}
	}
}

// Suppliers repeat in steps of seven: no number of them may make a pair twice.
func TestSourcing_PairsAreUniqueForAnyNumberOfSuppliers(t *testing.T) {
	for suppliers := 3; suppliers <= 60; suppliers++ {
		g := newGenerator(Options{Scale: 0.02, Seed: uint64(suppliers)})
		g.size.suppliers = suppliers
		g.products = make([]product, 200)
		seen := map[string]bool{}
		for row := range g.sourcingRows {
			pair := fmt.Sprint(row[0], "/", row[1])
			if seen[pair] || row[1].(int) > suppliers {
				t.Errorf("%d suppliers: %s", suppliers, pair)
			}
			seen[pair] = true
		}
	}
}

func TestTables_SizesFollowTheScale(t *testing.T) {
	count := func(scale float64) map[string]int {
		n := map[string]int{}
		for table, r := range makeAll(Options{Scale: scale, Seed: 4}) {
			n[table] = len(r.cells)
		}
		return n
	}
	small, large := count(0.05), count(0.2)
	for _, table := range []string{"crm.customers", "public.events", "crm.NewsletterSignups", "public.search_log"} {
		if large[table] < 39*small[table]/10 || large[table] > 41*small[table]/10 {
			t.Errorf("%s grows from %d to %d, want four times", table, small[table], large[table])
		}
	}
	for _, table := range []string{"public.products", "public.suppliers", "public.employees"} {
		if large[table] <= small[table] || large[table] > 3*small[table] {
			t.Errorf("%s grows from %d to %d, want slower than the customers", table, small[table], large[table])
		}
	}
	for _, table := range []string{"public.countries", "public.categories", "public.teams"} {
		if small[table] != large[table] {
			t.Errorf("%s grows from %d to %d", table, small[table], large[table])
		}
	}
	if tiny := count(0.000001); tiny["crm.customers"] != 3 || tiny["public.products"] != 3 {
		t.Errorf("the smallest shop is %v", tiny)
	}
}

func TestTables_ScaleOneIsAHundredThousandRows(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		all := makeAll(Options{Scale: 1, Seed: seed})
		total := len(all["public.products"].cells) // of product_stats
		for _, r := range all {
			total += len(r.cells)
		}
		if total < 90_000 || total > 110_000 {
			t.Errorf("seed %d: %d rows, want about 100,000", seed, total)
		}
	}
}

func TestTables_NothingHappensAfterTheBackup(t *testing.T) {
	all := makeAll(Options{Scale: 0.05, Seed: 5})
	for table, column := range map[string]string{
		"public.products": "created_at", "crm.customers": "created_at", "crm.NewsletterSignups": "Signed Up",
		"public.orders":  "placed_at",
		"public.reviews": "created_at", "public.attachments": "created_at", "public.events": "at",
		"public.search_log": "at", "public.employees": "hired_on",
	} {
		for _, v := range all.column(t, table, column) {
			if at := v.(time.Time); at.After(until) || at.Year() < 2010 {
				t.Errorf("%s.%s is %v", table, column, at)
			}
		}
	}
}

func TestCycle_EveryLeadWorksInTheTeamTheyLead(t *testing.T) {
	all := makeAll(Options{Scale: 1, Seed: 6})
	team := map[any]any{}
	for _, row := range all["public.employees"].cells {
		team[plain(row[0])] = plain(row[1])
		if row[0].(int) == 1 && plain(row[2]) != nil {
			t.Error("the director has a manager")
		}
	}
	leads := 0
	for _, row := range all["public.teams"].cells {
		if lead := plain(row[2]); lead != nil {
			leads++
			if team[lead] != plain(row[0]) {
				t.Errorf("team %v is led by %v of team %v", row[0], lead, team[lead])
			}
		}
	}
	if leads != len(teamNames())-1 {
		t.Errorf("%d teams have a lead, want all but the drivers", leads)
	}
}

func TestProducts_OnePartIsNeverDrawnAndFewAreDrawnOften(t *testing.T) {
	g := newGenerator(Options{Scale: 0.3, Seed: 7})
	r := rand.New(rand.NewPCG(1, 1))
	drawn := map[int]int{}
	const draws = 30_000
	for range draws {
		drawn[g.anyProduct(r)]++
	}
	if want := (g.size.products*9 + 9) / 10; len(drawn) > want {
		t.Errorf("%d of %d products are drawn, want at most %d", len(drawn), g.size.products, want)
	}
	counts := slices.Sorted(maps.Values(drawn))
	top := 0
	for _, n := range counts[len(counts)-len(counts)/10:] {
		top += n
	}
	if top < draws*3/10 {
		t.Errorf("the first tenth is drawn %d times of %d, want a third", top, draws)
	}
}

func TestAttachments_NameRecordsOfTheirType(t *testing.T) {
	all := makeAll(Options{Scale: 0.05, Seed: 8})
	tables := map[any]string{"Product": "public.products", "Review": "public.reviews", "Order": "public.orders"}
	seen := map[any]int{}
	for _, row := range all["public.attachments"].cells {
		seen[row[1]]++
		if record := row[2].(int); record < 1 || record > len(all[tables[row[1]]].cells) {
			t.Errorf("%v %d does not exist", row[1], record)
		}
	}
	if len(seen) != 3 {
		t.Errorf("attachments are of %v", seen)
	}
}

func TestReviews_ExactlyOneNamesAModeratorWhoIsGone(t *testing.T) {
	for _, scale := range []float64{0.02, 0.3, 1} {
		gone := 0
		all := makeAll(Options{Scale: scale, Seed: 9})
		for _, v := range all.column(t, "public.reviews", "moderated_by") {
			if v.(int64) > int64(len(all["public.employees"].cells)) {
				gone++
			}
		}
		if gone != 1 {
			t.Errorf("scale %v: %d dangling moderators", scale, gone)
		}
	}
}

var ascii = regexp.MustCompile(`^[a-z0-9.]+@[a-z]+\.(com|org|net|example)$`)

func TestEmails_AreASCII(t *testing.T) {
	all := makeAll(Options{Scale: 0.3, Seed: 10})
	for _, at := range [][2]string{
		{"crm.customers", "email"},
		{"public.employees", "email"},
		{"crm.NewsletterSignups", "Email"},
	} {
		for _, v := range all.column(t, at[0], at[1]) {
			if !ascii.MatchString(v.(string)) {
				t.Errorf("%s: %s", at[0], v)
			}
		}
	}
	for _, v := range all.column(t, "public.suppliers", "email") {
		if !regexp.MustCompile(`^sales@[a-z0-9]+\.example$`).MatchString(v.(string)) {
			t.Errorf("supplier %s", v)
		}
	}
}
