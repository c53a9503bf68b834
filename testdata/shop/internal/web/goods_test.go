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

func TestHome_ShowsBestSellersAndNewestInOrder(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		body := s.page("/")
		best := list[string](s, `SELECT b.product_id::text FROM best_sellers b ORDER BY units DESC, product_id LIMIT 8`)
		newest := list[string](s,
			`SELECT id::text FROM products WHERE NOT discontinued ORDER BY created_at DESC, id LIMIT 4`)
		if got := cards(section(t, body, "Most taken home", "Just potted")); !slices.Equal(got, best) ||
			len(best) != 8 {
			t.Errorf("best sellers are %v, want %v", got, best)
		}
		if got := cards(section(t, body, "<h2>Just potted", "<footer>")); !slices.Equal(got, newest) {
			t.Errorf("newest are %v, want %v", got, newest)
		}
		for _, id := range best[:3] {
			if !strings.Contains(section(t, body, `class="shelf"`, "</section>"), "/products/"+id+`"`) {
				t.Errorf("product %s is not on the shelf", id)
			}
		}
	})
}

func TestHome_ShowsCategoriesAndLatestFiveStars(t *testing.T) {
	both(t, func(t *testing.T, s *shop, set schema.Set) {
		body := s.page("/")
		nav := section(t, body, `class="shelves"`, "</nav>")
		var got []string
		for _, match := range link.FindAllStringSubmatch(nav, -1) {
			got = append(got, strings.TrimPrefix(match[1], "/plants/"))
		}
		if want := list[string](s,
			`SELECT slug FROM categories WHERE parent_id IS NULL ORDER BY position`); !slices.Equal(got, want) {
			t.Errorf("categories are %v, want %v", got, want)
		}
		quotes := words(section(t, body, `class="quotes"`, "</section>"))
		for _, want := range list[string](s,
			`SELECT v.body || ' ★★★★★ ' || coalesce(c.full_name, 'Someone') || ' on ' || p.name FROM reviews v
			JOIN products p ON p.id = v.product_id LEFT JOIN crm.customers c ON c.id = v.customer_id WHERE rating = 5 ORDER BY v.id DESC LIMIT 3`) {
			if !strings.Contains(quotes, want) {
				t.Errorf("the quotes lack %q", want)
			}
		}
		if strings.Contains(body, "New in this branch") != (set == schema.PullRequest) {
			t.Error("the branch's note is shown on the wrong side")
		}
	})
}

func TestPlants_SortAsAsked(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		for sort, order := range map[string]string{
			"":                         "s.units_sold DESC NULLS LAST, p.id",
			"price":                    "p.price, p.id",
			"new":                      "p.created_at DESC, p.id",
			"rating":                   "s.rating_average DESC NULLS LAST, s.ratings DESC, p.id",
			"p.id; DROP TABLE orders":  "s.units_sold DESC NULLS LAST, p.id",
			"(SELECT pg_sleep(60))":    "s.units_sold DESC NULLS LAST, p.id",
			`"><script>alert</script>`: "s.units_sold DESC NULLS LAST, p.id",
		} {
			want := list[string](s, `SELECT p.id::text FROM products p LEFT JOIN product_stats s ON s.product_id = p.id
				WHERE NOT discontinued ORDER BY `+order+` LIMIT 24`)
			if got := cards(s.page("/plants?sort=" + url.QueryEscape(sort))); !slices.Equal(got, want) {
				t.Errorf("sorted by %q: %v, want %v", sort, got, want)
			}
		}
	})
}

