package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

// private is a preview of two services that one has to sign in to, with a
// clock that can be turned.
type private struct {
	address string
	seen    chan *http.Request // that came through
	now     time.Time
	key     key
}

const (
	privateHost = "shop-pr-1.previews.example.com"
	apiHost     = "api.shop-pr-1.previews.example.com"
	otherHost   = "shop-pr-2.previews.example.com"
)

func newPrivate(t *testing.T) *private {
	t.Helper()
	p := &private{seen: make(chan *http.Request, 1), now: time.Unix(1_800_000_000, 0), key: testKey}
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.seen <- r
		if r.Header.Get("Upgrade") != "" {
			echoUpgraded(w, r)
		}
	}))
	t.Cleanup(behind.Close)
	g := New(testKey)
	g.guard.now = func() time.Time { return p.now }
	to := strings.TrimPrefix(behind.URL, "http://")
	route := func(host, name, site string) Route {
		return Route{
			Host: host, Project: "shop", Preview: name, ID: "shop-" + name, Site: site, Service: "web",
			State: Serving, Address: to, SignIn: true, Expires: p.now.Add(72 * time.Hour),
		}
	}
	g.Use(Table{Routes: []Route{
		route(apiHost, "pr-1", privateHost), route(privateHost, "pr-1", privateHost),
		route(otherHost, "pr-2", otherHost),
	}})
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	p.address = strings.TrimPrefix(front.URL, "http://")
	return p
}

// ask sends one request, and tells whether it came through.
func (p *private) ask(
	t *testing.T, method, host, path, body string, header http.Header,
) (*http.Response, string, *http.Request) {
	t.Helper()
	r := request(t, method, p.address, host, path, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	response, answer := do(t, r)
	select {
	case through := <-p.seen:
		return response, answer, through
	default:
		return response, answer, nil
	}
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

var form = header("Content-Type", "application/x-www-form-urlencoded")

func (p *private) post(t *testing.T, host, password, to string) (*http.Response, string) {
	t.Helper()
	response, answer, through := p.ask(t, http.MethodPost, host, signInPath,
		url.Values{"password": {password}, "to": {to}}.Encode(), form)
	if through != nil {
		t.Error("the application saw the form")
	}
	return response, answer
}

func cookieOf(t *testing.T, response *http.Response) *http.Cookie {
	t.Helper()
	cookies := response.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%s with %d cookies", response.Status, len(cookies))
	}
	return cookies[0]
}

func TestGuard_NobodyComesInUnasked(t *testing.T) {
	p := newPrivate(t)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions, http.MethodDelete} {
		response, answer, through := p.ask(t, method, privateHost, "/orders?a=1", "",
			header("Authorization", "Bearer x", "Cookie", cookiePart+"shop-pr-1=x"))
		if response.StatusCode != http.StatusUnauthorized || through != nil ||
			!strings.HasPrefix(answer, "sign in to") || !strings.Contains(answer, "Offshoot-Token") {
			t.Errorf("%s: %s %q, came through: %v", method, response.Status, answer, through != nil)
		}
	}
	response, answer, _ := p.ask(t, http.MethodGet, privateHost, `/orders?a="<b>`, "", header("Accept", "text/html"))
	if response.StatusCode != http.StatusUnauthorized || !strings.Contains(answer, `type="password"`) ||
		!strings.Contains(answer, `value="/orders?a=%22%3Cb%3E"`) && !strings.Contains(answer, `&lt;b&gt;`) {
		t.Errorf("a browser: %s\n%s", response.Status, answer)
	}
	for name, want := range map[string]string{
		"X-Robots-Tag": noRobots, "Cache-Control": "no-store",
		"Www-Authenticate": "Offshoot-Token",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestGuard_LinkSignsInToAllServicesOfOnePreview(t *testing.T) {
	p := newPrivate(t)
	link := signInPath + "?token=" + p.key.token(forLink, "shop-pr-1", p.now.Add(time.Hour)) + "&to=" +
		url.QueryEscape("/orders?x=1")
	response, _, through := p.ask(t, http.MethodGet, privateHost, link, "", nil)
	cookie := cookieOf(t, response)
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/orders?x=1" ||
		through != nil {
		t.Errorf("%s to %q", response.Status, response.Header.Get("Location"))
	}
	if cookie.Domain != privateHost || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.Path != "/" || cookie.Secure {
		t.Errorf("cookie %v", cookie)
	}
	if !cookie.Expires.Equal(p.now.Add(time.Hour)) {
		t.Errorf("the cookie is good until %v, the link until %v", cookie.Expires, p.now.Add(time.Hour))
	}
	signedIn := header("Cookie", "a=1; "+cookie.Name+"="+cookie.Value+"; b=\"2\"", "Authorization", "Bearer of-the-app")
	for _, host := range []string{privateHost, apiHost} {
		_, _, through := p.ask(t, http.MethodPost, host, "/orders", "", signedIn)
		if through == nil {
			t.Fatalf("%s is not open with the cookie", host)
		}
		if got := through.Header.Get("Cookie"); got != `a=1; b="2"` {
			t.Errorf("the application sees cookies %q", got)
		}
		if got := through.Header.Get("Authorization"); got != "Bearer of-the-app" {
			t.Errorf("the application sees authorization %q", got)
		}
	}
	if response, _, _ := p.ask(t, http.MethodGet, otherHost, "/", "",
		signedIn); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("another preview: %s", response.Status)
	}
	renamed := header("Cookie", cookiePart+"shop-pr-2="+cookie.Value)
	if response, _, _ := p.ask(t, http.MethodGet, otherHost, "/", "",
		renamed); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("another preview with the cookie renamed: %s", response.Status)
	}
	p.now = p.now.Add(2 * time.Hour)
	if response, _, _ := p.ask(t, http.MethodGet, privateHost, "/", "",
		signedIn); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("an expired cookie: %s", response.Status)
	}
}

