package forge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

type vars map[string]string

func (v vars) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

func TestLocation_IsClonedFromWhereItsPagesAre(t *testing.T) {
	for want, at := range map[string]forge.Location{
		"https://github.com/acme/shop.git":    {Kind: forge.GitHub, API: "https://api.github.com", Repository: "acme/shop"},
		"https://acme.ghe.com/acme/shop.git":  {Kind: forge.GitHub, API: "https://api.acme.ghe.com", Repository: "acme/shop"},
		"https://git.acme.test/a/shop.git":    {Kind: forge.GitHub, API: "https://git.acme.test/api/v3", Repository: "a/shop"},
		"https://api.acme.test/a/shop.git":    {Kind: forge.GitHub, API: "https://api.acme.test/api/v3", Repository: "a/shop"},
		"https://gitlab.com/a/b/shop.git":     {Kind: forge.GitLab, API: "https://gitlab.com/api/v4", Repository: "a/b/shop"},
		"https://acme.test/git/acme/shop.git": {Kind: forge.Gitea, API: "https://acme.test/git", Repository: "acme/shop"},
	} {
		if got := at.Clone(); got != want {
			t.Errorf("%+v: %s, want %s", at, got, want)
		}
	}
}

func TestLocate_ReadsTheEnvironmentOfAJob(t *testing.T) {
	for name, test := range map[string]struct {
		env  vars
		want forge.Location
	}{
		"GitHub": {
			vars{
				"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://api.github.com",
				"GITHUB_REPOSITORY": "acme/shop",
			},
			forge.Location{Kind: forge.GitHub, API: "https://api.github.com", Repository: "acme/shop"},
		},
		"Enterprise": {
			vars{
				"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://git.acme.test/api/v3/",
				"GITHUB_REPOSITORY": "acme/shop",
			},
			forge.Location{Kind: forge.GitHub, API: "https://git.acme.test/api/v3", Repository: "acme/shop"},
		},
		"Enterprise without an address of the API": {
			vars{
				"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.acme.test/",
				"GITHUB_REPOSITORY": "acme/shop",
			},
			forge.Location{Kind: forge.GitHub, API: "https://git.acme.test/api/v3", Repository: "acme/shop"},
		},
		"GitLab": {
			vars{
				"GITLAB_CI": "true", "CI_API_V4_URL": "https://gitlab.acme.test/api/v4",
				"CI_PROJECT_PATH": "acme/web/shop",
			},
			forge.Location{Kind: forge.GitLab, API: "https://gitlab.acme.test/api/v4", Repository: "acme/web/shop"},
		},
		"Gitea, which calls itself GitHub too": {
			vars{
				"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.acme.test",
				"GITHUB_API_URL": "https://git.acme.test/api/v1", "GITHUB_REPOSITORY": "acme/shop",
			},
			forge.Location{Kind: forge.Gitea, API: "https://git.acme.test", Repository: "acme/shop"},
		},
	} {
		got, err := forge.Locate(test.env.lookup, "git@elsewhere.test:a/b.git")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestLocate_ReadsTheRemote(t *testing.T) {
	for remote, want := range map[string]forge.Location{
		"git@github.com:acme/shop.git": {
			Kind: forge.GitHub, API: "https://api.github.com",
			Repository: "acme/shop",
		},
		"https://x-access-token:s3cret@github.com/acme/shop": {
			Kind: forge.GitHub, API: "https://api.github.com",
			Repository: "acme/shop",
		},
		"ssh://git@github.acme.test:2222/acme/shop.git/": {
			Kind: forge.GitHub,
			API:  "https://github.acme.test/api/v3", Repository: "acme/shop",
		},
		"ssh://git@ssh.github.com:443/acme/shop.git": {
			Kind: forge.GitHub, API: "https://api.github.com",
			Repository: "acme/shop",
		},
		"ssh://git@altssh.gitlab.com:443/acme/shop.git": {
			Kind: forge.GitLab, API: "https://gitlab.com/api/v4",
			Repository: "acme/shop",
		},
		"https://acme.ghe.com/acme/shop": {
			Kind: forge.GitHub, API: "https://api.acme.ghe.com",
			Repository: "acme/shop",
		},
		"acme@acme.ghe.com:acme/shop.git": {
			Kind: forge.GitHub, API: "https://api.acme.ghe.com",
			Repository: "acme/shop",
		},
		"https://gitea.acme.test/git/acme/shop": {
			Kind: forge.Gitea, API: "https://gitea.acme.test/git",
			Repository: "acme/shop",
		},
		"git@gitlab.com:acme/web/shop.git": {
			Kind: forge.GitLab, API: "https://gitlab.com/api/v4",
			Repository: "acme/web/shop",
		},
		"https://Codeberg.org/acme/shop.git": {
			Kind: forge.Gitea, API: "https://codeberg.org",
			Repository: "acme/shop",
		},
		"http://gitea.acme.test:3000/acme/shop": {
			Kind: forge.Gitea, API: "http://gitea.acme.test:3000",
			Repository: "acme/shop",
		},
	} {
		got, err := forge.Locate(vars{}.lookup, remote)
		if err != nil {
			t.Errorf("%s: %v", remote, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", remote, diff)
		}
	}
}

func TestLocate_TakesTheKindOfAHostFromTheEnvironment(t *testing.T) {
	for named, want := range map[string]forge.Location{
		"github":  {Kind: forge.GitHub, API: "https://git.acme.test/api/v3", Repository: "acme/shop"},
		"GitLab":  {Kind: forge.GitLab, API: "https://git.acme.test/api/v4", Repository: "acme/shop"},
		"forgejo": {Kind: forge.Gitea, API: "https://git.acme.test", Repository: "acme/shop"},
	} {
		got, err := forge.Locate(vars{"OFFSHOOT_FORGE": named}.lookup, "git@git.acme.test:acme/shop.git")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", named, err, diff)
		}
	}
}

func TestLocate_TakesTheAddressOfTheForgeFromTheEnvironment(t *testing.T) {
	for remote, test := range map[string]struct {
		kind, address string
		want          forge.Location
	}{
		"git@github-work:acme/shop.git": {
			"", "https://github.com",
			forge.Location{Kind: forge.GitHub, API: "https://api.github.com", Repository: "acme/shop"},
		},
		"https://example.com/gitlab/acme/web/shop": {
			"gitlab", "https://example.com/gitlab/",
			forge.Location{Kind: forge.GitLab, API: "https://example.com/gitlab/api/v4", Repository: "acme/web/shop"},
		},
		"git@example.com:acme/shop.git": {
			"gitea", "https://example.com/git",
			forge.Location{Kind: forge.Gitea, API: "https://example.com/git", Repository: "acme/shop"},
		},
		"https://example.com/git/acme/shop.git": {
			"gitea", "https://example.com/git",
			forge.Location{Kind: forge.Gitea, API: "https://example.com/git", Repository: "acme/shop"},
		},
		"ssh://git@gitea.acme.test:2222/acme/shop": {
			"", "http://gitea.acme.test:3000",
			forge.Location{Kind: forge.Gitea, API: "http://gitea.acme.test:3000", Repository: "acme/shop"},
		},
		"https://example.com/other/acme/shop": {
			"gitlab", "https://example.com/",
			forge.Location{Kind: forge.GitLab, API: "https://example.com/api/v4", Repository: "other/acme/shop"},
		},
	} {
		got, err := forge.Locate(vars{"OFFSHOOT_FORGE": test.kind, "OFFSHOOT_FORGE_URL": test.address}.lookup, remote)
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", remote, err, diff)
		}
	}
	for _, wrong := range []string{
		"example.com", "ssh://example.com", "https://", "https://me:s3cret@example.com", "://",
	} {
		if _, err := forge.Locate(vars{"OFFSHOOT_FORGE_URL": wrong}.lookup,
			"git@github.com:acme/shop"); !errors.Is(err, hint.ErrUsage) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestAlias_IsAHostThatSSHMayKnow(t *testing.T) {
	for remote, want := range map[string]string{
		"git@github-work:acme/shop.git": "github-work", "Work:acme/shop": "Work",
		"ssh://git@github.com-acme:22/acme/shop.git": "github.com-acme",
		"git@github.com:acme/shop.git":               "", "ssh://git@ssh.github.com:443/acme/shop": "",
		"https://github-work/acme/shop": "", "/srv/git/shop.git": "", "": "",
	} {
		if got := forge.Alias(remote); got != want {
			t.Errorf("%s: %q, want %q", remote, got, want)
		}
		if want == "" {
			continue
		}
		at, err := forge.Locate(vars{}.lookup, forge.Unaliased(remote, "github.com"))
		if err != nil || at.API != "https://api.github.com" || at.Repository != "acme/shop" {
			t.Errorf("%s leads to %+v, %v", remote, at, err)
		}
	}
}

func TestLocate_RefusesWhatItCannotKnow(t *testing.T) {
	for name, test := range map[string]struct {
		env    vars
		remote string
	}{
		"no remote":             {vars{}, ""},
		"a folder":              {vars{}, "/srv/git/shop.git"},
		"a folder by URL":       {vars{}, "file:///srv/git/shop.git"},
		"a folder with a colon": {vars{"OFFSHOOT_FORGE": "github"}, "./git:old/acme/shop"},
		"a host of any kind":    {vars{}, "git@git.acme.test:acme/shop.git"},
		"no owner":              {vars{}, "git@github.com:shop.git"},
		"an unknown kind":       {vars{"OFFSHOOT_FORGE": "svn"}, "git@github.com:acme/shop.git"},
		"a job without a name":  {vars{"GITHUB_ACTIONS": "true"}, "git@github.com:acme/shop.git"},
		"a job without address": {vars{"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/shop"}, ""},
	} {
		got, err := forge.Locate(test.env.lookup, test.remote)
		if !errors.Is(err, hint.ErrUsage) || len(hint.Of(err)) == 0 {
			t.Errorf("%s: %v and error %v, want a usage error with a hint", name, got, err)
		}
	}
}

func TestToken_TakesTheFirstThatIsSet(t *testing.T) {
	github, gitea := forge.Location{
		Kind: forge.GitHub,
		API:  "https://api.github.com",
	}, forge.Location{Kind: forge.Gitea, API: "https://git.acme.test"}
	enterprise := forge.Location{Kind: forge.GitHub, API: "https://github.acme.test/api/v3"}
	for _, test := range []struct {
		at   forge.Location
		env  vars
		want string
	}{
		{github, vars{"GITHUB_TOKEN": "a", "OFFSHOOT_FORGE_TOKEN": "b"}, "b"},
		{github, vars{"GITHUB_TOKEN": " a\n"}, "a"},
		{gitea, vars{"GITHUB_TOKEN": "a", "GITEA_TOKEN": "c"}, "c"},
		{gitea, vars{"GITHUB_TOKEN": "a", "GITEA_ACTIONS": "true"}, "a"},
		{enterprise, vars{"GITHUB_TOKEN": "a", "GH_HOST": "github.acme.test"}, "a"},
		{enterprise, vars{"GITHUB_TOKEN": "a", "OFFSHOOT_FORGE_URL": "https://github.acme.test"}, "a"},
		{enterprise, vars{"GITHUB_TOKEN": "a", "OFFSHOOT_FORGE_TOKEN": "b"}, "b"},
		{
			forge.Location{Kind: forge.GitHub, API: "https://api.acme.ghe.com"},
			vars{"GH_TOKEN": "a", "GH_HOST": "acme.ghe.com"},
			"a",
		},
		{forge.Location{Kind: forge.GitLab, API: "https://gitlab.com/api/v4"}, vars{"GITLAB_TOKEN": "a"}, "a"},
		{
			forge.Location{Kind: forge.GitLab, API: "https://git.acme.test/api/v4"},
			vars{"GITLAB_TOKEN": "a", "GITLAB_HOST": "https://git.acme.test"},
			"a",
		},
	} {
		if got, err := test.at.Token(test.env.lookup); err != nil || got != test.want {
			t.Errorf("%v: %q, %v; want %q", test.env, got, err, test.want)
		}
	}
	if _, err := github.Token(vars{"GITHUB_TOKEN": ""}.lookup); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("no token: %v, want a usage error", err)
	}
}
