package gateway

import (
	"net/http"
	"net/url"
)

// Where a browser says that a request comes from.
// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
const (
	sameOrigin = "same-origin"
	sameSite   = "same-site"
	crossSite  = "cross-site"
)

// fromElsewhere tells whether a page that is not of the preview makes a browser
// ask for this. To browsers all previews are one site, and they send the cookies
// of one with what the page of another asks. To open a preview's page from
// elsewhere is what links are for. Programs do not say where they come from.
//
// On a preview that nobody signs in to, which only this computer can reach, that
// is so for pages of other previews alone: an identity provider posts its
// answer, and a development server on another port calls the application.
func (t Table) fromElsewhere(r *http.Request, route Route) bool {
	if opensPage(r) {
		return false
	}
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	switch {
	case origin == "" && (site == sameSite || site == crossSite):
		// Images, scripts and frames are asked for without an origin, and from
		// another service of the preview with its name.
		return !t.within(r.Header.Get("Referer"), route) && (route.SignIn || site == sameSite)
	case origin == "":
		return false
	case origin == "null": // a form whose page keeps to itself where it is; or a page in a sandbox
		return site != sameOrigin && site != "none" && (route.SignIn || site == sameSite)
	case t.within(origin, route):
		return false
	}
	return route.SignIn || site == sameSite || t.knows(origin)
}

// within tells whether an address is on one of the preview's own hosts.
func (t Table) within(address string, route Route) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	found, known := t.lookup(parsed.Host)
	return known && found.ID == route.ID && found.Project == route.Project && found.Preview == route.Preview
}

// knows tells whether an address is on a host of any preview.
func (t Table) knows(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	_, known := t.lookup(parsed.Host)
	return known
}

// opensPage tells whether somebody follows a link, or types an address.
func opensPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Upgrade") != "" {
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// isPreflight tells whether this is what a browser asks before it calls one
// service of a preview from a page of another: it never sends a cookie with that.
// https://fetch.spec.whatwg.org/#cors-preflight-fetch
func (t Table) isPreflight(r *http.Request, route Route) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" &&
		r.Header.Get("Origin") != "" && t.within(r.Header.Get("Origin"), route)
}

// bare is a request without what a preflight does not have: nobody has signed
// in who sends it, so that it may carry nothing to the application.
func bare(r *http.Request) *http.Request {
	question := r.Clone(r.Context())
	question.Body, question.ContentLength, question.TransferEncoding, question.Trailer = http.NoBody, 0, nil, nil
	for _, name := range []string{
		"Content-Length", "Transfer-Encoding", "Trailer", "Upgrade", "Connection", "Expect",
		"Content-Type", "Cookie", "Authorization",
	} {
		question.Header.Del(name)
	}
	return question
}

// askForReferer lets pages of a preview of several hosts say where they are from
// when they show what another of its hosts has. By that name such a request is
// told from those of other previews.
func askForReferer(header http.Header) {
	switch header.Get("Referrer-Policy") {
	case "no-referrer", "same-origin":
		header.Set("Referrer-Policy", "strict-origin")
	}
}
