package gateway

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"short": func(commit string) string { return commit[:min(len(commit), 10)] },
	"when":  func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
}).ParseFS(pageFiles, "pages/*.html"))

// page is what every template is given.
type page struct {
	Title   string
	Reload  int // seconds until the page loads itself again; 0 never
	Route   Route
	Start   string // the command that wakes the preview
	Entries []entry
	SignIn  signInPage
	Link    string // of the same page by HTTPS
	Problem string // that the certificate authority has
}

// signInPage is what the form of the sign-in shows.
type signInPage struct {
	To      string // where to go then
	Problem string // with what was tried; empty: nothing was
}

// entry is one link on the list of previews.
type entry struct {
	Route Route
	Link  string
}

func showUnknown(w http.ResponseWriter, r *http.Request) {
	show(w, r, http.StatusNotFound, "unknown.html", page{Title: "No preview here"},
		"no preview has this name")
}

func showWaiting(w http.ResponseWriter, r *http.Request, route Route) {
	reload := 2
	if route.State == Asleep { // nobody is at work on it
		reload = 15
	}
	w.Header().Set("Retry-After", strconv.Itoa(reload))
	plain := fmt.Sprintf("preview %s of %s is %s", route.Preview, route.Project, route.State)
	if route.State == Asleep {
		plain += ": " + route.startCommand() + " starts it"
	}
	show(w, r, http.StatusServiceUnavailable, "waiting.html",
		page{
			Title: route.Preview + " is " + string(route.State), Reload: reload, Route: route,
			Start: route.startCommand(),
		}, plain)
}

var pullName = regexp.MustCompile(`^pr-([1-9][0-9]*)$`)

// startCommand returns the command that starts a stopped preview.
func (r Route) startCommand() string { return "offshoot start" + Naming(r.Preview, r.Branch) }

// Naming are the arguments by which a command names a preview, with a space
// before them, to be pasted into a shell: a branch's name is its author's own
// text.
func Naming(preview, branch string) string {
	if number := pullName.FindStringSubmatch(preview); number != nil {
		return " --pr " + number[1]
	}
	if branch == "" {
		return ""
	}
	if plainName.MatchString(branch) {
		return " --branch " + branch
	}
	return " --branch '" + strings.ReplaceAll(branch, "'", `'\''`) + "'"
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*$`)

func showDown(w http.ResponseWriter, r *http.Request, route Route) {
	show(w, r, http.StatusBadGateway, "down.html",
		page{Title: route.Service + " does not answer", Reload: 5, Route: route},
		fmt.Sprintf("service %s of preview %s does not answer", route.Service, route.Preview))
}

// showSignIn asks for the password. Programs are told their way in.
func showSignIn(w http.ResponseWriter, r *http.Request, status int, route Route, content signInPage) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", tokenHeader) // a scheme that no browser has a dialog for
	}
	plain := fmt.Sprintf("sign in to preview %s of %s: open its link, or send its password in the header %s",
		route.Preview, route.Project, tokenHeader)
	if content.Problem != "" {
		plain = content.Problem + " " + plain
	}
	show(w, r, status, "signin.html", page{Title: "Sign in to " + route.Preview, Route: route, SignIn: content}, plain)
}

// showElsewhere refuses what a page of somebody else's makes a browser ask.
func showElsewhere(w http.ResponseWriter, r *http.Request, route Route) {
	show(w, r, http.StatusForbidden, "elsewhere.html", page{Title: "Asked by another page", Route: route},
		fmt.Sprintf("a page that is not of preview %s of %s asked for this: open the preview itself, or send its "+
			"password in the header %s",
			route.Preview, route.Project, tokenHeader))
}

// showUncertified says why a browser would warn, and goes on once it would not.
func showUncertified(w http.ResponseWriter, r *http.Request, route Route, link, problem string) {
	w.Header().Set("Retry-After", "5")
	show(w, r, http.StatusServiceUnavailable, "uncertified.html",
		page{Title: route.Preview + " has no certificate yet", Reload: 5, Route: route, Link: link, Problem: problem},
		link)
}

func showIndex(w http.ResponseWriter, r *http.Request, table Table) {
	if r.URL.Path != "/" {
		showUnknown(w, r)
		return
	}
	list := page{Title: "Previews on this machine"}
	var lines []string
	for _, route := range table.Routes {
		if route.LeadsTo != "" {
			continue
		}
		link := "http://" + route.Host + portSuffix(r.Host) + "/"
		list.Entries = append(list.Entries, entry{Route: route, Link: link})
		lines = append(lines, link)
	}
	show(w, r, http.StatusOK, "index.html", list, strings.Join(lines, "\n"))
}

// portSuffix keeps the port by which the reader came, which Docker may have
// published under another number than the one listened on.
func portSuffix(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return ":" + port
	}
	return ""
}

// formTargets are where the form that signs in may lead to. Browsers hold the
// redirects that follow to it as well, and those of a tour lead to other hosts.
func formTargets(route Route) string {
	if _, domain, ok := strings.Cut(route.Site, "."); ok && route.Several && net.ParseIP(route.Site) == nil {
		return "'self' https://*." + domain + ":*"
	}
	return "'self'"
}

// noRobots keeps previews out of search engines.
const noRobots = "noindex, nofollow"

// show writes a page to a browser and one plain line to everything else.
func show(w http.ResponseWriter, r *http.Request, status int, name string, content page, plain string) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action "+formTargets(content.Route)+
			"; frame-ancestors 'none'; base-uri 'none'")
	header.Set("X-Robots-Tag", noRobots)
	header.Set("Referrer-Policy", "same-origin")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, plain)
		return
	}
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, content); err != nil {
		http.Error(w, plain, http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}
