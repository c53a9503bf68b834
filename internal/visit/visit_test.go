package visit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/visit"
)

func open(t *testing.T, handler http.HandlerFunc) visit.Options {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: visit.SameHost(base.Host)}
	return visit.Options{Client: client, Base: base, Most: 20, Alike: 2, Rounds: 2}
}

func TestSite_FollowsLinksOfItsHostAndNoneThatLeads(t *testing.T) {
	var asked []string
	o := open(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Cookie"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, `<a href="/orders?page=1#top">x</a><a href=/orders?page=2>y</a><a href="/orders?page=3">z</a>
				<A HREF='about'>about</A><a href="//elsewhere.test/">out</a><a href="mailto:a@b.test">m</a>
				<a href="/users/logout">bye</a><a href="/items/7/delete">no</a><a>nothing</a><a href="http://%zz/">bad</a>
				<form action="/pay" method="post"></form><a href="/gone">gone</a><a href="/moved">moved</a>`)
		case "/gone":
			http.Error(w, "no", http.StatusNotFound)
		case "/moved":
			http.Redirect(w, r, "http://elsewhere.test/", http.StatusFound)
		default:
			fmt.Fprint(w, strings.Repeat("x", 100), `<a href="/">home</a>`)
		}
	})
	o.Header = http.Header{"Cookie": {"session=1"}}
	rounds := visit.Site(t.Context(), o)
	want := []string{"/", "/orders?page=1", "/orders?page=2", "/about", "/gone", "/moved"}
	if len(rounds) != 2 {
		t.Fatalf("%d rounds", len(rounds))
	}
	for n, visits := range rounds {
		var paths []string
		for _, v := range visits {
			paths = append(paths, v.Path)
			status := map[string]int{"/gone": 404, "/moved": 302}[v.Path]
			if status == 0 {
				status = 200
			}
			if v.Status != status || v.Failed != "" || v.Path == "/about" && v.Bytes != 120 || v.Ended.Before(v.Began) {
				t.Errorf("%+v", v)
			}
		}
		if !slices.Equal(paths, want) {
			t.Errorf("round %d: %q", n, paths)
		}
	}
	for i, path := range append(want, want...) {
		if asked[i] != "GET "+path+" session=1" {
			t.Errorf("asked %q", asked[i])
		}
	}
}

// A site without an end, and one that gives nothing, keep nobody.
func TestHostile_ASiteWantsToBeVisitedForEver(t *testing.T) {
	n := 0
	o := open(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		switch {
		case r.URL.Path == "/again":
			http.Redirect(w, r, "/again", http.StatusFound)
			return
		case r.URL.Path == "/broken":
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<a href="/again">again</a><a href="/broken">broken</a>`)
		for i := range 1000 {
			fmt.Fprintf(w, `<a href="/%c%c%c/%d">x</a>`, 'a'+n%26, 'a'+i%26, 'a'+i/26%26, i)
		}
	})
	rounds := visit.Site(t.Context(), o)
	if len(rounds) != 2 || len(rounds[0]) != 20 || len(rounds[1]) != 20 || n > 200 {
		t.Errorf("%d requests", n)
	}
	failed := 0
	for _, v := range rounds[0] {
		if v.Status == 0 && v.Failed != "" {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no failure is told")
	}
}

func TestParseHeader_ShowsNoValue(t *testing.T) {
	h, err := visit.ParseHeader([]string{"Cookie: a=b: c", "x-team:  blue "})
	if err != nil || h.Get("Cookie") != "a=b: c" || h.Get("X-Team") != "blue" {
		t.Errorf("%v %v", h, err)
	}
	for _, line := range []string{"hunter2", ": hunter2", "a hunter2: b"} {
		if _, err := visit.ParseHeader([]string{line}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", line, err)
		}
	}
}
