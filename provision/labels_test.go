package provision

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLabels_RoundTripOfEveryFieldAndOfHostileWords(t *testing.T) {
	base := generation{
		Preview: Preview{
			ID: "shop-main", Project: "shop", Name: "main", Repository: "example.com/a/shop",
			Branch: "main",
		},
		Number: 1, Via: defaultGateway,
	}
	for name, change := range map[string]func(*generation){
		"as it is":            func(*generation) {},
		"a pull request":      func(g *generation) { g.Preview.PullRequest = 12 },
		"a hostile branch":    func(g *generation) { g.Preview.Branch = "a=b,c\n\x1b[2J \"$(rm)\" 日本" },
		"a service with dots": func(g *generation) { g.Expose = []port{{"my.api_v2-x", 65535}, {"web", 1}} },
		"an archive":          func(g *generation) { g.Archive, g.Database = strings.Repeat("0", 64), "db" },
		"a commit":            func(g *generation) { g.Commit, g.Version = "c0ffee", "v1.2.3 (dirty)" },
		"it expires":          func(g *generation) { g.Expires = noon },
		"a sign-in":           func(g *generation) { g.SignIn = true },
		"the highest number":  func(g *generation) { g.Number = math.MaxInt32 },
	} {
		want := base
		change(&want)
		for kind, labels := range map[string]map[string]string{"its own": want.labels(), "every": want.everyLabel()} {
			if diff := cmp.Diff(want, generationOf(labels)); diff != "" {
				t.Errorf("%s, %s: %s", name, kind, diff)
			}
		}
	}
}

func TestLabels_ExpiryIsWrittenInUTCAndReadBackToTheSecond(t *testing.T) {
	g := stackOf(1)
	g.Expires = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 5*3600+1800))
	if got := g.labels()[labelExpires]; got != "2026-03-04T12:00:00Z" {
		t.Errorf("written as %s", got)
	}
	if got := generationOf(g.labels()).Expires; !got.Equal(noon) {
		t.Errorf("read back as %s", got)
	}
	for _, text := range []string{"", "tomorrow", "2026-03-04", "1772625600", "2026-13-04T12:00:00Z"} {
		if got := generationOf(map[string]string{labelExpires: text}).Expires; !got.IsZero() {
			t.Errorf("%q is read as %s", text, got)
		}
	}
	if _, set := stackOf(1).labels()[labelExpires]; set {
		t.Error("one that never expires has the label")
	}
}

func TestGenerationOf_ANumberThatIsNoneIsNoGeneration(t *testing.T) {
	for _, text := range []string{"", "x", "1.0", "1 ", "0x1", "99999999999999999999", "-99999999999999999999", "１"} {
		if got := generationOf(map[string]string{labelGeneration: text}).Number; got != 0 {
			t.Errorf("%q is generation %d", text, got)
		}
	}
	if got := generationOf(nil); got.Number != 0 || got.Expose != nil || got.Preview != (Preview{}) {
		t.Errorf("of no labels: %+v", got)
	}
}

func TestParsePorts_KeepsTheOrderAndDropsNonsense(t *testing.T) {
	for text, want := range map[string][]port{
		"":                             nil,
		",,,":                          nil,
		"web":                          nil,
		"web=":                         nil,
		"=80":                          nil,
		"web=80":                       {{"web", 80}},
		"web=80,api=90":                {{"web", 80}, {"api", 90}},
		"web=eighty,api=90":            {{"api", 90}},
		"web=99999999999999999999":     nil,
		"web=80,web=81":                {{"web", 80}, {"web", 81}},
		"web=80=81":                    nil,
		"b=2,a=1,c=3":                  {{"b", 2}, {"a", 1}, {"c", 3}},
		" web=80":                      {{" web", 80}},
		"web=80\x00":                   nil,
		strings.Repeat("x", 3) + "=+7": {{"xxx", 7}},
	} {
		got := parsePorts(text)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
		if again := parsePorts(formatPorts(got)); !slices.Equal(again, got) {
			t.Errorf("%q: again %v", text, again)
		}
	}
}

func TestMarkName_IsOfOneGenerationAndOneFact(t *testing.T) {
	seen := map[string]bool{}
	for _, number := range []int{1, 2, 11} {
		for _, m := range []mark{markBegun, markServing, markStopped} {
			name := stackOf(number).markName(m)
			if seen[name] || !strings.HasPrefix(name, "shop-pr-1-g"+strconv.Itoa(number)+"-") {
				t.Errorf("name %q", name)
			}
			seen[name] = true
		}
	}
}

func TestLinks_AreOfThePortThatTheGatewayHas(t *testing.T) {
	one, two := stackOf(1, port{"web", 8000}), stackOf(1, port{"web", 8000}, port{"My_API", 9000})
	for name, c := range map[string]struct {
		of   generation
		port int
		want []string
	}{
		"one":            {one, 8480, []string{"http://pr-1.shop.localhost:8480/"}},
		"one on 80":      {one, 80, []string{"http://pr-1.shop.localhost/"}},
		"one, not known": {one, 0, []string{"http://pr-1.shop.localhost/"}},
		"two": {
			two, 8480,
			[]string{"http://pr-1.shop.localhost:8480/", "http://" + two.Preview.Host("My_API", false) + ":8480/"},
		},
		"nothing is shown":  {stackOf(1), 8480, []string{}},
		"the highest there": {one, 65535, []string{"http://pr-1.shop.localhost:65535/"}},
	} {
		got := []string{}
		for _, link := range c.of.links(entrance{port: c.port}) {
			got = append(got, link.URL)
			if strings.HasSuffix(link.base(), "/") || link.base()+"/" != link.URL {
				t.Errorf("%s: base %q", name, link.base())
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if stackOf(1).links(entrance{port: 80}) == nil {
		t.Error("no links are null in a document")
	}
}
