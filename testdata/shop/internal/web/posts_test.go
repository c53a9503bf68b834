package web_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
)

// answer posts without following the redirect.
func (s *shop) answer(path string, header http.Header, form url.Values) *http.Response {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path,
		strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header = header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{
		Jar:           s.client.Jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response
}

func TestPosts_OnlyFromTheShopItself(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.PullRequest))
	snapshot := func() string {
		return shoptest.Value[string](t, s.conn,
			`SELECT concat_ws(' ', (SELECT count(*) FROM orders), (SELECT count(*) FROM reviews), (SELECT count(*) FROM wishlists))`)
	}
	s.exec(`UPDATE product_variants SET stock = 100`)
	before := snapshot()
	forms := map[string]url.Values{
		"/products/1/order":  {"pot": {"12"}, "quantity": {"1"}},
		"/products/1/review": {"rating": {"5"}, "title": {"a"}, "body": {"b"}},
		"/products/1/wish":   nil, "/customers/2/be": nil,
	}
	for path, form := range forms {
		for _, header := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}},
			{"Sec-Fetch-Site": {"same-site"}},
			{"Origin": {"https://evil.example"}},
			{"Origin": {"null"}},
		} {
			if response := s.answer(path, header, form); response.StatusCode != http.StatusForbidden ||
				response.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s with %v answers %d, want 403", path, header, response.StatusCode)
			}
		}
	}
	if after := snapshot(); after != before {
		t.Errorf("orders, reviews and wishes went from %s to %s", before, after)
	}
	for path, form := range forms {
		if response := s.answer(path, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {s.url}},
			form); response.StatusCode != http.StatusSeeOther {
			t.Errorf("%s of the shop's own answers %d, want 303", path, response.StatusCode)
		}
	}
}

func TestPosts_CannotBeMadeByALink(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.PullRequest))
	for _, path := range []string{
		"/products/1/order?pot=12&quantity=1", "/products/1/review?rating=5&title=a&body=b",
		"/products/1/wish", "/customers/2/be",
	} {
		if status, _ := s.get(path); status != http.StatusNotFound {
			t.Errorf("GET %s answers %d, want 404", path, status)
		}
	}
	for _, path := range []string{"/", "/plants", "/search?q=fern", "/customers/1", "/about"} {
		if response := s.answer(path, nil, nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s answers %d, want 404", path, response.StatusCode)
		}
	}
}

func TestBecome_IsRememberedInACookie(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.Production))
	first := shoptest.Value[string](t, s.conn, `SELECT full_name FROM crm.customers ORDER BY id LIMIT 1`)
	s.tells("/", "Shopping as "+first)
	response := s.answer("/customers/4/be", nil, nil)
	if response.Header.Get("Location") != "/customers/4" || len(response.Cookies()) != 1 {
		t.Fatalf("goes to %v", response.Header)
	}
	if c := response.Cookies()[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" ||
		c.Value != "4" {
		t.Errorf("the cookie is %v", c)
	}
	s.tells("/", "Shopping as "+shoptest.Value[string](t, s.conn, `SELECT full_name FROM crm.customers WHERE id = 4`))
	at, _ := url.Parse(s.url)
	for _, value := range []string{"99999999", "-1", "x", "1 OR 1=1", "9223372036854775808", ""} {
		s.client.Jar.SetCookies(at, []*http.Cookie{{Name: "customer", Value: value, Path: "/"}})
		s.tells("/", "Shopping as "+first)
	}
	for _, id := range []string{"x", "0", "-4"} {
		if response := s.answer("/customers/"+id+"/be", nil, nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("becoming %s answers %d", id, response.StatusCode)
		}
	}
}

func TestOrder_KeepsToTheStock(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	s.exec(`UPDATE product_variants SET stock = 3 WHERE product_id = 2`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { s.answer("/products/2/order", nil, url.Values{"pot": {"12"}, "quantity": {"1"}}) })
	}
	group.Wait()
	sold := shoptest.Value[int](t, s.conn,
		`SELECT count(*) FROM order_lines WHERE order_id IN (SELECT id FROM orders WHERE placed_at > '2026-07-01' OR placed_at > now() - interval '1 hour')`)
	left := shoptest.Value[int](t, s.conn, `SELECT stock FROM product_variants WHERE product_id = 2 AND pot_cm = 12`)
	if sold != 3 || left != 0 {
		t.Errorf("%d sold and %d left of 3", sold, left)
	}
	numbers := shoptest.Value[bool](t, s.conn, `SELECT count(*) = count(DISTINCT number) FROM orders`)
	if !numbers {
		t.Error("two orders have one number")
	}
}

