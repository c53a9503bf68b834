package gateway

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Where one signs in, on every host of a preview that wants it.
const (
	signInPath  = "/.offshoot/sign-in"
	ownPath     = "/.offshoot/"
	tokenHeader = "Offshoot-Token" // for programs: a link's token, or the password
	cookiePart  = "offshoot-sign-in-"
)

// sessionTime is how long a browser stays signed in to a preview that lives
// longer, or for ever.
const sessionTime = 30 * 24 * time.Hour

// A guard lets those through to a preview who have signed in to it: by a link
// that is signed, by the password, or with a header. The application's own
// Authorization is none of its business and passes.
type guard struct {
	key      key
	now      func() time.Time
	attempts attempts
}

// admits tells whether the request may go on to the preview. If not, it has
// answered.
func (g *guard) admits(w http.ResponseWriter, r *http.Request, table *Table, route Route) bool {
	if route.SignIn && strings.HasPrefix(r.URL.Path, ownPath) {
		g.own(w, r, table, route)
		return false
	}
	if given := r.Header.Get(tokenHeader); given != "" && route.SignIn && !g.signedIn(r, route) {
		return g.admitsToken(w, r, route, given)
	}
	if table.fromElsewhere(r, route) {
		showElsewhere(w, r, route)
		return false
	}
	if !route.SignIn || g.signedIn(r, route) {
		return true
	}
	showSignIn(w, r, http.StatusUnauthorized, route, signInPage{To: r.URL.RequestURI()})
	return false
}

// signedIn looks for a cookie of ours. There may be several: an application
// can set one of the same name for a part of its host.
func (g *guard) signedIn(r *http.Request, route Route) bool {
	for _, cookie := range r.CookiesNamed(cookiePart + route.ID) {
		if _, ok := g.key.check(cookie.Value, forCookie, route.holder(), g.now()); ok {
			return true
		}
	}
	return false
}

// admitsToken judges what a program sent to sign in with.
func (g *guard) admitsToken(w http.ResponseWriter, r *http.Request, route Route, given string) bool {
	if _, ok := g.key.check(given, forLink, route.holder(), g.now()); ok {
		return true
	}
	if ok, wait := g.opens(r, route, given); ok {
		return true
	} else if wait {
		tooOften(w, r, route, signInPage{})
		return false
	}
	showSignIn(w, r, http.StatusUnauthorized, route,
		signInPage{Problem: tokenHeader + " is neither the password nor a link's token that is still good."})
	return false
}

// opens tries a password. The right one opens however many were wrong: others
// could keep people out otherwise, and of 2^80 nobody finds it by trying.
func (g *guard) opens(r *http.Request, route Route, password string) (ok, wait bool) {
	if g.key.opens(password, route.holder()) {
		return true, false
	}
	address := whose(r.RemoteAddr)
	if !g.attempts.allow(route.ID, address, g.now()) {
		return false, true
	}
	g.attempts.failed(route.ID, address, g.now())
	return false, false
}

// own answers what is asked of the gateway itself.
func (g *guard) own(w http.ResponseWriter, r *http.Request, table *Table, route Route) {
	switch {
	case r.URL.Path != signInPath:
		showUnknown(w, r)
	case r.Method == http.MethodPost:
		g.password(w, r, table, route)
	default:
		g.link(w, r, table, route)
	}
}

// link signs in by a signed link.
func (g *guard) link(w http.ResponseWriter, r *http.Request, table *Table, route Route) {
	query := r.URL.Query()
	token, to := query.Get("token"), local(query.Get("to"))
	if token == "" {
		showSignIn(w, r, http.StatusOK, route, signInPage{To: to})
		return
	}
	expires, ok := g.key.check(token, forLink, route.holder(), g.now())
	if !ok {
		showSignIn(w, r, http.StatusUnauthorized, route,
			signInPage{To: to, Problem: "This link is not one of this preview, or no longer good."})
		return
	}
	g.welcome(w, r, route, expires, g.next(r, table, route, token, to))
}

// password signs in by the form. There is nothing to forge a request for:
// whoever can send the password may as well come in.
func (g *guard) password(w http.ResponseWriter, r *http.Request, table *Table, route Route) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	typed, to := r.PostFormValue("password"), local(r.PostFormValue("to"))
	ok, wait := g.opens(r, route, typed)
	switch {
	case wait:
		tooOften(w, r, route, signInPage{To: to})
	case ok:
		token := g.key.token(forLink, route.holder(), route.Expires)
		g.welcome(w, r, route, route.Expires, g.next(r, table, route, token, to))
	default:
		showSignIn(w, r, http.StatusUnauthorized, route,
			signInPage{To: to, Problem: "That is not the password of this preview."})
	}
}

func tooOften(w http.ResponseWriter, r *http.Request, route Route, content signInPage) {
	w.Header().Set("Retry-After", "60")
	content.Problem = "Too many wrong passwords. Wait a minute, or use the link."
	showSignIn(w, r, http.StatusTooManyRequests, route, content)
}

// welcome sets the cookie and leads to where somebody wanted to go.
func (g *guard) welcome(w http.ResponseWriter, r *http.Request, route Route, expires time.Time, to string) {
	latest := g.now().Add(sessionTime)
	if expires.IsZero() || expires.After(latest) {
		expires = latest
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookiePart + route.ID, Value: g.key.token(forCookie, route.holder(), expires),
		Domain: route.cookieDomain(), Path: "/", Expires: expires,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer") // the token is in the address
	header.Set("X-Robots-Tag", noRobots)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// cookieDomain is what a cookie is for beyond its host: all hosts at or below
// the site. An address has no names below it, and is one host by all its ports.
func (r Route) cookieDomain() string {
	if _, err := netip.ParseAddr(r.Host); err == nil || !r.covered() {
		return ""
	}
	return r.Site
}

// covered tells whether the host is at or below its site.
func (r Route) covered() bool { return r.Host == r.Site || strings.HasSuffix(r.Host, "."+r.Site) }

// local is a path on this host, and never another host, whatever it is given:
// browsers take // and \ for the beginning of one.
func local(to string) string {
	parsed, err := url.Parse(to)
	if err != nil || parsed.IsAbs() || parsed.Host != "" || parsed.Opaque != "" || parsed.User != nil {
		return "/"
	}
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, ownPath) ||
		strings.ContainsFunc(to, func(c rune) bool { return c < ' ' || c == '\\' || c == 0x7f }) {
		return "/"
	}
	return to
}

// withoutSignIn takes what signs in to the gateway out of a request: the
// application has no need to know it.
func withoutSignIn(header http.Header) {
	header.Del(tokenHeader)
	lines := header["Cookie"]
	header.Del("Cookie")
	for _, line := range lines {
		if rest := otherCookies(line); rest != "" {
			header.Add("Cookie", rest)
		}
	}
}

// otherCookies leaves the application's own as they were sent, also those that
// Go would not parse.
func otherCookies(line string) string {
	if !strings.Contains(line, cookiePart) {
		return line
	}
	var kept []string
	for part := range strings.SplitSeq(line, ";") {
		if !strings.HasPrefix(strings.TrimSpace(part), cookiePart) {
			kept = append(kept, part)
		}
	}
	return strings.TrimSpace(strings.Join(kept, ";"))
}
