package web_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/shop/internal/database"
	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
	"example.com/shop/internal/web"
)

func TestSearch_FindsPlantsByWordsSKUAndPartsOfNames(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		for text, where := range map[string]string{
			"ferns":                 `search @@ to_tsquery('english', 'fern')`,
			"maidenhair":            `name ILIKE '%maidenhair%'`,
			"aidenhai":              `name ILIKE '%aidenhai%'`,
			"Phalaenopsis amabilis": `latin = 'Phalaenopsis amabilis'`,
			`"window leaf"`:         `search @@ phraseto_tsquery('english', 'window leaf')`,
			"fern -boston":          `search @@ to_tsquery('english', 'fern & !boston')`,
		} {
			want := list[string](s, `SELECT id::text FROM products WHERE `+where+` ORDER BY 1`)
			got := cards(s.page("/search?q=" + url.QueryEscape(text)))
			slices.Sort(got)
			if len(want) > 24 {
				if len(got) != 24 {
					t.Errorf("%q finds %d plants, want the best 24", text, len(got))
				}
				continue
			}
			if !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("%q finds %v, want %v", text, got, want)
			}
		}
		sku := shoptest.Value[string](t, s.conn, `SELECT lower(sku) FROM products WHERE id = 5`)
		if got := cards(s.page("/search?q=" + sku)); !slices.Equal(got, []string{"5"}) {
			t.Errorf("%s finds %v, want 5", sku, got)
		}
	})
}

func TestSearch_FindsOrdersByNumberOnly(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.PullRequest))
	last := shoptest.Value[int64](t, s.conn, `SELECT max(number) FROM orders`)
	for _, text := range []string{fmt.Sprint(last), fmt.Sprintf("#%d", last), fmt.Sprintf("  #%d ", last)} {
		s.page("/search?q="+url.QueryEscape(text), fmt.Sprintf(`<a href="/orders/%d">`, last))
	}
	for _, text := range []string{
		fmt.Sprint(last + 1), "#-1", "#", "99999999999999999999",
		fmt.Sprintf("%d OR 1=1", last), "0x186A1",
	} {
		if body := s.page("/search?q=" + url.QueryEscape(text)); strings.Contains(body, `<a href="/orders/`) {
			t.Errorf("%q finds an order", text)
		}
	}
}

// hostile are texts that have broken a shop somewhere.
func hostile() []string {
	return []string{
		`'; DROP TABLE products; --`, `' OR '1'='1`, `\'; SELECT 1`, `$1`, `$$`, `{{.}}`, `%`, `_`, `\`, `%00`, `<`,
		`&`, `&amp;`, `&lt;script&gt;`,
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus='alert(1)`, `javascript:alert(1)`,
		`</title><h1>x`, `a & b | !c`, `((((`, `:*`,
		`"unclosed`, `--`, `/*`, "tab\there", "new\nline", "naïve ☘ 🌱", strings.Repeat("a", 200),
		strings.Repeat("🌱", 400), "\u202etxet", `-`, `OR`, `"" -"`,
	}
}

func TestSearch_TakesAnyTextAsText(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		products := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM products`)
		for _, path := range []string{
			"/search?q=", "/customers?q=", "/plants?care=", "/plants?sort=", "/plants?page=",
			"/team?q=",
		} {
			for _, text := range hostile() {
				body := s.page(path + url.QueryEscape(text))
				if err := sound(body); err != nil {
					t.Errorf("%s%q: %v", path, text, err)
				}
			}
		}
		if n := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM products`); n != products {
			t.Errorf("%d products are left of %d", n, products)
		}
		for _, text := range []string{`<b>"quoted" & 'single'`, "☘"} {
			s.tells("/search?q="+url.QueryEscape(text), "Results for “"+text+"”", "Nothing found.")
		}
	})
}

