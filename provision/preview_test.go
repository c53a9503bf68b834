package provision

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestIdentify_OfPullRequestsAndBranches(t *testing.T) {
	cases := []struct {
		repository, project string
		pull                int
		branch              string
		want                Preview
	}{
		{"git@github.com:acme/shop.git", "", 12, "feature/x", Preview{
			ID: "shop-pr-12", Project: "shop", Name: "pr-12", Repository: "github.com/acme/shop", PullRequest: 12,
			Branch: "feature/x",
		}},
		{"https://user:ghp_token@GitHub.com/acme/shop.git/", "", 0, "main", Preview{
			ID: "shop-main", Project: "shop", Name: "main", Repository: "github.com/acme/shop", Branch: "main",
		}},
		{"ssh://git@git.example.com:2222/a/b/c.git", "", 1, "", Preview{
			ID: "c-pr-1", Project: "c", Name: "pr-1", Repository: "git.example.com/a/b/c", PullRequest: 1,
		}},
		{"/home/me/My Shop", "", 1, "", Preview{
			ID: "my-shop-pr-1", Project: "my-shop", Name: "pr-1", Repository: "/home/me/My Shop", PullRequest: 1,
		}},
		{"github.com/acme/shop", "store", 3, "", Preview{
			ID: "store-pr-3", Project: "store", Name: "pr-3", Repository: "github.com/acme/shop", PullRequest: 3,
		}},
	}
	for _, c := range cases {
		got, err := Identify(c.repository, c.project, c.pull, c.branch)
		if err != nil {
			t.Errorf("%s: %v", c.repository, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.repository, diff)
		}
	}
}

// hostile are branch names that git allows and a host name does not, or that
// look like something else.
var hostile = []string{
	"main", "feature/login", "feature-login", "Feature-Login", "FEATURE/LOGIN", "feature_login", "feature--login",
	"feature.login",
	"pr-12", "pr-12/", "PR-12", "pr/12", "-rf", "--help", "$(reboot)", "`reboot`", "a;rm -rf /",
	"<script>alert(1)</script>", "../../etc/passwd",
	"日本語", "ветка", "é", "e\u0301", "😀", "-", "--", "...", " ", "\x00", "\xff\xfe", "a\nb", "xn--nxasmq6b", "localhost",
	strings.Repeat("a", 300), strings.Repeat("a", 301), strings.Repeat("é", 200), strings.Repeat("-", 100),
	strings.Repeat("a", maxName), strings.Repeat("a", maxName+1), strings.Repeat("a", maxName-1) + "-b",
	"feature-login-0123abcd", "deadbeef", "x-deadbeef", "web--pr-1",
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func TestIdentify_HostileBranchesAreLabelsOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	pull, err := Identify("example.com/a/shop", "", 12, "")
	if err != nil {
		t.Fatal(err)
	}
	seen[pull.ID] = "pull request 12"
	for _, branch := range hostile {
		preview, err := Identify("example.com/a/shop", "", 0, branch)
		if err != nil {
			t.Errorf("%q: %v", branch, err)
			continue
		}
		checkNames(t, preview)
		if other, taken := seen[preview.ID]; taken {
			t.Errorf("%q and %q are both %s", branch, other, preview.ID)
		}
		seen[preview.ID] = branch
	}
}

func checkNames(t interface{ Errorf(string, ...any) }, p Preview) {
	if !dnsLabel.MatchString(p.ID) || !dnsLabel.MatchString(p.Name) || !dnsLabel.MatchString(p.Project) {
		t.Errorf("%q: id %q, name %q, project %q", p.Branch, p.ID, p.Name, p.Project)
	}
	for _, service := range []string{"web", "web_1", "Web", strings.Repeat("x", 200), "a.b"} {
		for _, only := range []bool{true, false} {
			for label := range strings.SplitSeq(p.Host(service, only), ".") {
				if !dnsLabel.MatchString(label) {
					t.Errorf("%q: host %q", p.Branch, p.Host(service, only))
				}
			}
		}
	}
}

