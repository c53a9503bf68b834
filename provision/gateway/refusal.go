package gateway

import (
	"bytes"
	"net/http"
	"strings"
)

// A Refusal names the framework that a page in which it refuses a host is of.
type Refusal string

// The refusals that are recognized.
const (
	Django    Refusal = "django"
	Rails     Refusal = "rails"
	Vite      Refusal = "vite"
	Webpack   Refusal = "webpack"
	Symfony   Refusal = "symfony"
	Starlette Refusal = "starlette"
	ASPNET    Refusal = "aspnet"
	Nextcloud Refusal = "nextcloud"
	PlainTLS  Refusal = "tls" // not of the host: it wants TLS

	debugger Refusal = "debugger" // a port that is for programs only
)

// refusals are what such pages say, and with which status.
var refusals = []struct {
	status int
	text   string
	of     Refusal
}{
	{http.StatusBadRequest, "DisallowedHost", Django},
	{http.StatusBadRequest, "Invalid HTTP_HOST header", Django},
	{http.StatusBadRequest, "<h1>Bad Request (400)</h1>", Django}, // all it says in production
	{http.StatusForbidden, "Blocked host", Rails},
	{http.StatusForbidden, "Blocked request. This host", Vite},
	{http.StatusBadRequest, "Untrusted Host", Symfony},
	{http.StatusBadRequest, "Invalid host header", Starlette},
	{http.StatusBadRequest, "Bad Request - Invalid Hostname", ASPNET},
	{http.StatusBadRequest, "Access through untrusted domain", Nextcloud},
	{http.StatusBadRequest, "HTTP request to an HTTPS server", PlainTLS},
	{http.StatusBadRequest, "HTTP request was sent to HTTPS port", PlainTLS},
	{http.StatusBadRequest, "requires TLS", PlainTLS},
	{http.StatusBadRequest, "WebSockets request was expected", debugger}, // Node's inspector
}

// refusal recognizes a page by what is in it.
func refusal(status int, body []byte) Refusal {
	for _, known := range refusals {
		if known.status == status && bytes.Contains(body, []byte(known.text)) {
			return known.of
		}
	}
	// Older versions of webpack's server say it with status 200.
	if strings.TrimSpace(string(body)) == "Invalid Host header" {
		return Webpack
	}
	return ""
}
