package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

// euro is the SQL of an amount as the pages write it.
func euro(cents string) string {
	return `'€' || trim(to_char(` + cents + ` / 100.0, '999,999,990.00'))`
}

// onDay is the SQL of a date as the pages write it.
func onDay(at string) string { return `to_char(` + at + ` AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY')` }

var orderCells = `'#' || o.number || ' ' || c.full_name || ' ' || ` + onDay("placed_at") + ` || ' ' || status || ' '
	|| (SELECT sum(quantity) FROM order_lines WHERE order_id = o.id) || ' ' || ` + euro("total")

func TestOrders_AreTheLatestSixty(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		want := list[string](s,
			`SELECT `+orderCells+
				` FROM orders o JOIN crm.customers c ON c.id = customer_id ORDER BY placed_at DESC, o.id DESC LIMIT 60`)
		if got := rows(s.page("/orders")); !slices.Equal(got, want) || len(got) != 60 {
			t.Errorf("orders are %.200q, want %.200q", got, want)
		}
	})
}

// remarkable orders, found by SQL.
func remarkable(s *shop) map[string]int64 {
	found := map[string]int64{}
	for name, where := range map[string]string{
		"delivered":         `deliver_customer_id IS NOT NULL AND status = 'delivered'`,
		"click and collect": `deliver_customer_id IS NULL`,
		"with a note":       `note IS NOT NULL`,
		"bare root":         `id IN (SELECT order_id FROM order_lines WHERE pot_cm IS NULL)`,
		"returned":          `status = 'returned'`,
		"with a paper":      `id IN (SELECT record_id FROM attachments WHERE record_type = 'Order')`,
		"long":              `id = (SELECT order_id FROM order_lines GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)`,
		"not packed":        `packed_by IS NULL`,
	} {
		found[name] = shoptest.Value[int64](s.t, s.conn, `SELECT min(number) FROM orders WHERE `+where)
	}
	return found
}

func TestOrder_TellsLinesTotalAndDelivery(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		for name, number := range remarkable(s) {
			path := fmt.Sprintf("/orders/%d", number)
			lines := list[string](s,
				`SELECT p.name || ' ' || p.sku || ' ' || coalesce(pot_cm || ' cm', 'bare root') || ' ' || `+
					euro("unit_price")+` || ' ' || quantity
				|| ' ' || `+euro("line_total")+` FROM order_lines l JOIN products p ON p.sku = product_sku
				JOIN orders o ON o.id = order_id WHERE number = $1 ORDER BY line_no`, number)
			got := rows(s.page(path))
			if len(got) != len(lines)+1 || !slices.Equal(got[:len(lines)], lines) {
				t.Errorf("%s: lines are %q, want %q", name, got, lines)
			}
			total := shoptest.Value[string](t, s.conn,
				`SELECT 'Total ' || `+euro("total")+` FROM orders WHERE number = $1`, number)
			if got[len(got)-1] != total {
				t.Errorf("%s: the last row is %q, want %q", name, got[len(got)-1], total)
			}
			facts := list[string](s,
				`SELECT unnest(array_remove(ARRAY['Order #' || number, `+onDay("placed_at")+
					` || ' by ' || c.full_name, '“' || note || '”',
				CASE WHEN packed_by IS NULL THEN 'Not packed yet.' ELSE 'Packed by ' || e.name END,
				CASE WHEN street IS NULL THEN 'Click and collect' ELSE 'Delivered to ' || street || ' ' || postcode || ' ' || city || ' ' || l.name END], NULL))
				FROM orders o JOIN crm.customers c ON c.id = o.customer_id LEFT JOIN employees e ON e.id = packed_by
				LEFT JOIN crm.addresses a ON a.customer_id = deliver_customer_id AND a.address_no = deliver_address_no
				LEFT JOIN countries l ON l.code = a.country_code WHERE number = $1`, number)
			s.tells(path,
				append(facts, list[string](s, `SELECT file_name FROM attachments a JOIN orders o ON o.id = record_id
				WHERE record_type = 'Order' AND number = $1`, number)...)...)
		}
	})
}

func TestOrder_StepsFollowItsStatus(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.Production))
	for status, want := range map[string]int{"sent": 4, "delivered": 5, "returned": 6} {
		number := shoptest.Value[*int64](t, s.conn, `SELECT min(number) FROM orders WHERE status::text = $1`, status)
		if number == nil {
			t.Fatalf("no order is %s", status)
		}
		if got := strings.Count(s.page(fmt.Sprintf("/orders/%d", *number)), `<li class="done">`); got != want {
			t.Errorf("an order %s has %d steps done, want %d", status, got, want)
		}
	}
}