func TestIdentify_AnyTwoBranchesDiffer(t *testing.T) {
	names := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9/_.-]{1,50}`), rapid.SampledFrom(hostile))
	rapid.Check(t, func(t *rapid.T) {
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		if a == "" || b == "" {
			return
		}
		first, errA := Identify("example.com/a/"+names.Draw(t, "project")+"x", "", 0, a)
		second, errB := Identify(first.Repository, first.Project, 0, b)
		if errA != nil || errB != nil {
			t.Fatalf("%v, %v", errA, errB)
		}
		checkNames(t, first)
		if (first.Name == second.Name) != (a == b) {
			t.Fatalf("%q is %s, and %q is %s", a, first.Name, b, second.Name)
		}
	})
}

func TestHost_OfOneServiceAndOfSeveral(t *testing.T) {
	p := Preview{Name: "pr-12", Project: "shop"}
	if got := p.Host("web", true); got != "pr-12.shop.localhost" {
		t.Errorf("the first: %s", got)
	}
	if got := p.Host("api", false); got != "api--pr-12.shop.localhost" {
		t.Errorf("another: %s", got)
	}
	if p.Host("web_1", false) == p.Host("web-1", false) {
		t.Error("two services have one host")
	}
}

func TestIdentify_RefusesWhatNamesNothing(t *testing.T) {
	for _, c := range []struct {
		repository, project string
		pull                int
		branch              string
	}{{"", "", 1, ""}, {"a/b", "", 0, ""}, {"a/b", "", -1, "main"}, {"a/b", "---", 1, ""}, {"///", "", 1, ""}} {
		if p, err := Identify(c.repository, c.project, c.pull, c.branch); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%+v: %+v, %v", c, p, err)
		}
	}
}

func TestCleanRepository_HoldsNoSecretAndHasOneForm(t *testing.T) {
	want := "github.com/Acme/shop"
	for _, remote := range []string{
		"https://github.com/Acme/shop", "https://github.com/Acme/shop.git",
		"https://x-access-token:s3cret@github.com/Acme/shop.git",
		"https://s3cret@github.com/Acme/shop", "git@github.com:Acme/shop.git", "ssh://git@github.com/Acme/shop.git",
		"git://GITHUB.com/Acme/shop/", " github.com/Acme/shop ", "github.com:Acme/shop",
	} {
		if got := cleanRepository(remote); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
	for remote, want := range map[string]string{
		"/srv/git/shop.git": "/srv/git/shop", "../shop": "../shop",
		`C:\shop`: `c/\shop`,
	} {
		if got := cleanRepository(remote); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
}

func TestLabels_ReadBackWhatTheySay(t *testing.T) {
	preview, err := Identify("example.com/a/shop", "", 12, "feature/x")
	if err != nil {
		t.Fatal(err)
	}
	want := generation{
		Preview: preview, Number: 3, Commit: "abc", Archive: "def", Database: "db", Version: "1",
		Expose: []port{{"web", 8000}, {"api.v2", 9000}},
	}
	if diff := cmp.Diff(want, generationOf(want.labels())); diff != "" {
		t.Error(diff)
	}
	if got := generationOf(map[string]string{labelGeneration: "x", labelExpose: "a=b,=1,,c=2"}); got.Number != 0 ||
		fmt.Sprint(got.Expose) != "[{c 2}]" {
		t.Errorf("of nonsense: %+v", got)
	}
	for key, value := range (generation{Preview: preview}).labels() {
		if value == "" {
			t.Errorf("label %s is empty", key)
		}
	}
}

func TestIdentify_FormsOfOneRemoteAreOnePreview(t *testing.T) {
	want, err := Identify("https://github.com/acme/shop", "", 12, "b")
	if err != nil {
		t.Fatal(err)
	}
	for _, remote := range []string{
		"https://github.com/acme/shop.git", "https://github.com/acme/shop/",
		"https://user:token@GitHub.com/acme/shop.git",
		"ssh://git@github.com/acme/shop.git", "ssh://git@github.com:22/acme/shop", "git@github.com:acme/shop.git",
		"github.com:acme/shop",
		"git://github.com/acme/shop", " https://github.com/acme/shop\n", "https://github.com:443/acme/shop.git/",
	} {
		got, err := Identify(remote, "", 12, "b")
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", remote, got, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", got), "token") {
			t.Errorf("%q keeps a secret", remote)
		}
	}
}

func TestIdentify_NamesFitIntoHostsWhateverTheirLength(t *testing.T) {
	for _, length := range []int{1, 23, 24, 25, 31, 32, 33, 63, 64, 300} {
		for _, letter := range []string{"a", "-", "é", "A", "/", "0"} {
			word := "x" + strings.Repeat(letter, length)
			p, err := Identify("example.com/a/"+word, "", 0, word)
			if err != nil {
				t.Fatalf("%s of %d: %v", letter, length, err)
			}
			checkNames(t, p)
			for label := range strings.SplitSeq(p.Host(word, false), ".") {
				if label == "" || len(label) > 63 ||
					strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
					t.Errorf("%s of %d: label %q", letter, length, label)
				}
			}
		}
	}
}

func TestIdentify_BranchesThatOnlyLookAlikeDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, branch := range []string{
		"feature/x", "feature-x", "feature_x", "Feature-x", "feature--x", "feature-x-", "-feature-x", "feature x",
		"feature/x/",
		"pr-12", "PR-12", "pr/12", "é", "è", "日本", "-", "--", "deadbeef", "x-deadbeef",
	} {
		p, err := Identify("example.com/a/shop", "", 0, branch)
		if err != nil {
			t.Fatalf("%q: %v", branch, err)
		}
		if other, taken := seen[p.ID]; taken {
			t.Errorf("%q and %q are both %s", branch, other, p.ID)
		}
		seen[p.ID] = branch
	}
	if pull, err := Identify("example.com/a/shop", "", 12, ""); err != nil || seen[pull.ID] != "" {
		t.Errorf("branch %q has the name of a pull request, %v", seen[pull.ID], err)
	}
}
