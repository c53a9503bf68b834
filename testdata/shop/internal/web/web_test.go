package web_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/shop/internal/database"
	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
	"example.com/shop/internal/web"
)

func TestMain(m *testing.M) { shoptest.Main(m) }

var link = regexp.MustCompile(`(?:href|src|action)="(/[^"#]*)`)

func TestPages_EveryLinkLeadsSomewhere(t *testing.T) {
	for _, set := range []schema.Set{schema.Production, schema.PullRequest} {
		t.Run(string(set), func(t *testing.T) {
			s := open(t, shoptest.Shared(t, set))
			seen := map[string]bool{}
			queue := []string{"/"}
			for len(queue) > 0 && len(seen) < 250 {
				path := strings.ReplaceAll(queue[0], "&amp;", "&")
				queue = queue[1:]
				if seen[path] || regexp.MustCompile(`/(order|review|wish|be)$`).MatchString(path) {
					continue
				}
				seen[path] = true
				status, body := s.get(path)
				if status != http.StatusOK {
					t.Errorf("%s answers %d", path, status)
				}
				if strings.HasPrefix(body, "<!doctype") {
					if err := sound(body); err != nil {
						t.Errorf("%s: %v", path, err)
					}
				}
				for _, match := range link.FindAllStringSubmatch(body, -1) {
					queue = append(queue, match[1])
				}
			}
			if len(seen) < 200 {
				t.Errorf("only %d pages found", len(seen))
			}
		})
	}
}

func TestPages_ShowBranchOnlyWhenMigrated(t *testing.T) {
	address := shoptest.Seeded(t, schema.Production)
	s := open(t, address)
	if body := s.page("/"); strings.Contains(body, "New in this branch") {
		t.Error("the home page shows care levels before they exist")
	}
	if status, _ := s.post("/products/1/wish", nil); status != http.StatusNotFound {
		t.Errorf("wishing answers %d before there are wishes", status)
	}
	if _, err := schema.Apply(t.Context(), s.conn.Config(), schema.PullRequest); err != nil {
		t.Fatal(err)
	}
	s.page("/", "New in this branch")
	s.page("/products/1", "Care", "your wish list")
	s.page("/plants?care=Forgiving", `chip care">Forgiving`)
}

func TestHome_ShowsBannerAnnouncementAndEscapesBoth(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production), "OFFSHOOT_PREVIEW=<b>pr-12</b>", "OFFSHOOT_TOKEN=geheim",
		"OFFSHOOT_COMMIT=abc123", "HOME=/root")
	body := s.page("/", "&lt;b&gt;pr-12&lt;/b&gt;", "<strong>bold</strong>", "&lt;script&gt;", "<li>one</li>",
		"Most taken home")
	if strings.Contains(body, "<script") || strings.Contains(body, "<b>pr-12") {
		t.Error("the home page has markup that it was given")
	}
	about := s.page("/about", "OFFSHOOT_COMMIT", "abc123", "NewsletterSignups", "not validated")
	if strings.Contains(about, "geheim") || strings.Contains(about, "HOME") {
		t.Error("the about page shows too much of the environment")
	}
}

func TestPages_EscapeWhatCustomersWrite(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.PullRequest))
	const evil = `<script>alert("x")</script>`
	form := url.Values{"rating": {"5"}, "title": {evil}, "body": {evil + "' OR 1=1 --"}}
	if status, _ := s.post("/products/1/review", form); status != http.StatusOK {
		t.Fatalf("review answers %d", status)
	}
	if _, err := s.conn.Exec(t.Context(), `UPDATE crm.customers SET first_name = $1 WHERE id = 1`, evil); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/products/1", "/customers/1", "/customers", "/search?q=" + url.QueryEscape(evil),
		"/",
	} {
		if body := s.page(path, "&lt;script&gt;"); strings.Contains(body, "<script") {
			t.Errorf("%s has a script", path)
		}
	}
}