func TestCustomers_CountTheirOrdersAndMoney(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		cells := `SELECT c.full_name || ' ' || coalesce((SELECT city FROM crm.addresses a WHERE a.customer_id = c.id ORDER BY address_no LIMIT 1), 'none')
			|| ' ' || (SELECT count(*) FROM orders WHERE customer_id = c.id) || ' ' || ` +
			euro(`(SELECT coalesce(sum(total), 0) FROM orders WHERE customer_id = c.id)`) + ` FROM crm.customers c `
		if got, want := rows(s.page("/customers")), list[string](s, cells+`ORDER BY id LIMIT 60`); !slices.Equal(got,
			want) {
			t.Errorf("customers are %.300q, want %.300q", got, want)
		}
		email := shoptest.Value[string](t, s.conn, `SELECT email FROM crm.customers WHERE id = 7`)
		if got, want := rows(s.page("/customers?q="+url.QueryEscape(email))), list[string](s,
			cells+`WHERE id = 7`); !slices.Equal(got, want) {
			t.Errorf("by email: %q, want %q", got, want)
		}
		part := shoptest.Value[string](t, s.conn, `SELECT lower(left(last_name, 3)) FROM crm.customers WHERE id = 9`)
		want := list[string](s,
			cells+
				`WHERE position(lower($1) IN lower(full_name)) > 0 OR starts_with(lower(email), lower($1)) ORDER BY id LIMIT 60`, part)
		if got := rows(s.page("/customers?q=" + url.QueryEscape(part))); !slices.Equal(got, want) {
			t.Errorf("by %q: %q, want %q", part, got, want)
		}
		s.tells("/customers?q=nobody-at-all", "Nobody of that name.")
	})
}

func TestCustomers_TakeWildcardsLiterally(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.Production))
	for _, text := range []string{"%", "_", `\`, "a%b", "' OR 1=1 --", `"; DROP TABLE orders; --`} {
		s.tells("/customers?q="+url.QueryEscape(text), "Nobody of that name.")
	}
	if got := len(rows(s.page("/customers?q=+++"))); got != 60 {
		t.Errorf("blanks find %d customers, want the first 60", got)
	}
}

func TestCustomer_TellsWhatTheDatabaseKnows(t *testing.T) {
	both(t, func(t *testing.T, s *shop, set schema.Set) {
		for name, sql := range map[string]string{
			"first":        `SELECT min(id) FROM crm.customers`,
			"best":         `SELECT customer_id FROM orders GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`,
			"referred":     `SELECT min(id) FROM crm.customers WHERE referred_by IS NOT NULL`,
			"advised":      `SELECT min(id) FROM crm.customers WHERE advisor_id IS NOT NULL`,
			"no address":   `SELECT min(id) FROM crm.customers WHERE id NOT IN (SELECT customer_id FROM crm.addresses)`,
			"many at once": `SELECT customer_id FROM crm.addresses GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`,
			"never bought": `SELECT min(id) FROM crm.customers WHERE id NOT IN (SELECT customer_id FROM orders)`,
		} {
			id := shoptest.Value[int64](t, s.conn, sql)
			path := fmt.Sprintf("/customers/%d", id)
			facts := list[string](s,
				`SELECT unnest(array_remove(ARRAY[c.full_name, 'Email ' || c.email, 'Phone ' || c.phone, 'Customer since ' || `+onDay("c.created_at")+`,
				'Sent by ' || f.full_name, 'Adviser ' || e.name,
				'Has sent us ' || nullif((SELECT count(*) FROM crm.customers x WHERE x.referred_by = c.id), 0) || ' friends'], NULL))
				FROM crm.customers c LEFT JOIN crm.customers f ON f.id = c.referred_by LEFT JOIN employees e ON e.id = c.advisor_id WHERE c.id = $1`, id)
			homes := list[string](s, `SELECT kind || ' ' || street || ' ' || postcode || ' ' || city || ' ' || l.name
				FROM crm.addresses a JOIN countries l ON l.code = country_code WHERE customer_id = $1 ORDER BY address_no`, id)
			if len(homes) == 0 {
				homes = []string{"No address: collects at the glasshouse."}
			}
			s.tells(path, append(facts, strings.Join(homes, " "))...)
			body := s.page(path)
			want := list[string](s, `SELECT `+orderCells+` FROM orders o JOIN crm.customers c ON c.id = customer_id
				WHERE c.id = $1 ORDER BY placed_at DESC, o.id DESC LIMIT 100`, id)
			if len(want) == 0 {
				want = []string{"No orders yet."}
			}
			if got := rows(body); !slices.Equal(got, want) {
				t.Errorf("%s: orders are %.200q, want %.200q", name, got, want)
			}
			if set == schema.Production {
				if strings.Contains(body, "Wish list") {
					t.Errorf("%s has a wish list before there are any", name)
				}
				continue
			}
			wishes := list[string](s,
				`SELECT product_id::text FROM wishlists WHERE customer_id = $1 ORDER BY added_at DESC, product_id LIMIT 12`, id)
			if got := cards(body); !slices.Equal(got, wishes) {
				t.Errorf("%s wishes for %v, want %v", name, got, wishes)
			}
		}
	})
}

