package gateway

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// directory is an authority that answers with a directory.
func directory(t *testing.T, text string) Authority {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return Authority{Directory: server.URL, Roots: string(roots)}
}

func TestLook_SaysWhatKeepsAnAuthorityFromGivingCertificates(t *testing.T) {
	const (
		plain    = `{"newOrder":"https://ca.example/order"}`
		profiles = `{"newOrder":"https://ca.example/order","meta":{"profiles":{"tls":"","addresses":""}}}`
		accounts = `{"newOrder":"https://ca.example/order","meta":{"externalAccountRequired":true}}`
	)
	for name, c := range map[string]struct {
		directory string
		edit      func(a *Authority)
		addresses bool
		want      string // empty: nothing does
	}{
		"nothing":                    {plain, nil, true, ""},
		"an unknown server":          {plain, func(a *Authority) { a.Roots = "" }, false, "certificate"},
		"no JSON":                    {"<html>", nil, false, "directory cannot be read (200 OK)"},
		"another API":                {"{}", nil, false, "directory cannot be read"},
		"half a directory":           {`{"newOrder":"https://ca.example/order","meta":3}`, nil, false, "cannot be read"},
		"it wants an account":        {accounts, nil, false, "wants an account"},
		"it has our account":         {accounts, func(a *Authority) { a.KeyID, a.Key = "a", "YWJj" }, false, ""},
		"an account that it ignores": {plain, func(a *Authority) { a.KeyID, a.Key = "a", "YWJj" }, false, ""},
		"its profile":                {profiles, func(a *Authority) { a.Profile = "addresses" }, true, ""},
		"no such profile": {
			profiles, func(a *Authority) { a.Profile = "shortlived" }, true,
			"has no profile shortlived",
		},
		"no such profile, and none is needed": {profiles, func(a *Authority) { a.Profile = "shortlived" }, false, ""},
	} {
		a := directory(t, c.directory)
		if c.edit != nil {
			c.edit(&a)
		}
		err := ACME{Authority: a}.Look(t.Context(), c.addresses)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// What Let's Encrypt has is known, and is not asked for.
func TestLook_AsksOnlyThoseThatSomebodyNamed(t *testing.T) {
	if err := (ACME{}).Look(t.Context(), true); err != nil {
		t.Errorf("nobody is named: %v", err)
	}
	err := ACME{Second: directory(t, "{}")}.Look(t.Context(), true)
	if err == nil || !strings.HasPrefix(err.Error(), "authority 127.0.0.1: ") {
		t.Errorf("the second is named: %v", err)
	}
}