func TestOrder_GoesToTheFirstAddressOrIsCollected(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.PullRequest))
	s.exec(`UPDATE product_variants SET stock = 100`)
	buy := func(customer int64) string {
		s.post(fmt.Sprintf("/customers/%d/be", customer), nil)
		response := s.answer("/products/1/order", nil, url.Values{"pot": {"12"}, "quantity": {"2"}})
		if response.StatusCode != http.StatusSeeOther {
			t.Fatalf("ordering answers %d", response.StatusCode)
		}
		return response.Header.Get("Location")
	}
	housed := shoptest.Value[int64](t, s.conn,
		`SELECT customer_id FROM crm.addresses GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1`)
	street := shoptest.Value[string](t, s.conn,
		`SELECT street FROM crm.addresses WHERE customer_id = $1 AND address_no = 1`, housed)
	s.tells(buy(housed), "Delivered to "+street, "Not packed yet.")
	homeless := shoptest.Value[int64](t, s.conn,
		`SELECT min(id) FROM crm.customers WHERE id NOT IN (SELECT customer_id FROM crm.addresses)`)
	s.tells(buy(homeless), "Click and collect")
	if kinds := list[string](s,
		`SELECT kind || ' ' || customer_id FROM events WHERE kind = 'order' ORDER BY id`); len(kinds) != 2 {
		t.Errorf("%v are the events of two orders", kinds)
	}
}

func TestOrder_RefusesWhatIsNotSold(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	s.exec(`UPDATE product_variants SET stock = 100`)
	gone := shoptest.Value[int64](t, s.conn, `SELECT min(id) FROM products WHERE discontinued`)
	before := shoptest.Value[string](t, s.conn,
		`SELECT concat(count(*), ' ', (SELECT sum(stock) FROM product_variants)) FROM orders`)
	for _, each := range []struct {
		product, pot, quantity string
		want                   int
	}{
		{fmt.Sprint(gone), "12", "1", 422},
		{"99999999", "12", "1", 422},
		{"x", "12", "1", 404},
		{"1", "12", "0", 422},
		{"1", "12", "51", 422},
		{"1", "12", "1.5", 422},
		{"1", "12", "99999", 422},
		{"1", "", "1", 422},
		{"1", "13", "1", 422},
		{"1", "12 OR 1=1", "1", 422},
		{"1", "12", "", 422},
	} {
		response := s.answer("/products/"+each.product+"/order", nil,
			url.Values{"pot": {each.pot}, "quantity": {each.quantity}})
		if response.StatusCode != each.want {
			t.Errorf("%+v answers %d", each, response.StatusCode)
		}
	}
	if after := shoptest.Value[string](t, s.conn,
		`SELECT concat(count(*), ' ', (SELECT sum(stock) FROM product_variants)) FROM orders`); after != before {
		t.Errorf("orders and stock went from %s to %s", before, after)
	}
}

func TestReview_AcceptsTheLongestAndCutsBlanks(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	title, body := strings.Repeat("ü", 120), strings.Repeat("🌱", 4000)
	response := s.answer("/products/2/review", nil,
		url.Values{"rating": {"1"}, "title": {"  " + title + "\n"}, "body": {"\t" + body}})
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/products/2#reviews" {
		t.Fatalf("answers %d to %s", response.StatusCode, response.Header.Get("Location"))
	}
	kept := shoptest.Value[bool](t, s.conn,
		`SELECT title = $1 AND body = $2 AND rating = 1 AND customer_id = 1 AND product_id = 2 FROM reviews ORDER BY id DESC LIMIT 1`, title, body)
	if !kept {
		t.Error("the review is not what was written")
	}
}

func TestReview_RefusesEachBadField(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	before := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM reviews`)
	good := url.Values{"rating": {"5"}, "title": {"a"}, "body": {"b"}}
	for field, values := range map[string][]string{
		"rating": {"", "0", "6", "-1", "4.5", "five", "5 OR 1=1"},
		"title":  {"", " \t\n", strings.Repeat("x", 121), "nul\x00", "\xff\xfe"},
		"body":   {"", "   ", strings.Repeat("ü", 4001), "nul\x00", "\xc3\x28"},
	} {
		for _, value := range values {
			form := url.Values{"rating": good["rating"], "title": good["title"], "body": good["body"]}
			form.Set(field, value)
			if response := s.answer("/products/1/review", nil,
				form); response.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%s %.20q answers %d, want 422", field, value, response.StatusCode)
			}
		}
	}
	for _, id := range []string{"99999999", "0", "x"} {
		if response := s.answer("/products/"+id+"/review", nil, good); response.StatusCode != http.StatusNotFound {
			t.Errorf("a review of product %s answers %d, want 404", id, response.StatusCode)
		}
	}
	if after := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM reviews`); after != before {
		t.Errorf("%d reviews were kept", after-before)
	}
}

