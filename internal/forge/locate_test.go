package forge_test

import (
	"errors"
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

func TestLocate_ReadsTheEnvironmentOfAJob(t *testing.T) {
	for name, test := range map[string]struct {
		env  vars
		want forge.Location
	}{
		"GitHub": {
			vars{"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "acme/shop"},
			forge.Location{Kind: forge.GitHub, API: "https://api.github.com", Repository: "acme/shop"},
		},
		"Enterprise": {
			vars{"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://git.acme.test/api/v3/", "GITHUB_REPOSITORY": "acme/shop"},
			forge.Location{Kind: forge.GitHub, API: "https://git.acme.test/api/v3", Repository: "acme/shop"},
		},
		"GitLab": {
			vars{"GITLAB_CI": "true", "CI_API_V4_URL": "https://gitlab.acme.test/api/v4", "CI_PROJECT_PATH": "acme/web/shop"},
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
		"git@github.com:acme/shop.git":                       {Kind: forge.GitHub, API: "https://api.github.com", Repository: "acme/shop"},
		"https://x-access-token:s3cret@github.com/acme/shop": {Kind: forge.GitHub, API: "https://api.github.com", Repository: "acme/shop"},
		"ssh://git@github.acme.test:2222/acme/shop.git/":     {Kind: forge.GitHub, API: "https://github.acme.test/api/v3", Repository: "acme/shop"},
		"git@gitlab.com:acme/web/shop.git":                   {Kind: forge.GitLab, API: "https://gitlab.com/api/v4", Repository: "acme/web/shop"},
		"https://Codeberg.org/acme/shop.git":                 {Kind: forge.Gitea, API: "https://codeberg.org", Repository: "acme/shop"},
		"http://gitea.acme.test:3000/acme/shop":              {Kind: forge.Gitea, API: "http://gitea.acme.test:3000", Repository: "acme/shop"},
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

func TestLocate_RefusesWhatItCannotKnow(t *testing.T) {
	for name, test := range map[string]struct {
		env    vars
		remote string
	}{
		"no remote":             {vars{}, ""},
		"a folder":              {vars{}, "/srv/git/shop.git"},
		"a folder by URL":       {vars{}, "file:///srv/git/shop.git"},
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
	github, gitea := forge.Location{Kind: forge.GitHub}, forge.Location{Kind: forge.Gitea}
	for _, test := range []struct {
		at   forge.Location
		env  vars
		want string
	}{
		{github, vars{"GITHUB_TOKEN": "a", "OFFSHOOT_FORGE_TOKEN": "b"}, "b"},
		{github, vars{"GITHUB_TOKEN": " a\n"}, "a"},
		{gitea, vars{"GITHUB_TOKEN": "a", "GITEA_TOKEN": "c"}, "c"},
	} {
		if got, err := test.at.Token(test.env.lookup); err != nil || got != test.want {
			t.Errorf("%v: %q, %v; want %q", test.env, got, err, test.want)
		}
	}
	if _, err := github.Token(vars{"GITHUB_TOKEN": ""}.lookup); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("no token: %v, want a usage error", err)
	}
}