func TestGuard_RefusesLinksThatAreNotGood(t *testing.T) {
	p := newPrivate(t)
	good := p.key.token(forLink, "shop-pr-1", p.now.Add(time.Hour))
	other := key("another key of thirty-two bytes.")
	for name, token := range map[string]string{
		"expired":            p.key.token(forLink, "shop-pr-1", p.now.Add(-time.Second)),
		"of another preview": p.key.token(forLink, "shop-pr-2", p.now.Add(time.Hour)),
		"a cookie":           p.key.token(forCookie, "shop-pr-1", p.now.Add(time.Hour)),
		"of another machine": other.token(forLink, "shop-pr-1", p.now.Add(time.Hour)),
		"cut":                good[:len(good)-1],
		"longer":             good + "AA",
		"not base64":         "%%%",
		"for ever":           "AAAAAAAAAAA" + good[11:],
	} {
		response, answer, _ := p.ask(t, http.MethodGet, privateHost, signInPath+"?token="+url.QueryEscape(token), "",
			header("Accept", "text/html"))
		if response.StatusCode != http.StatusUnauthorized || len(response.Cookies()) > 0 ||
			!strings.Contains(answer, "no longer good") {
			t.Errorf("%s: %s, %d cookies", name, response.Status, len(response.Cookies()))
		}
		if len(token) > 5 && strings.Contains(answer, token) {
			t.Errorf("%s: the page repeats the token", name)
		}
	}
}

func TestGuard_NeverLeadsToAnotherHost(t *testing.T) {
	p := newPrivate(t)
	for _, to := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "/\t/evil.example",
		"javascript:alert(1)", "evil.example", "",
		"http:evil.example", "/.offshoot/sign-in?token=x", "/\r\nSet-Cookie: a=b", "///evil.example", "/%zz",
	} {
		response, _ := p.post(t, privateHost, p.key.password("shop-pr-1"), to)
		if got := response.Header.Get("Location"); got != "/" || response.StatusCode != http.StatusSeeOther {
			t.Errorf("%q leads to %q, %s", to, got, response.Status)
		}
	}
	for _, to := range []string{"/", "/a/b?c=d&e=//f", "/a%2F%2Fb", "/ü"} {
		response, _ := p.post(t, privateHost, p.key.password("shop-pr-1"), to)
		if got, _ := url.PathUnescape(response.Header.Get("Location")); got != to &&
			response.Header.Get("Location") != to {
			t.Errorf("%q leads to %q", to, response.Header.Get("Location"))
		}
	}
}

func TestGuard_PasswordIsReadAsPeopleTypeIt(t *testing.T) {
	p := newPrivate(t)
	password := p.key.password("shop-pr-1")
	if len(password) != 19 || password == p.key.password("shop-pr-2") || password != p.key.password("shop-pr-1") {
		t.Errorf("password %q", password)
	}
	for _, typed := range []string{
		password, strings.ToUpper(password), strings.ReplaceAll(password, "-", ""),
		" " + strings.ReplaceAll(password, "-", " ") + "\n", strings.ReplaceAll(password, "0", "O"),
	} {
		response, _ := p.post(t, privateHost, typed, "/")
		if cookie := cookieOf(t, response); !cookie.Expires.Equal(p.now.Add(72 * time.Hour)) {
			t.Errorf("%q: good until %v, the preview until %v", typed, cookie.Expires, p.now.Add(72*time.Hour))
		}
	}
	for _, typed := range []string{"", password[:18], password + "a", p.key.password("shop-pr-2")} {
		response, answer := p.post(t, privateHost, typed, "/")
		if response.StatusCode != http.StatusUnauthorized || len(response.Cookies()) > 0 ||
			strings.Contains(answer, password) {
			t.Errorf("%q: %s", typed, response.Status)
		}
	}
}

