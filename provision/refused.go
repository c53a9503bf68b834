package provision

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// complaint says what is wrong with what a service answers to its link, and
// which setting helps; empty: nothing is.
func (h *shape) complaint(link Link, answer gateway.Answer) string {
	var ours []string
	for _, other := range h.result.Links {
		if parsed, err := url.Parse(other.URL); err == nil {
			ours = append(ours, parsed.Host)
		}
	}
	of := answer.Refusal
	if of == "" {
		of = frameworkOf(h.stack.Load().Project().Services[link.Service])
	}
	return unmigrated(complain(h.next.Preview, link, answer, of, ours), answer, h.result.Migrated != nil)
}

// unmigrated adds to a complaint of an error what is often the reason.
func unmigrated(said string, answer gateway.Answer, migrated bool) string {
	if said == "" || migrated || answer.Status < http.StatusInternalServerError {
		return said
	}
	return said + "; if it lacks a migration, name what migrates under preview.migrate in offshoot.yaml"
}

// complain is complaint for a service of some framework, or of none that is
// known. A redirect to one of our own hosts is as it should be.
func complain(p Preview, link Link, answer gateway.Answer, of gateway.Refusal, ours []string) string {
	said := link.Service + " answers " + statusOf(answer.Status) + " to its link"
	advice := settings[of]
	switch {
	case answer.ToHTTPS && strings.HasPrefix(link.URL, "https:"):
		return fmt.Sprintf("%s, which leads to itself: %s", said, cmp.Or(advice.proxied, anyProxied))
	case answer.ToHTTPS:
		return fmt.Sprintf("%s, which leads to HTTPS, where nothing is: %s", said, cmp.Or(advice.secure, anySecure))
	case answer.Away == "?":
		return fmt.Sprintf("%s, which leads to another host: %s", said, cmp.Or(advice.address, anyAddress))
	case answer.Away != "" && !slices.Contains(ours, answer.Away):
		return fmt.Sprintf("%s, which leads to another host, %s: %s", said, answer.Away,
			cmp.Or(advice.address, anyAddress))
	case of == gateway.PlainTLS && answer.Refusal == of:
		return said + ": its port is one for HTTPS; name one for HTTP under preview.expose in offshoot.yaml"
	case refusesHost(answer):
		return fmt.Sprintf("%s: where that is because of the host, %s", said, cmp.Or(advice.host, anyHost))
	case answer.Status >= http.StatusInternalServerError:
		return fmt.Sprintf("%s: see offshoot logs%s %s", said, p.Naming(), link.Service)
	}
	return ""
}

// refusesHost tells whether an answer is likely to be one to the host: not to
// find something, or not to be let in, may be all that there is at "/".
func refusesHost(answer gateway.Answer) bool {
	switch answer.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusMisdirectedRequest:
		return true
	}
	return answer.Refusal != "" || answer.Local > 0 && answer.Local < http.StatusBadRequest
}

// A setting is what helps with a framework.
type setting struct {
	host    string // where it refuses hosts
	secure  string // where it leads to HTTPS that is not there
	proxied string // where it does not see that it was asked by HTTPS
	address string // where it leads to the address that it was made for
}

const (
	anyHost    = "allow the one in OFFSHOOT_HOST (ALLOWED_HOSTS, config.hosts, server.allowedHosts or the like)"
	anySecure  = "let OFFSHOOT_PREVIEW turn that off (SECURE_SSL_REDIRECT, config.force_ssl or the like)"
	anyProxied = "it has to believe X-Forwarded-Proto (SECURE_PROXY_SSL_HEADER, config.assume_ssl or the like)"
	anyAddress = "give it OFFSHOOT_URL as its own address"

	wordPress gateway.Refusal = "wordpress"
)

var settings = map[gateway.Refusal]setting{
	gateway.Django: {
		host:    `add os.environ["OFFSHOOT_HOST"] to ALLOWED_HOSTS`,
		secure:  `turn SECURE_SSL_REDIRECT off where OFFSHOOT_PREVIEW is set`,
		proxied: `set SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")`,
	},
	gateway.Rails: {
		host:    `add config.hosts << ENV["OFFSHOOT_HOST"]`,
		secure:  `turn config.force_ssl off where OFFSHOOT_PREVIEW is set`,
		proxied: `set config.assume_ssl`,
	},
	gateway.Vite:    {host: `add process.env.OFFSHOOT_HOST to server.allowedHosts`},
	gateway.Webpack: {host: `add process.env.OFFSHOOT_HOST to devServer.allowedHosts`},
	gateway.Symfony: {
		host:    `add %env(OFFSHOOT_HOST)% to framework.trusted_hosts`,
		proxied: `set framework.trusted_proxies`,
	},
	gateway.Starlette: {host: `add os.environ["OFFSHOOT_HOST"] to the allowed_hosts of TrustedHostMiddleware`},
	gateway.ASPNET: {
		host:    `set AllowedHosts: ${OFFSHOOT_HOST} in its environment`,
		proxied: `set ASPNETCORE_FORWARDEDHEADERS_ENABLED: "true" in its environment`,
	},
	gateway.Nextcloud: {
		host:    `set NEXTCLOUD_TRUSTED_DOMAINS: ${OFFSHOOT_HOST} in its environment`,
		proxied: `set OVERWRITEPROTOCOL: https in its environment`,
	},
	wordPress: {address: `make WP_HOME and WP_SITEURL of OFFSHOOT_URL`},
}

// signs are by what a service shows which framework it is of.
var signs = []struct {
	of       gateway.Refusal
	variable string   // how one in its environment begins
	word     string   // in its command or the name of its image
	files    []string // in the folder that it is built of
}{
	{gateway.Django, "DJANGO_", "manage.py", []string{"manage.py"}},
	{gateway.Rails, "RAILS_", "rails", []string{"bin/rails", "config/application.rb"}},
	{gateway.ASPNET, "ASPNETCORE_", "dotnet", nil},
	{wordPress, "WORDPRESS_", "wordpress", []string{"wp-config.php"}},
	{gateway.Nextcloud, "NEXTCLOUD_", "nextcloud", nil},
	{gateway.Symfony, "SYMFONY_", "symfony", []string{"symfony.lock"}},
	{gateway.Vite, "VITE_", "vite", []string{"vite.config.js", "vite.config.ts", "vite.config.mjs"}},
	{gateway.Webpack, "WEBPACK_", "webpack", []string{"webpack.config.js", "vue.config.js"}},
}

// frameworkOf guesses what a service is made with: from its environment, what
// it runs, and the files that it is built of.
func frameworkOf(service types.ServiceConfig) gateway.Refusal {
	run := strings.Join(slices.Concat(service.Entrypoint, service.Command, []string{service.Image}), " ")
	words := strings.FieldsFunc(run, func(c rune) bool { return strings.ContainsRune(" /:;&|'\"@", c) })
	for _, sign := range signs {
		for variable := range service.Environment {
			if strings.HasPrefix(variable, sign.variable) {
				return sign.of
			}
		}
		if slices.Contains(words, sign.word) {
			return sign.of
		}
	}
	if service.Build == nil || !filepath.IsAbs(service.Build.Context) {
		return ""
	}
	for _, sign := range signs {
		for _, name := range sign.files {
			if info, err := os.Lstat(filepath.Join(service.Build.Context, name)); err == nil &&
				info.Mode().IsRegular() {
				return sign.of
			}
		}
	}
	return ""
}
