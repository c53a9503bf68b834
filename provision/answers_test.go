package provision

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// heard notes the same answer so many times, a second apart, and gives the
// moment of the last.
func heard(l *listening, times int, spoke gateway.Spoken) time.Time {
	now := time.Unix(0, 0)
	for i := range times {
		now = time.Unix(int64(i), 0)
		l.note(gateway.Answer{Spoke: spoke}, now)
	}
	return now
}

func TestListening_IsCertainOfWhatIsNotHTTPSoonButNotAtOnce(t *testing.T) {
	for _, c := range []struct {
		spoke gateway.Spoken
		times int
		want  bool
	}{
		{gateway.Foreign, 1, false},
		{gateway.Foreign, 3, false},
		{gateway.Foreign, 4, true},
		{gateway.TLS, 4, true},
		{gateway.Hangup, 4, false},
		{gateway.Hangup, 10, false},
		{gateway.Hangup, 11, true},
		{gateway.Nothing, 300, false},
		{gateway.Silence, 300, false},
		{gateway.HTTP, 300, false},
	} {
		l := &listening{}
		if got := l.foreign(heard(l, c.times, c.spoke)); got != c.want {
			t.Errorf("%s for %d seconds: %v, want %v", c.spoke, c.times, got, c.want)
		}
	}
	l := &listening{}
	heard(l, 3, gateway.Foreign)
	l.note(gateway.Answer{Spoke: gateway.Nothing}, time.Unix(5, 0))
	l.note(gateway.Answer{Spoke: gateway.Foreign}, time.Unix(6, 0))
	if l.foreign(time.Unix(6, 0)) {
		t.Error("certain of a server that has only just started anew")
	}
	l.note(gateway.Answer{Spoke: gateway.Hangup}, time.Unix(7, 0)) // some do one or the other
	l.note(gateway.Answer{Spoke: gateway.Foreign}, time.Unix(8, 0))
	l.note(gateway.Answer{Spoke: gateway.Hangup}, time.Unix(9, 0))
	if !l.foreign(time.Unix(9, 0)) {
		t.Error("not certain of one that speaks and hangs up in turn")
	}
}

func TestListening_WaitsForWhatIsClosedOrSilentOrNotUpYet(t *testing.T) {
	for _, c := range []struct {
		spoke gateway.Spoken
		times int
		want  bool
	}{
		{gateway.Nothing, 60, false},
		{gateway.Nothing, 61, true},
		{gateway.Silence, 11, false},
		{gateway.Silence, 31, true},
		{gateway.HTTP, 300, false},
	} {
		l := &listening{}
		if got := l.slow(heard(l, c.times, c.spoke)); got != c.want {
			t.Errorf("%s for %d seconds: %v, want %v", c.spoke, c.times, got, c.want)
		}
	}
	for status, want := range map[int]bool{
		200: true, 302: true, 400: true, 404: true, 500: true, 502: false,
		503: false, 504: false,
	} {
		l := &listening{last: gateway.Answer{Spoke: gateway.HTTP, Status: status}}
		if l.answers() != want {
			t.Errorf("%d: %v", status, l.answers())
		}
	}
}

func TestListening_EveryFailureNamesTheKeyThatHelps(t *testing.T) {
	for want, last := range map[string]gateway.Answer{
		"port 7233 does not speak HTTP":                {Spoke: gateway.Foreign},
		"port 7233 speaks TLS and not plain HTTP":      {Spoke: gateway.TLS},
		"port 7233 ends connections without an answer": {Spoke: gateway.Hangup},
		"port 7233 takes connections and says nothing": {Spoke: gateway.Silence},
		"port 7233 takes no connections":               {Spoke: gateway.Nothing},
		"port 7233 answers 503 Service Unavailable":    {Spoke: gateway.HTTP, Status: 503},
		"port 7233 answers 599":                        {Spoke: gateway.HTTP, Status: 599},
		"port 7233 was not asked":                      {},
	} {
		for _, named := range []bool{false, true} {
			err := (&listening{numbers: []int{7233}, named: named, last: last}).failure()
			if hints := hint.Of(err); err.Error() != want || len(hints) != 1 ||
				!strings.Contains(hints[0], "preview.expose") {
				t.Errorf("%q with hints %q, want %q", err, hints, want)
			}
		}
	}
}

func TestListenings_HaveOtherPortsOnlyWhereNobodyNamedOne(t *testing.T) {
	r := new(opening)
	r.at, r.next = entrance{port: 8480}, stackOf(1, port{"web", 9229})
	r.candidates = map[string][]int{"web": {9229, 4000, 4001}}
	l := r.listenings()[0]
	if !l.drop() || l.numbers[0] != 4000 || !l.drop() || l.drop() {
		t.Errorf("ports %v", l.numbers)
	}
	r.options.Expose = map[string]int{"web": 9229}
	if l := r.listenings()[0]; l.drop() || !l.named {
		t.Errorf("named, and still %v", l.numbers)
	}
}