func TestGuard_TooManyWrongPasswordsHaveToWait(t *testing.T) {
	p := newPrivate(t)
	for range attemptsOfOne {
		if response, _ := p.post(t, privateHost, "wrong", "/"); response.StatusCode != http.StatusUnauthorized {
			t.Fatal(response.Status)
		}
	}
	if response, _ := p.post(t, privateHost, "wrong", "/"); response.StatusCode != http.StatusTooManyRequests ||
		response.Header.Get("Retry-After") != "60" {
		t.Errorf("after too many: %s", response.Status)
	}
	if response, _, through := p.ask(t, http.MethodGet, privateHost, "/", "",
		header(tokenHeader, "wrong")); response.StatusCode != http.StatusTooManyRequests || through != nil {
		t.Errorf("by the header: %s, came through: %v", response.Status, through != nil)
	}
	if response, _ := p.post(t, otherHost, "wrong", "/"); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("another preview has to wait too: %s", response.Status)
	}
	p.now = p.now.Add(attemptsSpan)
	if response, _ := p.post(t, privateHost, "wrong", "/"); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a minute later: %s", response.Status)
	}
}

func TestAttempts_AreBoundedForAllAndCountedByNetwork(t *testing.T) {
	var a attempts
	now := time.Unix(1, 0)
	for i := range attemptsOfAll {
		address := fmt.Sprint(i)
		if !a.allow("p", address, now) {
			t.Fatalf("attempt %d is refused", i)
		}
		a.failed("p", address, now)
	}
	if a.allow("p", "new", now) {
		t.Error("one more is allowed")
	}
	if len(a.of) != attemptsOfAll+1 {
		t.Errorf("%d are remembered", len(a.of))
	}
	for remote, want := range map[string]string{
		"192.0.2.1:99": "192.0.2.1", "[::ffff:192.0.2.1]:99": "192.0.2.1", "[2001:db8::1:2]:9": "2001:db8::/64",
		"[2001:db8::9%eth0]:9": "2001:db8::/64", "x": "x",
	} {
		if got := whose(remote); got != want {
			t.Errorf("%s is counted as %s, want %s", remote, got, want)
		}
	}
}

func TestGuard_ProgramsSignInByAHeader(t *testing.T) {
	p := newPrivate(t)
	for name, given := range map[string]string{
		"a link's token": p.key.token(forLink, "shop-pr-1", time.Time{}),
		"the password":   p.key.password("shop-pr-1"),
	} {
		response, _, through := p.ask(t, http.MethodPut, apiHost, "/v1", "body",
			header(tokenHeader, given, "Authorization", "Basic YTpi"))
		if through == nil {
			t.Fatalf("%s: %s", name, response.Status)
		}
		if through.Header.Get(tokenHeader) != "" || through.Header.Get("Authorization") != "Basic YTpi" {
			t.Errorf("%s: the application sees %v", name, through.Header)
		}
		if len(response.Cookies()) > 0 {
			t.Errorf("%s: a program gets a cookie", name)
		}
		if got := response.Header.Get("X-Robots-Tag"); got != noRobots {
			t.Errorf("%s: robots %q", name, got)
		}
	}
	response, answer, through := p.ask(t, http.MethodGet, apiHost, "/v1", "", header(tokenHeader, "wrong"))
	if response.StatusCode != http.StatusUnauthorized || through != nil ||
		!strings.HasPrefix(answer, "Offshoot-Token is neither the password nor") {
		t.Errorf("a wrong one: %s", response.Status)
	}
}

func TestGuard_PassesWhatBrowsersAskBeforeTheyCallASibling(t *testing.T) {
	p := newPrivate(t)
	for origin, want := range map[string]bool{
		"https://" + privateHost: true, "https://" + otherHost: false, "https://evil.example": false, "null": false,
		"": false,
	} {
		_, _, through := p.ask(t, http.MethodOptions, apiHost, "/v1", "",
			header("Origin", origin, "Access-Control-Request-Method", "PUT"))
		if (through != nil) != want {
			t.Errorf("from %q: came through: %v", origin, through != nil)
		}
		_, _, through = p.ask(t, http.MethodGet, apiHost, "/v1", "",
			header("Origin", origin, "Access-Control-Request-Method", "PUT"))
		if through != nil {
			t.Errorf("from %q: the call itself came through", origin)
		}
	}
}

