package forge

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A secret is a variable with a token, and where that belongs.
type secret struct {
	name  string
	homes []string // variables with the forge's address or host; the first that is set says where
	host  string   // when none is; empty: it belongs to whatever forge there is
}

// secrets are the variables of a kind, those that go first first. They are named
// as the forges' own programs name them.
func secrets(kind Kind) []secret {
	own := secret{name: "OFFSHOOT_FORGE_TOKEN"}
	switch kind {
	case GitHub:
		homes := []string{"GH_HOST", "GITHUB_SERVER_URL", "OFFSHOOT_FORGE_URL"}
		return []secret{own, {"GITHUB_TOKEN", homes, "github.com"}, {"GH_TOKEN", homes, "github.com"}}
	case GitLab:
		return []secret{
			own,
			{"GITLAB_TOKEN", []string{"GITLAB_HOST", "CI_SERVER_URL", "OFFSHOOT_FORGE_URL"}, "gitlab.com"},
		}
	}
	homes := []string{"GITEA_SERVER_URL", "OFFSHOOT_FORGE_URL"}
	return []secret{
		own,
		{"GITEA_TOKEN", homes, ""},
		{"FORGEJO_TOKEN", homes, ""},
		{"GITHUB_TOKEN", []string{"GITHUB_SERVER_URL"}, "github.com"},
	}
}

// Token finds the token for the forge in the environment. In a job the
// environment says where the forge is; elsewhere the remote of some checkout
// does, and a token that belongs to another host does not go there.
func (l Location) Token(env Lookup) (string, error) {
	var names []string
	var elsewhere error
	for _, s := range secrets(l.Kind) {
		names = append(names, s.name)
		value := strings.TrimSpace(env.get(s.name))
		if value == "" {
			continue
		}
		home := s.home(env)
		if inJob(env) || home == "" || home == l.host() {
			return value, nil
		}
		if elsewhere == nil {
			elsewhere = hint.Usage(fmt.Errorf("%s belongs to %s, and the forge is %s", s.name, home, l.host()),
				"set %s to %s if it is for that, or OFFSHOOT_FORGE_TOKEN to a token that is", s.homes[0], l.host())
		}
	}
	if elsewhere != nil {
		return "", elsewhere
	}
	return "", hint.Usage(fmt.Errorf("no token for %s", l.Kind), "set %s", strings.Join(names[1:], " or "))
}

// home is the host that a token belongs to.
func (s secret) home(env Lookup) string {
	for _, name := range s.homes {
		if value := strings.TrimSpace(env.get(name)); value != "" {
			return hostOf(value)
		}
	}
	return s.host
}

// host is that of the forge itself, not of its API.
func (l Location) host() string {
	host := hostOf(l.API)
	bare := strings.TrimPrefix(host, "api.")
	if l.Kind == GitHub && (bare == "github.com" || strings.HasSuffix(bare, cloud)) {
		return bare
	}
	return host
}

// hostOf reads an address, or a host with or without a port. Of what is neither
// it is a host that no forge has.
func hostOf(address string) string {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	if parsed, err := url.Parse(address); err == nil && parsed.Hostname() != "" {
		return strings.ToLower(parsed.Hostname())
	}
	return "?"
}

func inJob(env Lookup) bool {
	return slices.ContainsFunc([]string{"GITEA_ACTIONS", "FORGEJO_ACTIONS", "GITHUB_ACTIONS", "GITLAB_CI"},
		func(name string) bool { return env.get(name) == "true" })
}