func TestComplain_NamesTheSettingOfTheFramework(t *testing.T) {
	const plain, secure = "http://pr-1.shop.localhost:8480/", "https://shop-pr-1.example.com/"
	http := func(status int, more gateway.Answer) gateway.Answer {
		more.Spoke, more.Status = gateway.HTTP, status
		return more
	}
	for name, c := range map[string]struct {
		link   string
		answer gateway.Answer
		of     gateway.Refusal
		want   []string // none: nothing is said
	}{
		"a page":               {plain, http(200, gateway.Answer{}), gateway.Django, nil},
		"a login":              {plain, http(401, gateway.Answer{}), "", nil},
		"no page":              {plain, http(404, gateway.Answer{Local: 404}), "", nil},
		"its own pages":        {plain, http(302, gateway.Answer{}), "", nil},
		"another of our links": {plain, http(302, gateway.Answer{Away: "api--pr-1.shop.localhost:8480"}), "", nil},
		"no page for this host": {
			plain, http(404, gateway.Answer{Local: 200}), "",
			[]string{"404 Not Found", "OFFSHOOT_HOST"},
		},
		"a bad request": {
			plain, http(400, gateway.Answer{Local: 400}), "",
			[]string{"web answers 400 Bad Request to its link", "OFFSHOOT_HOST"},
		},
		"Django": {
			plain, http(400, gateway.Answer{}), gateway.Django,
			[]string{"ALLOWED_HOSTS", `os.environ["OFFSHOOT_HOST"]`},
		},
		"Rails": {
			plain, http(403, gateway.Answer{}), gateway.Rails,
			[]string{"403 Forbidden", `config.hosts << ENV["OFFSHOOT_HOST"]`},
		},
		"vite": {plain, http(403, gateway.Answer{}), gateway.Vite, []string{"server.allowedHosts"}},
		"old webpack": {
			plain, http(200, gateway.Answer{Refusal: gateway.Webpack}), gateway.Webpack,
			[]string{"200 OK", "devServer.allowedHosts"},
		},
		"to HTTPS": {
			plain, http(301, gateway.Answer{ToHTTPS: true}), "",
			[]string{"301 Moved Permanently", "leads to HTTPS", "SECURE_SSL_REDIRECT", "config.force_ssl"},
		},
		"to HTTPS by Rails": {
			plain, http(301, gateway.Answer{ToHTTPS: true}), gateway.Rails,
			[]string{"config.force_ssl off where OFFSHOOT_PREVIEW"},
		},
		"HTTPS to itself": {
			secure, http(301, gateway.Answer{ToHTTPS: true}), gateway.Django,
			[]string{"leads to itself", "SECURE_PROXY_SSL_HEADER"},
		},
		"to the place of others": {
			plain, http(308, gateway.Answer{Away: "localhost:3000"}), "",
			[]string{"308 Permanent Redirect", "another host, localhost:3000", "OFFSHOOT_URL"},
		},
		"to a strange place": {
			plain, http(302, gateway.Answer{Away: "?"}), wordPress,
			[]string{"another host: make WP_HOME"},
		},
		"TLS": {
			plain, http(400, gateway.Answer{Refusal: gateway.PlainTLS}), gateway.PlainTLS,
			[]string{"HTTPS", "preview.expose"},
		},
		"an error": {
			plain, http(500, gateway.Answer{}), gateway.Django,
			[]string{"web answers 500 Internal Server Error to its link", "offshoot logs --pr 1 web"},
		},
	} {
		got := complain(Preview{Name: "pr-1"}, Link{Service: "web", URL: c.link}, c.answer, c.of,
			[]string{"pr-1.shop.localhost:8480", "api--pr-1.shop.localhost:8480"})
		if len(c.want) == 0 && got != "" {
			t.Errorf("%s: says %q", name, got)
		}
		for _, part := range c.want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: says %q, not %q", name, got, part)
			}
		}
	}
}

func TestFrameworkOf_ReadsEnvironmentCommandAndFiles(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "manage.py"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		service types.ServiceConfig
		want    gateway.Refusal
	}{
		"nothing":    {types.ServiceConfig{}, ""},
		"a variable": {types.ServiceConfig{Environment: types.MappingWithEquals{"RAILS_ENV": nil}}, gateway.Rails},
		"a command": {
			types.ServiceConfig{Command: []string{"sh", "-c", "npm ci && npx vite --host"}},
			gateway.Vite,
		},
		"half a word":   {types.ServiceConfig{Command: []string{"/invite"}, Image: "acme/rails-free"}, ""},
		"an image":      {types.ServiceConfig{Image: "docker.io/library/wordpress:6"}, wordPress},
		"a file":        {types.ServiceConfig{Build: &types.BuildConfig{Context: folder}}, gateway.Django},
		"another place": {types.ServiceConfig{Build: &types.BuildConfig{Context: "https://example.com/x.git"}}, ""},
	} {
		if got := frameworkOf(c.service); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAskAgain_LeavesWhatStartsSlowlyAlone(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		0: 250 * time.Millisecond, 5 * time.Second: 250 * time.Millisecond, 10 * time.Second: 500 * time.Millisecond,
		20 * time.Second: time.Second, 5 * time.Minute: time.Second,
	} {
		if got := askAgain(asked); got != want {
			t.Errorf("after %v: %v, want %v", asked, got, want)
		}
	}
}

// Where nothing migrates, an error is often the schema of before.
func TestComplaint_NamesTheMigrationThatMayBeMissing(t *testing.T) {
	failed, refused := gateway.Answer{Status: 500}, gateway.Answer{Status: 400}
	for _, c := range []struct {
		said     string
		answer   gateway.Answer
		migrated bool
		want     bool
	}{
		{"web answers 500", failed, false, true},
		{"web answers 500", failed, true, false},
		{"web answers 400", refused, false, false},
		{"", failed, false, false},
	} {
		got := unmigrated(c.said, c.answer, c.migrated)
		if strings.Contains(got, "preview.migrate") != c.want || !strings.HasPrefix(got, c.said) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