func TestPlants_PagesShowEveryPlantOnce(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		want := list[string](s, `SELECT id::text FROM products WHERE NOT discontinued ORDER BY id`)
		var got []string
		path := "/plants?sort=price"
		pages := 0
		for path != "" && pages < 50 {
			body := s.page(path, fmt.Sprintf("%d plants", len(want)))
			pages++
			got = append(got, cards(body)...)
			path = ""
			for _, match := range link.FindAllStringSubmatch(body, -1) {
				if strings.Contains(match[1], fmt.Sprintf("page=%d&", pages+1)) {
					path = strings.ReplaceAll(match[1], "&amp;", "&")
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || pages != (len(want)+23)/24 {
			t.Errorf("%d pages show %d plants, want %d plants", pages, len(got), len(want))
		}
	})
}

func TestPlants_PageNumbersOutOfRangeAreTheNearestPage(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.Production))
	total := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM products WHERE NOT discontinued`)
	last := (total + 23) / 24
	for asked, want := range map[string]int{
		"": 1, "0": 1, "-3": 1, "x": 1, "1.5": 1, "2": 2, "100000": last, "9223372036854775807": last,
		"99999999999999999999": 1,
	} {
		s.tells("/plants?page="+asked, fmt.Sprintf("Page %d of %d", want, last))
	}
	if body := s.page("/plants?page=100000"); len(cards(body)) == 0 || strings.Contains(body, "More →") ||
		!strings.Contains(body, "← Back") {
		t.Error("far past the end is not the last page")
	}
}

func TestPlants_CategoriesHoldWhatIsBelowThem(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		empty := 0
		for _, slug := range list[string](s, `SELECT slug FROM categories`) {
			n := shoptest.Value[int](t, s.conn, `WITH RECURSIVE below AS (SELECT id FROM categories WHERE slug = $1
				UNION SELECT c.id FROM categories c JOIN below b ON c.parent_id = b.id)
				SELECT count(*) FROM products WHERE NOT discontinued AND category_id IN (SELECT id FROM below)`, slug)
			text := s.tells("/plants/"+slug, fmt.Sprintf("%d plants", n),
				shoptest.Value[string](t, s.conn, `SELECT name || ' ' || blurb FROM categories WHERE slug = $1`, slug))
			if n == 0 {
				empty++
			}
			if strings.Contains(text, "Nothing on this shelf yet") != (n == 0) {
				t.Errorf("%s with %d plants: the empty shelf is told wrongly", slug, n)
			}
		}
		if empty < 3 {
			t.Errorf("%d empty categories, want terrariums, mosses and seeds", empty)
		}
		s.tells("/plants/monsteras", "Home › Plants › Houseplants › Big leaves › Monsteras")
		s.page("/plants/houseplants", `href="/plants/foliage"`, `href="/plants/ferns"`)
	})
}

func TestPlants_CareFilterOfTheBranch(t *testing.T) {
	both(t, func(t *testing.T, s *shop, set schema.Set) {
		all := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM products WHERE NOT discontinued`)
		if set == schema.Production {
			s.tells("/plants?care=Devoted", fmt.Sprintf("%d plants", all))
			return
		}
		sum := 0
		for _, level := range list[string](s, `SELECT name FROM care_levels`) {
			n := shoptest.Value[int](t, s.conn,
				`SELECT count(*) FROM products JOIN care_levels c ON c.id = care_level_id WHERE NOT discontinued AND c.name = $1`, level)
			body := s.page("/plants?care="+level, fmt.Sprintf("%d plants", n), "<option selected>"+level)
			if marks := strings.Count(body, `<span class="chip care">`+level); marks != len(cards(body)) {
				t.Errorf("%s: %d of %d cards carry the level", level, marks, len(cards(body)))
			}
			sum += n
		}
		if sum != all {
			t.Errorf("the levels have %d plants, the shop %d", sum, all)
		}
		s.tells("/plants?care="+url.QueryEscape("' OR ''='"), "0 plants", "Nothing on this shelf yet")
	})
}

// products that show something special, found by SQL.
func special(s *shop) map[string]string {
	found := map[string]string{}
	for name, sql := range map[string]string{
		"plain":        `SELECT min(id)::text FROM products`,
		"best":         `SELECT product_id::text FROM product_stats ORDER BY units_sold DESC, product_id LIMIT 1`,
		"discontinued": `SELECT min(id)::text FROM products WHERE discontinued`,
		"sold out":     `SELECT min(product_id)::text FROM product_variants JOIN products p ON p.id = product_id WHERE stock = 0 AND NOT discontinued`,
		"reviewed":     `SELECT product_id::text FROM reviews GROUP BY 1, product_id ORDER BY count(*) DESC, product_id LIMIT 1`,
		"moderated by somebody gone": `SELECT product_id::text FROM reviews WHERE moderated_by IS NOT NULL
			AND moderated_by NOT IN (SELECT id FROM employees)`,
		"never sold": `SELECT min(product_id)::text FROM product_stats WHERE units_sold = 0`,
	} {
		found[name] = shoptest.Value[string](s.t, s.conn, sql)
	}
	return found
}

func TestProduct_TellsWhatTheDatabaseKnows(t *testing.T) {
	both(t, func(t *testing.T, s *shop, set schema.Set) {
		for name, id := range special(s) {
			facts := list[string](s,
				`SELECT unnest(ARRAY[p.name, p.latin || ' · ' || p.sku, p.description, 'Light ' || replace(p.light::text, '_', ' '),
				'Height ' || height_cm || ' cm', 'Pets ' || CASE WHEN pet_safe THEN 'safe' ELSE 'keep apart' END, 'From ' || (attributes->>'origin'),
				coalesce(s.ratings, 0) || ' reviews', trim(to_char(s.units_sold, '999,999')) || ' sold', trim(to_char(s.views, '999,999')) || ' looks'])
				FROM products p JOIN product_stats s ON s.product_id = p.id WHERE p.id = $1::text::bigint`, id)
			facts = append(facts,
				list[string](s,
					`SELECT g.name || ' (' || c.name || ', ' || lead_days || ' days)' FROM product_suppliers x
				JOIN suppliers g ON g.id = supplier_id JOIN countries c ON c.code = country_code WHERE product_id = $1::text::bigint`, id)...)
			facts = append(facts,
				list[string](s, `SELECT file_name || ' ' || (byte_size + 999) / 1000 || ' kB' FROM attachments
				WHERE record_type = 'Product' AND record_id = $1::text::bigint`, id)...)
			if set == schema.PullRequest {
				facts = append(facts,
					list[string](s,
						`SELECT unnest(ARRAY['Care ' || c.name, c.advice, (SELECT count(*) FROM wishlists WHERE product_id = p.id) || ' wish for it'])
					FROM products p JOIN care_levels c ON c.id = care_level_id WHERE p.id = $1::text::bigint`, id)...)
			}
			if len(facts) < 10 {
				t.Errorf("%s: only %d facts", name, len(facts))
			}
			s.tells("/products/"+id, facts...)
		}
	})
}

