package web_test

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"example.com/shop/internal/database"
	"example.com/shop/internal/schema"
	"example.com/shop/internal/shoptest"
	"example.com/shop/internal/web"
)

// shop is a running site with a browser of its own.
type shop struct {
	t       *testing.T
	url     string
	client  *http.Client
	conn    *pgx.Conn
	uploads string
	log     *record
}

// record keeps what the site logs.
type record struct {
	sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.Lock()
	defer r.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.Lock()
	defer r.Unlock()
	return r.text.String()
}

func open(t *testing.T, address database.Address, environment ...string) *shop {
	t.Helper()
	pool, err := address.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	uploads := t.TempDir()
	if err := os.Mkdir(filepath.Join(uploads, "reviews"), 0o755); err != nil {
		t.Fatal(err)
	}
	content := fstest.MapFS{"announcement.md": {Data: []byte("# Hello\n\nA **bold** <script>alert(1)</script> day\n\n" +
		"- one\n- two\n")}}
	log := &record{}
	server := httptest.NewServer(web.New(pool, web.Options{
		Content: content, Uploads: uploads, Environment: environment, Log: slog.New(slog.NewTextHandler(log, nil)),
	}))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &shop{
		t: t, url: server.URL, client: &http.Client{Jar: jar}, conn: shoptest.Connect(t, address),
		uploads: uploads, log: log,
	}
}

// both runs a test that only reads on each of the two sets of migrations.
func both(t *testing.T, test func(t *testing.T, s *shop, set schema.Set)) {
	t.Helper()
	for _, set := range []schema.Set{schema.Production, schema.PullRequest} {
		t.Run(string(set), func(t *testing.T) { test(t, open(t, shoptest.Shared(t, set)), set) })
	}
}

func (s *shop) read(response *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (s *shop) get(path string) (int, string) {
	s.t.Helper()
	return s.read(s.client.Get(s.url + path))
}

// page gets a page that must be there and hold every one of wants.
func (s *shop) page(path string, wants ...string) string {
	s.t.Helper()
	status, body := s.get(path)
	if status != http.StatusOK {
		s.t.Fatalf("%s answers %d", path, status)
	}
	for _, want := range wants {
		if !strings.Contains(body, want) {
			s.t.Errorf("%s lacks %q", path, want)
		}
	}
	return body
}

// tells gets a page whose words must hold every one of wants.
func (s *shop) tells(path string, wants ...string) string {
	s.t.Helper()
	got := words(s.page(path))
	for _, want := range wants {
		if !strings.Contains(got, want) {
			s.t.Errorf("%s does not tell %q", path, want)
		}
	}
	return got
}

func (s *shop) post(path string, form url.Values) (int, string) {
	s.t.Helper()
	return s.read(s.client.PostForm(s.url+path, form))
}

// exec changes the database behind the site's back.
func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.conn.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// review posts a review of product 1 with a picture.
func (s *shop) review(name string, picture []byte) (int, string) {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for key, value := range map[string]string{"rating": "4", "title": "With a picture", "body": "See below."} {
		form.WriteField(key, value)
	}
	part, err := form.CreateFormFile("photo", name)
	if err != nil {
		s.t.Fatal(err)
	}
	part.Write(picture)
	form.Close()
	return s.read(s.client.Post(s.url+"/products/1/review", form.FormDataContentType(), &body))
}

// list reads a column.
func list[T any](s *shop, sql string, args ...any) []T {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), sql, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return values
}

var (
	tag      = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*>`)
	blocked  = regexp.MustCompile(` (on[a-z]+|style)="`)
	cardLink = regexp.MustCompile(`class="card" href="/products/(\d+)"`)
	tableRow = regexp.MustCompile(`(?s)<tr>(.*?)</tr>`)
)

// words is what a reader sees of some HTML, with single spaces.
func words(body string) string {
	text := strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(body, " "))), " ")
	return strings.ReplaceAll(text, " ,", ",")
}

// section is the HTML between two marks.
func section(t *testing.T, body, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, from)
	inside, _, found := strings.Cut(rest, to)
	if !ok || !found {
		t.Fatalf("no part from %q to %q", from, to)
	}
	return inside
}

// cards are the numbers of the products in a list, in order.
func cards(body string) []string {
	var ids []string
	for _, match := range cardLink.FindAllStringSubmatch(body, -1) {
		ids = append(ids, match[1])
	}
	return ids
}

// rows are a page's table rows as words, the heads left out.
func rows(body string) []string {
	var found []string
	for _, match := range tableRow.FindAllStringSubmatch(body, -1) {
		if !strings.Contains(match[1], "<th") {
			found = append(found, words(match[1]))
		}
	}
	return found
}

// sound finds what is wrong with a page's HTML.
func sound(body string) error {
	void := []string{"meta", "link", "img", "input", "br"}
	var inside []string
	for _, match := range tag.FindAllStringSubmatch(body, -1) {
		name, attributes := match[2], match[3]
		switch {
		case name == "script" || blocked.MatchString(attributes):
			return fmt.Errorf("the content security policy blocks %s", match[0])
		case name == "img" && !strings.Contains(attributes, "alt="):
			return fmt.Errorf("no alternative text: %s", match[0])
		case match[1] == "" && !slices.Contains(void, name):
			inside = append(inside, name)
		case match[1] == "/" && (len(inside) == 0 || inside[len(inside)-1] != name):
			return fmt.Errorf("%s closes inside %v", match[0], inside)
		case match[1] == "/":
			inside = inside[:len(inside)-1]
		}
	}
	if len(inside) > 0 {
		return fmt.Errorf("%v are never closed", inside)
	}
	rest := tag.ReplaceAllString(strings.TrimPrefix(body, "<!doctype html>"), "")
	if at := strings.Index(rest, "<"); at >= 0 {
		return fmt.Errorf("a stray < in %.60q", rest[at:])
	}
	if n := strings.Count(body, "<h1>"); n != 1 {
		return fmt.Errorf("%d main headings", n)
	}
	return nil
}
