package forge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Whoever clones from a host that only sounds like a forge does not hand the
// token of the real one to it.
func TestHostile_ARemoteWantsTheTokenOfAnotherForge(t *testing.T) {
	for remote, env := range map[string]vars{
		"https://github.evil.test/acme/shop":         {"GITHUB_TOKEN": "s3cret"},
		"git@github.com.evil.test:acme/shop":         {"GH_TOKEN": "s3cret"},
		"https://evil.test/github/acme/shop":         {"GITHUB_TOKEN": "s3cret", "OFFSHOOT_FORGE": "github"},
		"https://api.github.com.evil.test/acme/shop": {"GITHUB_TOKEN": "s3cret"},
		"https://evil.ghe.com/acme/shop":             {"GITHUB_TOKEN": "s3cret"},
		"https://github.com@github.evil.test/a/b":    {"GITHUB_TOKEN": "s3cret"},
		"https://github.acme.test/acme/shop":         {"GITHUB_TOKEN": "s3cret", "GH_HOST": "github.example.com"},
		"https://github.com/acme/shop": {
			"GITHUB_TOKEN":      "s3cret",
			"GITHUB_SERVER_URL": "https://github.acme.test/",
		},
		"https://gitlab.evil.test/acme/shop": {"GITLAB_TOKEN": "s3cret"},
		"https://gitlab.evil.test/acme/web": {
			"GITLAB_TOKEN": "s3cret",
			"GITLAB_HOST":  "https://gitlab.acme.test",
		},
		"https://gitea.evil.test/acme/shop": {"GITHUB_TOKEN": "s3cret"},
		"https://gitea.evil.test/acme/web": {
			"GITEA_TOKEN":      "s3cret",
			"GITEA_SERVER_URL": "https://gitea.acme.test",
		},
		"https://gitea.evil.test/acme/api": {"FORGEJO_TOKEN": "s3cret", "GITEA_SERVER_URL": "https://"},
	} {
		at, err := forge.Locate(env.lookup, remote)
		if err != nil {
			t.Errorf("%s: %v", remote, err)
			continue
		}
		token, err := at.Token(env.lookup)
		if token != "" || !errors.Is(err, hint.ErrUsage) || strings.Contains(err.Error(), "s3cret") ||
			len(hint.Of(err)) == 0 {
			t.Errorf("%s gets %q, %v", remote, token, err)
		}
	}
}
