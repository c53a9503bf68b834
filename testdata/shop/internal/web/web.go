// Package web is the shop's pages: read from PostgreSQL, written by
// html/template, which escapes everything.
//
//	request ─▶ visit (who, which features) ─▶ handler (queries) ─▶ page ─▶ template
package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed templates/*.html style.css
var assets embed.FS

// Options is what the pages need besides the database.
type Options struct {
	Content     fs.FS    // announcement.md for the home page; it may be missing
	Uploads     string   // a folder with a writable folder "reviews" in it
	Environment []string // KEY=VALUE, as os.Environ returns them
	Log         *slog.Logger
}

// site answers requests. It keeps nothing between two of them.
type site struct {
	db    *pgxpool.Pool
	o     Options
	pages map[string]*template.Template
}

// errMissing becomes a 404 page.
var errMissing = errors.New("no such page")

// refusal is a visitor's mistake, told in a sentence on a 422 page.
type refusal string

func (r refusal) Error() string { return string(r) }

// New is the whole site.
func New(db *pgxpool.Pool, o Options) http.Handler {
	s := &site{db: db, o: o, pages: parse()}
	mux := http.NewServeMux()
	for pattern, handle := range s.routes() {
		mux.Handle(pattern, s.guard(handle))
	}
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /style.css", style)
	mux.HandleFunc("GET /pictures/{form}/{seed}", picture)
	return secure(http.NewCrossOriginProtection().Handler(mux))
}

// handler writes a page or returns why not.
type handler func(w http.ResponseWriter, r *http.Request) error

func (s *site) routes() map[string]handler {
	return map[string]handler{
		"/":                         func(http.ResponseWriter, *http.Request) error { return errMissing },
		"GET /{$}":                  s.home,
		"GET /plants":               s.plants,
		"GET /plants/{slug}":        s.plants,
		"GET /products/{id}":        s.product,
		"POST /products/{id}/order": s.placeOrder,
		"POST /products/{id}/review": func(w http.ResponseWriter, r *http.Request) error {
			r.Body = http.MaxBytesReader(w, r.Body, maxUpload+1<<16)
			return s.addReview(w, r)
		},
		"POST /products/{id}/wish": s.toggleWish,
		"GET /customers":           s.customers,
		"GET /customers/{id}":      s.customer,
		"POST /customers/{id}/be":  s.become,
		"GET /orders":              s.orders,
		"GET /orders/{number}":     s.order,
		"GET /attachments/{id}":    s.attachment,
		"GET /search":              s.search,
		"GET /team":                s.team,
		"GET /about":               s.about,
	}
}

// parse joins the layout with each page; a broken template cannot be built
// past the tests, so it panics as template.Must does.
func parse() map[string]*template.Template {
	base := template.Must(template.New("").Funcs(functions()).ParseFS(assets, "templates/layout.html",
		"templates/parts.html"))
	names, _ := fs.Glob(assets, "templates/*.html")
	pages := map[string]*template.Template{}
	for _, name := range names {
		short := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if short == "layout" || short == "parts" {
			continue
		}
		pages[short] = template.Must(template.Must(base.Clone()).ParseFS(assets, name))
	}
	return pages
}

// page is what every template gets.
type page struct {
	Title    string
	Preview  string
	Query    string
	Visitor  *visitor
	Features features
	Data     any
}

// show writes a page only once it is whole.
func (s *site) show(w http.ResponseWriter, r *http.Request, name, title string, data any) error {
	p := page{
		Title: title, Preview: s.environment("OFFSHOOT_PREVIEW"),
		Query: strings.ToValidUTF8(r.FormValue("q"), ""), Data: data,
	}
	if v, ok := visitOf(r); ok {
		p.Visitor, p.Features = v.visitor, v.features
	}
	var out bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&out, "layout", p); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if name == "error" {
		w.WriteHeader(data.(failure).Status)
	}
	_, err := out.WriteTo(w)
	return err
}

// guard finds out who visits, then turns an error into a page.
func (s *site) guard(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visit(r)
		if err == nil && !readable(r) {
			err = errMissing
		}
		if err == nil {
			r = withVisit(r, v)
			err = handle(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// readable says whether PostgreSQL can store every text of the address.
func readable(r *http.Request) bool {
	address, err := url.QueryUnescape(r.URL.RawQuery)
	text := r.URL.Path + address
	return err == nil && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

// failure is the error page's data.
type failure struct {
	Status int
	Words  string
}

func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := explain(err)
	if f.Status >= 500 {
		s.o.Log.Error("request", "path", r.URL.Path, "error", err)
	}
	if err := s.show(w, r, "error", http.StatusText(f.Status), f); err != nil {
		http.Error(w, f.Words, f.Status)
	}
}

func explain(err error) failure {
	var pg *pgconn.PgError
	var lost *pgconn.ConnectError
	var refused refusal
	switch {
	case errors.As(err, &lost): // first, for it may hold a missing socket's ErrNotExist
		return failure{http.StatusServiceUnavailable, "The database does not answer. It may still be starting."}
	case errors.Is(err, errMissing), errors.Is(err, pgx.ErrNoRows), errors.Is(err, fs.ErrNotExist),
		errors.As(err, &pg) && pg.Code == "23503": // what is reviewed or ordered does not exist
		return failure{http.StatusNotFound, "Nothing grows here. Perhaps it was moved to a bigger pot."}
	case errors.As(err, &refused):
		return failure{http.StatusUnprocessableEntity, string(refused)}
	case errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "42703" || pg.Code == "3F000"):
		return failure{
			http.StatusServiceUnavailable,
			"The database does not have this shop's tables yet: run “shop migrate”.",
		}
	default:
		return failure{http.StatusInternalServerError, "Something broke on our side. It is in the log."}
	}
}

// health says whether the database answers, migrated or not.
func (s *site) health(w http.ResponseWriter, r *http.Request) {
	if err := s.db.Ping(r.Context()); err != nil {
		http.Error(w, "database does not answer", http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ok\n"))
}

func style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, assets, "style.css")
}

// secure allows nothing on a page but what this server sends.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy",
			"default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func (s *site) environment(key string) string {
	for _, pair := range s.o.Environment {
		if k, v, _ := strings.Cut(pair, "="); k == key {
			return v
		}
	}
	return ""
}

// uploads is the folder visitors' pictures are kept in; nothing outside it can
// be reached through it.
func (s *site) uploads() (*os.Root, error) { return os.OpenRoot(s.o.Uploads) }