func TestReview_BelievesThePicturesBytes(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	const limit = 5 << 20
	png, jpeg, webp := []byte("\x89PNG\r\n\x1a\n"), []byte("\xff\xd8\xff\xe0"), []byte("RIFF\x00\x00\x00\x00WEBPVP8 ")
	for _, each := range []struct {
		name  string
		bytes []byte
		want  int
		mime  string
	}{
		{"fern.png", png, 200, "image/png"},
		{"fern.html", jpeg, 200, "image/jpeg"},
		{"ü 🌱.exe", webp, 200, "image/webp"},
		{"full.png", append(bytes.Clone(png), make([]byte, limit-len(png))...), 200, "image/png"},
		{"over.png", append(bytes.Clone(png), make([]byte, limit-len(png)+1)...), 422, ""},
		{"huge.png", append(bytes.Clone(png), make([]byte, limit+1<<20)...), 422, ""},
		{"page.png", []byte("<html><script>alert(1)</script>"), 422, ""},
		{"drawing.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 422, ""},
		{"moving.gif", []byte("GIF89a"), 422, ""},
		{strings.Repeat("x", 121) + ".png", png, 422, ""},
	} {
		status, _ := s.review(each.name, each.bytes)
		if status != each.want {
			t.Errorf("%.20q answers %d, want %d", each.name, status, each.want)
		}
		if status != http.StatusOK {
			continue
		}
		got := shoptest.Value[string](t, s.conn,
			`SELECT content_type || ' ' || byte_size || ' ' || file_name FROM attachments ORDER BY id DESC LIMIT 1`)
		if want := fmt.Sprintf("%s %d %s", each.mime, len(each.bytes), each.name); got != want {
			t.Errorf("kept as %q, want %q", got, want)
		}
	}
	files, _ := filepath.Glob(filepath.Join(s.uploads, "reviews", "*"))
	kept := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM attachments WHERE stored_as IS NOT NULL`)
	if len(files) != 4 || kept != 4 {
		t.Errorf("%d files and %d rows of 4 pictures", len(files), kept)
	}
}

func TestReview_IsNotKeptWithoutItsPicture(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	before := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM reviews`)
	if err := os.RemoveAll(filepath.Join(s.uploads, "reviews")); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.review("fern.png", []byte("\x89PNG\r\n\x1a\n")); status < 400 {
		t.Errorf("answers %d", status)
	}
	if after := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM reviews`); after != before {
		t.Error("half a review was kept")
	}
	if status, _ := s.review("", nil); status != http.StatusOK {
		t.Errorf("without a picture answers %d", status)
	}
}

func TestWish_OfWhatIsNotThereAndOfSeveralPeople(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.PullRequest))
	s.exec(`DELETE FROM wishlists`)
	if status, _ := s.post("/products/99999999/wish", nil); status != http.StatusNotFound {
		t.Errorf("wishing for nothing answers %d", status)
	}
	for _, customer := range []int{2, 3, 4} {
		s.post(fmt.Sprintf("/customers/%d/be", customer), nil)
		s.post("/products/6/wish", nil)
	}
	s.tells("/products/6", "♥ On your wish list 3 wish for it")
	s.post("/products/6/wish", nil)
	s.tells("/products/6", "♡ Add to your wish list 2 wish for it")
	if got := cards(s.page("/customers/2")); len(got) != 1 || got[0] != "6" {
		t.Errorf("the wish list is %v", got)
	}
}

func TestPosts_WithoutAnyCustomer(t *testing.T) {
	s := open(t, shoptest.Migrated(t, schema.PullRequest))
	for _, action := range []string{"order", "review", "wish"} {
		status, body := s.post("/products/1/"+action, url.Values{"pot": {"12"}, "quantity": {"1"}})
		if status != http.StatusUnprocessableEntity || !strings.Contains(body, "no customer to shop as") {
			t.Errorf("%s answers %d", action, status)
		}
	}
}