func TestOrder_IsPlacedAndTotalled(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.PullRequest))
	var price, stock int64
	if _, err := s.conn.Exec(t.Context(), `UPDATE product_variants SET stock = 10 WHERE product_id = 1`); err != nil {
		t.Fatal(err)
	}
	s.post("/customers/2/be", nil)
	status, body := s.post("/products/1/order", url.Values{"pot": {"12"}, "quantity": {"3"}})
	if status != http.StatusOK || !strings.Contains(body, "Order #") {
		t.Fatalf("ordering answers %d", status)
	}
	err := s.conn.QueryRow(t.Context(),
		`SELECT price, stock FROM product_variants WHERE product_id = 1 AND pot_cm = 12`).Scan(&price, &stock)
	if err != nil || stock != 7 {
		t.Errorf("stock is %d, %v; want 7", stock, err)
	}
	total := shoptest.Value[int64](t, s.conn, `SELECT total FROM orders WHERE customer_id = 2 ORDER BY id DESC LIMIT 1`)
	if total != 3*price {
		t.Errorf("total is %d, want %d", total, 3*price)
	}
	for _, bad := range []url.Values{
		{"pot": {"12"}, "quantity": {"40"}},
		{"pot": {"12"}, "quantity": {"-1"}},
		{"pot": {"x"}, "quantity": {"1"}},
		{"pot": {"99"}, "quantity": {"1"}},
		{},
	} {
		if status, _ := s.post("/products/1/order", bad); status != http.StatusUnprocessableEntity {
			t.Errorf("%v answers %d, want 422", bad, status)
		}
	}
}

func TestReview_KeepsPicture(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.PullRequest))
	picture := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{7}, 70_000)...)
	status, body := s.review("../../fern.png", picture)
	if status != http.StatusOK || !strings.Contains(body, "With a picture") {
		t.Fatalf("review answers %d", status)
	}
	id := shoptest.Value[int64](t, s.conn,
		`SELECT max(id) FROM attachments WHERE stored_as IS NOT NULL AND file_name = 'fern.png'`)
	if _, got := s.get(fmt.Sprintf("/attachments/%d", id)); got != string(picture) {
		t.Errorf("%d bytes come back, want %d", len(got), len(picture))
	}
	files, _ := filepath.Glob(filepath.Join(s.uploads, "reviews", "*.png"))
	if len(files) != 1 {
		t.Errorf("uploads are %v, want one", files)
	}
}

func TestWish_TurnsOnAndOff(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.PullRequest))
	s.post("/customers/3/be", nil)
	if _, err := s.conn.Exec(t.Context(), `DELETE FROM wishlists WHERE customer_id = 3`); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{1, 0, 1} {
		if status, _ := s.post("/products/1/wish", nil); status != http.StatusOK {
			t.Fatalf("wishing answers %d", status)
		}
		if n := shoptest.Value[int64](t, s.conn, `SELECT count(*) FROM wishlists WHERE customer_id = 3`); n != want {
			t.Errorf("%d wishes, want %d", n, want)
		}
	}
	s.page("/customers/3", "Wish list")
}

func TestSearch_FindsPlantsPeopleAndOrders(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	name := shoptest.Value[string](t, s.conn,
		`SELECT last_name FROM crm.customers WHERE last_name ~ '^[A-Z][a-z]+$' ORDER BY id LIMIT 1`)
	s.page("/search?q=plant", `class="card"`)
	s.page("/search?q="+url.QueryEscape(name), name, `/customers/`)
	s.page("/search?q=%23100001", "#100001")
	s.page("/search?q="+url.QueryEscape(`%_\' "`), "Nothing found")
	if n := shoptest.Value[int64](t, s.conn, `SELECT count(*) FROM search_log WHERE term = 'plant'`); n != 1 {
		t.Errorf("the search is logged %d times, want once", n)
	}
}

func TestPages_WithoutSchemaOrRows(t *testing.T) {
	s := open(t, shoptest.Empty(t))
	if status, body := s.get("/"); status != http.StatusServiceUnavailable || !strings.Contains(body, "shop migrate") {
		t.Errorf("an unmigrated shop answers %d", status)
	}
	s.page("/healthz", "ok")
	empty := open(t, shoptest.Migrated(t, schema.PullRequest))
	for _, path := range []string{"/", "/plants", "/customers", "/orders", "/team", "/about", "/search?q=fern"} {
		empty.page(path)
	}
	for _, path := range []string{
		"/products/1", "/products/x", "/products/-1", "/orders/1", "/customers/1",
		"/plants/none", "/attachments/1", "/none", "/products/99999999999999999999", "/search?q=%00", "/plants/%ff",
		"/plants?care=%00",
	} {
		if status, _ := empty.get(path); status != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", path, status)
		}
	}
}

func TestHealth_FailsWithoutDatabase(t *testing.T) {
	pool, err := database.Address{URL: "host=" + t.TempDir() + " user=nobody dbname=none"}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	recorder := httptest.NewRecorder()
	web.New(pool, web.Options{}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if recorder.Code != http.StatusServiceUnavailable {
		t.Errorf("answers %d, want 503", recorder.Code)
	}
}