func TestSearch_BlankAndEndlessTextsFindNothing(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	before := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM search_log`)
	s.tells("/search", "What are you looking for?")
	s.tells("/search?q=", "What are you looking for?")
	s.page("/search?q=+++")
	s.tells("/search?q="+strings.Repeat("fern+", 100), "Nothing found.")
	if n := shoptest.Value[int](t, s.conn, `SELECT count(*) FROM search_log`); n != before {
		t.Errorf("%d empty searches are in the log", n-before)
	}
	s.page("/search?q=cactus")
	want := shoptest.Value[int](t, s.conn,
		`SELECT least(24, count(*)) FROM products WHERE search @@ to_tsquery('english', 'cactus')`)
	if hits := shoptest.Value[int](t, s.conn,
		`SELECT hits FROM search_log WHERE term = 'cactus' ORDER BY at DESC LIMIT 1`); hits != want {
		t.Errorf("%d hits are logged, want %d", hits, want)
	}
}

func TestPages_WhatIsNotThereIsNotFound(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		paths := []string{
			"/none", "/products", "/products/", "/plants/", "/plants/none", "/plants/FERNS", "/plants/%27%20OR%201=1",
			"/admin", "/../etc/passwd", "/index.php",
			"/pictures/fern/x", "/pictures/fern", "/pictures/fern/1/2", "/healthz/x", "/style.css/x",
			"/templates/home.html",
		}
		for _, kind := range []string{"/products/", "/orders/", "/customers/", "/attachments/"} {
			for _, id := range []string{
				"0", "-1", "x", "1.5", "1e3", "0x1", "99999999", "9223372036854775807",
				"9223372036854775808", "1%27", "%20", "%00", "%ff", "1;",
			} {
				paths = append(paths, kind+id)
			}
		}
		for _, path := range paths {
			status, body := s.get(path)
			if status != http.StatusNotFound {
				t.Errorf("%s answers %d, want 404", path, status)
			}
			if strings.Contains(body, "SQLSTATE") || strings.Contains(body, "goroutine") {
				t.Errorf("%s tells its inside: %.100s", path, body)
			}
		}
		s.page("/products/1")
		if log := s.log.String(); strings.Contains(log, "level=ERROR") {
			t.Errorf("not found is logged as an error: %.300s", log)
		}
	})
}

func TestPages_NotFoundIsAWholePage(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.PullRequest))
	status, body := s.get("/products/99999999")
	if status != http.StatusNotFound || !strings.Contains(words(body), "Nothing grows here.") ||
		!strings.Contains(body, "Shopping as") {
		t.Errorf("answers %d: %.200s", status, body)
	}
	if err := sound(body); err != nil {
		t.Error(err)
	}
}

func TestPages_SendSafeHeadersEverywhere(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.PullRequest))
	for path, mime := range map[string]string{
		"/": "text/html; charset=utf-8", "/products/1": "text/html; charset=utf-8", "/none": "text/html; charset=utf-8",
		"/style.css": "text/css; charset=utf-8", "/pictures/fern/3": "image/svg+xml",
		"/healthz": "text/plain; charset=utf-8",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := s.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := response.Header.Get("Content-Type"); got != mime {
				t.Errorf("%s %s is %s, want %s", method, path, got, mime)
			}
			policy := response.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
				response.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s allows too much: %v", method, path, response.Header)
			}
		}
	}
}

func TestPicture_IsDrawnAndKept(t *testing.T) {
	s := open(t, shoptest.Shared(t, schema.Production))
	response, err := s.client.Get(s.url + "/pictures/orchid/42")
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get("Cache-Control"); !strings.Contains(got, "max-age") {
		t.Errorf("browsers keep it %q", got)
	}
	_, first := s.read(response, nil)
	if _, again := s.get("/pictures/orchid/42"); first != again || !strings.HasPrefix(first, "<svg ") {
		t.Error("the picture changes")
	}
	if _, strange := s.get("/pictures/%3Cscript%3E/42"); strings.Contains(strange, "script") {
		t.Error("the picture holds its address")
	}
}

func TestAttachment_PapersSayThatTheyStayedBehind(t *testing.T) {
	both(t, func(t *testing.T, s *shop, _ schema.Set) {
		for _, kind := range []string{"Product", "Order"} {
			id := shoptest.Value[int64](t, s.conn, `SELECT min(id) FROM attachments WHERE record_type = $1`, kind)
			name := shoptest.Value[string](t, s.conn, `SELECT file_name FROM attachments WHERE id = $1`, id)
			s.page(fmt.Sprintf("/attachments/%d", id), name, "stayed in production")
		}
		id := shoptest.Value[int64](t, s.conn, `SELECT min(id) FROM attachments WHERE record_type = 'Review'`)
		if body := s.page(fmt.Sprintf("/attachments/%d", id)); !strings.HasPrefix(body, "<svg ") {
			t.Errorf("a reviewer's picture is %.40q", body)
		}
	})
}

func TestAttachment_OnlyUploadsCanBeReached(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	outside := filepath.Join(filepath.Dir(s.uploads), "secret.txt")
	if err := os.WriteFile(outside, []byte("geheim"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(outside) })
	if err := os.Symlink(outside, filepath.Join(s.uploads, "reviews", "link.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.uploads, "reviews", "1.png"), bytes.Repeat([]byte{1}, 100),
		0o600); err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[string]int{
		"reviews/1.png": 200, "reviews/gone.png": 404, "../secret.txt": 500, "reviews/../../secret.txt": 500,
		outside: 500, "reviews/link.png": 500, "": 500,
	} {
		id := shoptest.Value[int64](t, s.conn,
			`INSERT INTO attachments (record_type, record_id, file_name, content_type, byte_size, stored_as)
			VALUES ('Review', 1, 'x.png', 'image/png', 1, $1) RETURNING id`, stored)
		status, body := s.get(fmt.Sprintf("/attachments/%d", id))
		if status != want || strings.Contains(body, "geheim") {
			t.Errorf("%q answers %d %.40q, want %d", stored, status, body, want)
		}
	}
}

func TestAttachment_PartsOfUploadsCanBeAskedFor(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	if err := os.WriteFile(filepath.Join(s.uploads, "reviews", "1.png"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	id := shoptest.Value[int64](t, s.conn,
		`INSERT INTO attachments (record_type, record_id, file_name, content_type, byte_size, stored_as)
		VALUES ('Review', 1, 'x.png', 'image/png', 10, 'reviews/1.png') RETURNING id`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		fmt.Sprintf("%s/attachments/%d", s.url, id), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Range", "bytes=2-4")
	if status, body := s.read(s.client.Do(request)); status != http.StatusPartialContent || body != "234" {
		t.Errorf("answers %d %q, want 206 and 234", status, body)
	}
}

func TestPages_FailuresAreLoggedAndToldWithoutTheirInside(t *testing.T) {
	s := open(t, shoptest.Seeded(t, schema.Production))
	s.exec(`ALTER TABLE product_variants ALTER COLUMN price TYPE text`)
	status, body := s.get("/products/1")
	if status != http.StatusInternalServerError || !strings.Contains(body, "Something broke on our side") {
		t.Errorf("answers %d", status)
	}
	if strings.Contains(body, "scan") || !strings.Contains(s.log.String(), "path=/products/1") {
		t.Errorf("told too much or logged too little: %s", s.log)
	}
}

func TestPages_WithoutADatabaseSayTheyWait(t *testing.T) {
	pool, err := database.Address{URL: "host=" + t.TempDir() +
		" user=nobody dbname=none password=hunter2"}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	log := &record{}
	site := web.New(pool, web.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	for _, path := range []string{"/", "/plants", "/products/1", "/about", "/none"} {
		recorder := httptest.NewRecorder()
		site.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		body := recorder.Body.String()
		if recorder.Code != http.StatusServiceUnavailable || !strings.Contains(body, "The database does not answer.") {
			t.Errorf("%s answers %d: %.100s", path, recorder.Code, words(body))
		}
		if err := sound(body); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if text := log.String(); strings.Contains(text, "hunter2") || strings.Count(text, "level=ERROR") != 5 {
		t.Errorf("the log is %s", text)
	}
}
