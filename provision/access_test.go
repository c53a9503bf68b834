package provision_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

func freePort(t *testing.T) int {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	return free.Addr().(*net.TCPAddr).Port
}

// visit opens an https link at a front on this computer, whose names no DNS
// knows and whose certificate nobody signed.
func visit(t *testing.T, front provision.Front, link string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	transport := &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", front.HTTPS))
		},
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response, string(body)
}

func TestUp_ForOtherComputersWantsASignInAndNeedsNoCertificate(t *testing.T) {
	f := newLight(t, 38).alone()
	front := provision.Front{
		Domain: "previews.example.com", HTTP: freePort(t), HTTPS: freePort(t), Bind: netip.MustParseAddr("127.0.0.1"),
		// where nobody answers
		ACME: gateway.ACME{Authority: gateway.Authority{Directory: "https://127.0.0.1:1/directory"}},
	}
	f.engine.Front = front
	result := f.up()
	id := f.options.Preview.ID
	if got, want := result.Links[0].URL, fmt.Sprintf("https://%s.previews.example.com:%d/", id,
		front.HTTPS); got != want {
		t.Errorf("link %s, want %s", got, want)
	}
	if !f.told(provision.Notice, "no certificate for "+id+".previews.example.com: ") {
		t.Errorf("it is not said that there is no certificate: %+v", f.events)
	}
	inspected, err := f.engine.Docker.Client().ContainerInspect(t.Context(), f.engine.Gateway)
	if err != nil || !slices.Contains(inspected.Config.Cmd, "-resolver") {
		t.Errorf("the gateway resolves the authority's name in the previews' networks: %q, %v", inspected.Config.Cmd,
			err)
	}
	link, access := result.Links[0].URL, result.Access
	if response, body := visit(t, front, link, nil); response.StatusCode != http.StatusUnauthorized ||
		strings.Contains(body, "one") {
		t.Errorf("without a sign-in: %s %q", response.Status, body)
	}
	response, _ := visit(t, front, access.Links[0].URL, nil)
	if len(response.Cookies()) != 1 || !response.Cookies()[0].Secure || response.StatusCode != http.StatusSeeOther {
		t.Fatalf("the link: %s with %v", response.Status, response.Cookies())
	}
	cookie := http.Header{"Cookie": {response.Cookies()[0].Name + "=" + response.Cookies()[0].Value}}
	for name, header := range map[string]http.Header{
		"cookie":   cookie,
		"password": {"Offshoot-Token": {access.Password}}, "token": {"Offshoot-Token": {access.Token}},
	} {
		if response, body := visit(t, front, link, header); response.StatusCode != http.StatusOK || body != "one" {
			t.Errorf("with the %s: %s %q", name, response.Status, body)
		}
	}
	f.engine.Front = provision.Front{} // as another command would come
	again, err := f.engine.AccessTo(t.Context(), provision.Preview{ID: id})
	if err != nil || again.Password != access.Password || again.Links[0].URL != access.Links[0].URL {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	f.assertSecretsAreNotOnTheEngine(access)
	f.assertRotates(front, link, access)
	open := true
	f.options.Public = &open
	if f.up().Access != nil {
		t.Error("an open preview has a sign-in")
	}
	if response, body := visit(t, front, link, nil); response.StatusCode != http.StatusOK || body != "one" {
		t.Errorf("an open preview: %s %q", response.Status, body)
	}
	if _, err := f.engine.AccessTo(t.Context(), provision.Preview{ID: id}); !errors.Is(err, provision.ErrOpen) {
		t.Errorf("access to an open preview: %v", err)
	}
	if _, err := f.engine.RotateAccess(t.Context(), provision.Preview{ID: id}); !errors.Is(err, provision.ErrOpen) ||
		err.Error() != id+" "+provision.ErrOpen.Error() {
		t.Errorf("another access to an open preview: %v", err)
	}
}

// assertRotates ends what was given out, also over an update, and for the next
// preview of that name.
func (f *fixture) assertRotates(front provision.Front, link string, before *provision.Access) {
	f.t.Helper()
	signs := func(when string, access *provision.Access, want bool) {
		f.t.Helper()
		for name, given := range map[string]string{"password": access.Password, "token": access.Token} {
			if response, _ := visit(f.t, front, link,
				http.Header{"Offshoot-Token": {given}}); (response.StatusCode == http.StatusOK) != want {
				f.t.Errorf("%s, the %s: %s", when, name, response.Status)
			}
		}
		if response, _ := visit(f.t, front, access.Links[0].URL,
			nil); (response.StatusCode == http.StatusSeeOther) != want {
			f.t.Errorf("%s, the link: %s", when, response.Status)
		}
	}
	after, err := f.engine.RotateAccess(f.t.Context(), f.options.Preview)
	if err != nil {
		f.t.Fatal(err)
	}
	signs("given out before", before, false)
	signs("new", after, true)
	if updated := f.up().Access; updated.Password != after.Password {
		f.t.Error("an update changes the password")
	}
	signs("new, after an update", after, true)
	signs("given out before, after an update", before, false)
	f.down()
	f.engine.Front = front
	next := f.up().Access
	signs("of the preview that was removed", after, false)
	signs("of the next one", next, true)
}

// told tells whether there was such an event.
func (f *fixture) told(kind provision.Kind, text string) bool {
	for _, e := range f.events {
		if e.Kind == kind && strings.HasPrefix(e.Text, text) {
			return true
		}
	}
	return false
}

// assertSecretsAreNotOnTheEngine looks where everybody who can ask the engine
// can look.
func (f *fixture) assertSecretsAreNotOnTheEngine(access *provision.Access) {
	f.t.Helper()
	found, err := f.engine.Docker.Client().ContainerInspect(f.t.Context(), f.engine.Gateway)
	if err != nil {
		f.t.Fatal(err)
	}
	text := fmt.Sprintf("%+v %+v %+v", *found.Config, *found.HostConfig, found.Args)
	for _, event := range f.events {
		text += event.Text
	}
	for _, secret := range []string{access.Password, access.Token} {
		if secret == "" || strings.Contains(text, secret) {
			f.t.Errorf("a secret is on the engine or in an event: %q", secret)
		}
	}
}