func TestTeam_ListsEverybodyUnderTheirManager(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		body := section(t, s.page("/team"), `<ul class="org">`, "</ul>")
		var got []string
		for item := range strings.SplitSeq(body, "</li>") {
			if item = strings.TrimSpace(item); item != "" {
				got = append(got, item[strings.Index(item, `"d`)+2:][:1]+" "+words(item))
			}
		}
		want := list[string](s, `WITH RECURSIVE tree AS (
			SELECT id, 0 AS depth, ARRAY[id] AS way FROM employees WHERE manager_id IS NULL
			UNION ALL SELECT e.id, depth + 1, way || e.id FROM employees e JOIN tree t ON t.id = manager_id)
			SELECT depth || ' ' || e.name || ' ' || e.title || ' ' || CASE WHEN x.lead_id = e.id THEN 'leads ' ELSE '' END || x.name
				|| coalesce(' mentored by ' || m.name, '')
			FROM tree t JOIN employees e USING (id) JOIN teams x ON x.id = team_id LEFT JOIN employees m ON m.id = e.mentor_id ORDER BY way`)
		if !slices.Equal(got, want) {
			t.Errorf("the team is %.300q, want %.300q", got, want)
		}
		if n := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM employees`); len(got) != n {
			t.Errorf("%d people, want %d", len(got), n)
		}
	})
}

func TestTeam_SurvivesManagersInACircle(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	s.exec(`UPDATE employees SET manager_id = (SELECT id FROM employees WHERE manager_id = 2 LIMIT 1) WHERE id = 2`)
	if body := s.page("/team"); !strings.Contains(body, "Managing Director") {
		t.Error("the director is gone")
	}
	s.exec(`UPDATE employees SET manager_id = 1 WHERE id = 1`)
	s.tells("/team", "Nobody works here yet.")
}

func TestAbout_CountsEveryTableOnce(t *testing.T) {
	both(t, func(t *testing.T, s *shop, set schema.Set) {
		body := s.page("/about")
		tables := list[string](s,
			`SELECT n.nspname || '. ' || relname || ' ' || (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f')
			|| ' ' || trim(to_char((xpath('//n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', nspname, relname), false, true, '')))[1]::text::bigint, '999,999'))
			FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
			WHERE nspname IN ('public', 'crm') AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY nspname, relname`)
		if got := rows(body); !slices.Equal(got, tables) {
			t.Errorf("tables are %q, want %q", got, tables)
		}
		keys := shoptest.Value[int](t, s.conn,
			`SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0`)
		version, tick := "6 migration version", "· Care levels · Wish lists"
		if set == schema.PullRequest {
			version, tick = "9 migration version", "✓ Care levels ✓ Wish lists"
		}
		s.tells("/about", version, tick, fmt.Sprintf("%d foreign keys, 1 not validated", keys),
			"No OFFSHOOT_ variables",
			shoptest.Value[string](t, s.conn, `SELECT split_part(version(), ' ', 2) || ' PostgreSQL'`))
	})
}

func TestAbout_HidesWhateverLooksLikeASecret(t *testing.T) {
	environment := []string{
		"OFFSHOOT_COMMIT=abc123", "OFFSHOOT_PREVIEW=pr-12", "OFFSHOOT_BRANCH=feature/<b>=x", "OFFSHOOT_EMPTY=",
		"PATH=/geheim",
		"OFFSHOOT_TOKEN=geheim", "OFFSHOOT_DB_PASSWORD=geheim", "OFFSHOOT_API_KEY=geheim", "OFFSHOOT_SECRET=geheim",
		"OFFSHOOT_DATABASE_URL=geheim",
	}
	s := open(t, shoptest.Shared(t, schema.Production), environment...)
	got := words(section(t, s.page("/about"), `<h2>Environment</h2>`, "</aside>"))
	const want = "OFFSHOOT_BRANCH feature/<b>=x OFFSHOOT_COMMIT abc123 OFFSHOOT_EMPTY OFFSHOOT_PREVIEW pr-12"
	if got != want {
		t.Errorf("the environment is %q, want %q", got, want)
	}
	s.tells("/", "This is a preview, pr-12")
	if plain := open(t, shoptest.Shared(t, schema.Production)).page("/"); strings.Contains(plain, "This is a preview") {
		t.Error("a shop that is no preview says it is one")
	}
}

func TestAbout_BeforeTheLedgerExists(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	s.exec(`DROP TABLE goose_db_version`)
	if status, body := s.get("/about"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, "shop migrate") {
		t.Errorf("answers %d", status)
	}
	s.page("/")
}
