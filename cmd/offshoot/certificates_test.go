package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// authorityOf answers for a directory.
func authorityOf(t *testing.T, directory string) (address, roots string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request,
	) {
		_, _ = w.Write([]byte(directory))
	}))
	t.Cleanup(server.Close)
	return server.URL, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func TestDoctor_SaysWhatWillBecomeOfCertificates(t *testing.T) {
	onEC2(t, standin.Options{Seed: 1})
	good, roots := authorityOf(t, `{"newOrder":"https://x/","meta":{"profiles":{"short":"of addresses","long":""}}}`)
	customers, customersRoots := authorityOf(t, `{"newOrder":"https://x/","meta":{"externalAccountRequired":true}}`)
	none, noneRoots := authorityOf(t, `<html>`)
	indent := func(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ") }
	for name, c := range map[string]struct {
		preview, mark, want string
	}{
		"nothing": {
			"{}", "ok",
			"links are the machine's address, with a certificate of acme-v02.api.letsencrypt.org for it",
		},
		"a group": {
			"{}\nec2: {security_group: sg-1}", "ok",
			"sg-1 has to let everybody reach ports 80, 443, and 8443 to 8461",
		},
		"a domain": {"{domain: previews.example.com}", "ok", "links are names below previews.example.com"},
		"names":    {"{domain: '{ip}.sslip.io'}", "ok", "its limit may be reached"},
		"another": {
			"\n  acme:\n    directory: " + good + "\n    roots: |\n      " + indent(roots), "ok",
			"links are names of sslip.io",
		},
		"a profile": {"\n  acme:\n    profile: short\n    directory: " + good + "\n    roots: |\n      " +
			indent(roots), "ok", "for it"},
		"no such profile": {"\n  acme:\n    profile: nope\n    directory: " + good + "\n    roots: |\n      " +
			indent(roots), "fail", "it has no profile nope"},
		"an account": {"\n  acme:\n   second:\n    directory: " + customers + "\n    roots: |\n      " +
			indent(customersRoots), "fail", "it wants an account"},
		"no directory": {
			"\n  acme:\n    directory: " + none + "\n    roots: |\n      " + indent(noneRoots), "fail",
			"its directory cannot be read (200 OK)",
		},
		"half an account": {"{acme: {key_id: a}}", "fail", "needs key_id and key"},
	} {
		write(t, filepath.Join(".", config.Name), "preview: "+c.preview+"\n")
		out, _, _ := capturedWith(t, os.LookupEnv, "doctor", "--provider", "ec2")
		_, line, found := strings.Cut(out, " certificates ")
		if before, _, _ := strings.Cut(out, "certificates"); !found ||
			!strings.HasSuffix(strings.TrimSpace(before), c.mark) {
			t.Errorf("%s: not %s: %s", name, c.mark, out)
		}
		if !strings.Contains(line, c.want) {
			t.Errorf("%s: without %q: %s", name, c.want, out)
		}
	}
}

func TestReport_SaysWhyBrowsersWarn(t *testing.T) {
	until := time.Date(2031, 5, 7, 8, 7, 2, 0, time.UTC)
	for want, status := range map[string]gateway.CertificateStatus{
		"": {Host: "a", Ready: true},
		"browsers warn: the authority's limit is reached, until Wed 7 May 2031, 08:07 UTC": {
			Host:    "a",
			Problem: "rate limited", Until: until,
		},
		"browsers warn until there is one: out of order": {
			Host:    "a",
			Problem: "out of order",
		},
	} {
		result := &provision.Result{Certificates: []gateway.CertificateStatus{status}}
		if got := missingCertificates(result); got != want {
			t.Errorf("%+v: %q", status, got)
		}
	}
}