func TestProduct_OffersPotsThatAreThere(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		found := special(s)
		body := s.page("/products/" + found["sold out"])
		want := list[string](s,
			`SELECT pot_cm || ' cm · €' || trim(to_char(price / 100.0, '999,990.00')) || CASE WHEN stock = 0 THEN ' · sold out' ELSE '' END
			FROM product_variants WHERE product_id = $1::text::bigint ORDER BY pot_cm`, found["sold out"])
		if got := words(section(t, body, `<select name="pot">`, "</select>")); got != strings.Join(want, " ") {
			t.Errorf("pots are %q, want %q", got, want)
		}
		if !strings.Contains(body, "disabled>") {
			t.Error("a sold-out pot can be chosen")
		}
		gone := s.page("/products/"+found["discontinued"], "We no longer grow this one")
		if strings.Contains(gone, "Order now") {
			t.Error("a discontinued plant can be ordered")
		}
	})
}

func TestProduct_ReviewsAreLatestFirstWithTheirHistogram(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		id := special(s)["reviewed"]
		body := s.page("/products/" + id)
		want := list[string](s, `SELECT v.title || ' ' || v.body || ' ' || coalesce(c.full_name, 'Someone') || ', '
			|| to_char(v.created_at AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY') || coalesce(' · checked by ' || e.name, '')
			FROM reviews v LEFT JOIN crm.customers c ON c.id = v.customer_id LEFT JOIN employees e ON e.id = moderated_by
			WHERE product_id = $1::text::bigint ORDER BY v.created_at DESC, v.id DESC LIMIT 30`, id)
		articles := strings.Split(body, `<article class="review">`)[1:]
		if len(articles) != len(want) || len(want) < 3 {
			t.Fatalf("%d reviews, want %d", len(articles), len(want))
		}
		for i := range want {
			if got := words(articles[i]); !strings.Contains(got, want[i]) {
				t.Errorf("review %d is %q, want %q", i, got, want[i])
			}
		}
		bars := list[string](s, `SELECT star || ' ★ ' || count(v.id) FROM generate_series(1, 5) star
			LEFT JOIN reviews v ON v.rating = star AND v.product_id = $1::text::bigint GROUP BY star ORDER BY star DESC`, id)
		if got := words(section(t, body, `class="bars"`, "</table>")); !strings.HasSuffix(got,
			strings.Join(bars, " ")) {
			t.Errorf("the histogram is %q, want %q", got, bars)
		}
	})
}

func TestProduct_RelatedAreOfTheSameShelf(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		id := special(s)["best"]
		want := list[string](s, `SELECT p.id::text FROM products p JOIN product_stats s ON s.product_id = p.id
			WHERE category_id = (SELECT category_id FROM products WHERE id = $1::text::bigint) AND p.id <> $1::text::bigint AND NOT discontinued
			ORDER BY units_sold DESC, p.id LIMIT 4`, id)
		if got := cards(s.page("/products/" + id)); !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("related are %v, want %v", got, want)
		}
	})
}

// A page is worth more than the record of its view.
func TestProduct_IsShownEvenWhenItsViewCannotBeRecorded(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.Production))
	s.page("/products/1")
	if log := s.log.String(); !strings.Contains(log, "record view") {
		t.Errorf("the failure is not logged: %q", log)
	}
}

func TestProduct_RecordsWhoLooked(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	before := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM events WHERE kind = 'view' AND product_id = 3`)
	s.post("/customers/5/be", nil)
	s.page("/products/3")
	if status, _ := s.get("/products/100000"); status != http.StatusNotFound {
		t.Errorf("a missing product answers %d", status)
	}
	if n := shoptest.Value[int](t, s.conn,
		`SELECT count(*) FROM events WHERE kind = 'view' AND product_id = 3`); n != before+1 {
		t.Errorf("%d more views, want 1", n-before)
	}
	if who := shoptest.Value[int](t, s.conn, `SELECT customer_id FROM events ORDER BY id DESC LIMIT 1`); who != 5 {
		t.Errorf("customer %d looked, want 5", who)
	}
	if part := shoptest.Value[string](t, s.conn,
		`SELECT tableoid::regclass::text FROM events ORDER BY id DESC LIMIT 1`); part != "events_other" {
		t.Errorf("today's view went to %s", part)
	}
}