func TestGuard_WebSocketsNeedTheCookieToo(t *testing.T) {
	p := newPrivate(t)
	cookie := header("Cookie", cookiePart+"shop-pr-1="+p.key.token(forCookie, "shop-pr-1", p.now.Add(time.Hour)))
	for name, c := range map[string]struct {
		header http.Header
		want   int
	}{"signed in": {cookie, http.StatusSwitchingProtocols}, "not": {http.Header{}, http.StatusUnauthorized}} {
		r := request(t, http.MethodGet, p.address, privateHost, "/live", nil)
		r.Header = c.header
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
}

func TestGuard_AnOpenPreviewHasNoSignInButStillHidesIt(t *testing.T) {
	seen := make(chan *http.Request, 1)
	address := gatewayTo(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r }))
	r := request(t, http.MethodGet, address, "pr-1.shop.localhost", signInPath, nil)
	r.Header.Set("Cookie", cookiePart+"shop-pr-1=secret")
	r.Header.Set(tokenHeader, "secret")
	do(t, r)
	if got := <-seen; got.URL.Path != signInPath || strings.Contains(fmt.Sprint(got.Header), "secret") {
		t.Errorf("the application sees %s %v", got.URL.Path, got.Header)
	}
}

func TestKey_IsMadeOnceAndForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	made := make(chan key, 8)
	for range 8 {
		go func() { k, _ := loadKey(path); made <- k }()
	}
	first := <-made
	for range 7 {
		if next := <-made; string(next) != string(first) || len(next) != keySize {
			t.Errorf("keys %d and %d bytes long differ", len(first), len(next))
		}
	}
	assertMode(t, path, 0o600)
	entries, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if len(entries) > 0 {
		t.Errorf("left: %q", entries)
	}
}

func TestKey_ChecksNothingThatIsNoWholeToken(t *testing.T) {
	k, now := key(testKey), time.Unix(1_800_000_000, 0)
	good := k.token(forLink, "shop-pr-1", now.Add(time.Second))
	for token, want := range map[string]bool{
		good: true, "": false, "AAAA": false, good[:len(good)-4]: false, good + "AAAA": false, good + "%": false,
	} {
		if expires, ok := k.check(token, forLink, "shop-pr-1", now); ok != want || ok == expires.IsZero() {
			t.Errorf("%q: good %v until %s", token, ok, expires)
		}
	}
	if _, ok := k.check(good, forLink, "shop-pr-1", now.Add(time.Second)); ok {
		t.Error("it is good when it expires")
	}
	never := k.token(forLink, "shop-pr-1", time.Time{})
	if expires, ok := k.check(never, forLink, "shop-pr-1", now); !ok || !expires.IsZero() {
		t.Errorf("one for ever: good %v until %s", ok, expires)
	}
}

// An image of the machine is to let nobody in, and knows its seeds again.
func TestForget_KeepsWhatNamesSeedsAlone(t *testing.T) {
	kept := t.TempDir()
	for _, file := range []string{keyFile, seedKeyFile, givenFile, ACMEFile, certificatesFolder + "/a"} {
		path := filepath.Join(kept, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := Command(t.Context(), []string{"forget", "-kept", kept}, nil, nil); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(kept)
		if err != nil || len(entries) != 1 || entries[0].Name() != seedKeyFile {
			t.Errorf("it keeps %v, %v", entries, err)
		}
	}
	for _, bad := range [][]string{{"forget", "-x"}, {"forget", "-kept", filepath.Join(kept, "missing")}} {
		if err := Command(t.Context(), bad, nil, nil); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestSign_MakesWhatTheGatewayTakes(t *testing.T) {
	p, kept := newPrivate(t), t.TempDir()
	var out strings.Builder
	wish := fmt.Sprintf(`{"id":"shop-pr-1","expires":%q}`, p.now.Add(time.Hour).Format(time.RFC3339))
	if err := Command(t.Context(), []string{"sign", "-kept", kept}, strings.NewReader(wish), &out); err != nil {
		t.Fatal(err)
	}
	k, err := loadKey(filepath.Join(kept, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), k.password("shop-pr-1")) ||
		!strings.Contains(out.String(), k.token(forLink, "shop-pr-1", p.now.Add(time.Hour))) {
		t.Errorf("printed %s", out.String())
	}
	for _, bad := range []string{"", "{}", "x"} {
		if err := Command(context.Background(), []string{"sign", "-kept", kept}, strings.NewReader(bad),
			io.Discard); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
