package forge

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Kind of a forge.
type Kind string

// The kinds. Forgejo, and what runs it, is Gitea to us.
const (
	GitHub Kind = "github"
	GitLab Kind = "gitlab"
	Gitea  Kind = "gitea"
)

// A Location is one repository on one forge. It holds no secret.
type Location struct {
	Kind       Kind
	API        string // base address: https://api.github.com, https://gitlab.com/api/v4, https://codeberg.org
	Repository string // owner/name; with more parts on GitLab
}

// Lookup finds a variable of the environment, as os.LookupEnv does.
type Lookup func(name string) (value string, ok bool)

func (l Lookup) get(name string) string {
	value, _ := l(name)
	return value
}

// Locate finds the forge of a repository: from the environment of a CI job, or
// else from the address of the git remote, in any of git's spellings.
// OFFSHOOT_FORGE (github, gitlab, gitea) says what a host is whose name does
// not tell.
func Locate(env Lookup, remote string) (Location, error) {
	switch {
	case env.get("GITEA_ACTIONS") == "true", env.get("FORGEJO_ACTIONS") == "true":
		return fromActions(env, Gitea, strings.TrimRight(env.get("GITHUB_SERVER_URL"), "/"))
	case env.get("GITHUB_ACTIONS") == "true":
		server := cmp.Or(strings.TrimRight(env.get("GITHUB_SERVER_URL"), "/"), "https://github.com")
		return fromActions(env, GitHub,
			cmp.Or(strings.TrimRight(env.get("GITHUB_API_URL"), "/"), apiOf(GitHub, server)))
	case env.get("GITLAB_CI") == "true":
		return Location{
			Kind: GitLab, API: strings.TrimRight(env.get("CI_API_V4_URL"), "/"),
			Repository: env.get("CI_PROJECT_PATH"),
		}.checked()
	}
	return fromRemote(env, remote)
}

func fromActions(env Lookup, kind Kind, api string) (Location, error) {
	return Location{Kind: kind, API: api, Repository: env.get("GITHUB_REPOSITORY")}.checked()
}

func fromRemote(env Lookup, remote string) (Location, error) {
	scheme, host, path, ok := splitRemote(remote)
	if !ok {
		return Location{}, hint.Usage(errors.New("no forge: the git remote is none of one"),
			"run offshoot in a clone of a repository on GitHub, GitLab or Gitea")
	}
	base := scheme + "://" + host
	if named := env.get("OFFSHOOT_FORGE_URL"); named != "" {
		address, err := url.Parse(strings.TrimRight(named, "/"))
		if err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Host == "" ||
			address.User != nil {
			return Location{},
				hint.Usage(errors.New("OFFSHOOT_FORGE_URL is no address of a forge"),
					"write it like https://example.com/git")
		}
		base, host = address.Scheme+"://"+address.Host+address.Path, address.Host
		path = strings.TrimPrefix(path, strings.Trim(address.Path, "/")+"/")
	}
	kind, err := kindOf(env, host)
	if err != nil {
		return Location{}, err
	}
	// A repository of Gitea's has an owner and a name: what is before them is
	// where Gitea is.
	if parts := strings.Split(path, "/"); kind == Gitea && len(parts) > 2 {
		base += "/" + strings.Join(parts[:len(parts)-2], "/")
		path = strings.Join(parts[len(parts)-2:], "/")
	}
	return Location{Kind: kind, API: apiOf(kind, base), Repository: path}.checked()
}

// cloud is where GitHub's customers have hosts of their own, with an API on one
// more: https://docs.github.com/enterprise-cloud@latest/admin/data-residency
const cloud = ".ghe.com"

// apiOf is the address of the API of the forge at an address.
func apiOf(kind Kind, base string) string {
	_, host, _ := strings.Cut(base, "://")
	switch {
	case kind == GitHub && host == "github.com", kind == GitHub && strings.HasSuffix(host, cloud):
		return "https://api." + host
	case kind == GitHub:
		return base + "/api/v3"
	case kind == GitLab:
		return base + "/api/v4"
	}
	return base
}

// Clone is the address that the repository is cloned from.
func (l Location) Clone() string {
	base := l.API
	switch l.Kind {
	case GitHub:
		scheme, host, _ := strings.Cut(strings.TrimSuffix(base, "/api/v3"), "://")
		base = scheme + "://" + strings.TrimPrefix(host, "api.")
		if host != "api.github.com" && !strings.HasSuffix(host, cloud) {
			base = scheme + "://" + host
		}
	case GitLab:
		base = strings.TrimSuffix(base, "/api/v4")
	}
	return strings.TrimRight(base, "/") + "/" + l.Repository + ".git"
}

// kindOf knows a forge by the name of its host.
func kindOf(env Lookup, host string) (Kind, error) {
	switch named := Kind(strings.ToLower(env.get("OFFSHOOT_FORGE"))); named {
	case GitHub, GitLab, Gitea:
		return named, nil
	case "forgejo":
		return Gitea, nil
	case "":
	default:
		return "", hint.Usage(errors.New("OFFSHOOT_FORGE names no forge"), "set it to github, gitlab or gitea")
	}
	for _, known := range []struct {
		part string
		kind Kind
	}{
		{"github", GitHub},
		{cloud, GitHub},
		{"gitlab", GitLab},
		{"gitea", Gitea},
		{"forgejo", Gitea},
		{"codeberg", Gitea},
	} {
		if strings.Contains(strings.ToLower(host), known.part) {
			return known.kind, nil
		}
	}
	return "", hint.Usage(fmt.Errorf("no forge: %q may be anything", host),
		"set OFFSHOOT_FORGE to github, gitlab or gitea; where the host is an alias of SSH, OFFSHOOT_FORGE_URL to "+
			"the forge's address")
}

// splitRemote takes the address of a remote apart. Users, passwords and the
// port of SSH are left out; an address of a folder is not one of a forge.
func splitRemote(remote string) (scheme, host, path string, ok bool) {
	remote = strings.TrimSpace(remote)
	parsed, err := url.Parse(remote)
	switch {
	case err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https"):
		scheme, host, path = parsed.Scheme, parsed.Host, parsed.Path
	case err == nil && (parsed.Scheme == "ssh" || parsed.Scheme == "git" || parsed.Scheme == "git+ssh"):
		scheme, host, path = "https", parsed.Hostname(), parsed.Path
	case strings.Contains(remote, "://"):
		return "", "", "", false
	default: // git@github.com:acme/shop.git
		before, after, found := strings.Cut(remote, ":")
		if !found || strings.Contains(before, "/") {
			return "", "", "", false
		}
		scheme, host, path = "https", before[strings.LastIndex(before, "@")+1:], after
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	host = strings.ToLower(host)
	// Hosts by which SSH is reached on the port of HTTPS.
	host = cmp.Or(map[string]string{"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}[host], host)
	return scheme, host, path, host != "" && strings.Contains(path, "/")
}

func (l Location) checked() (Location, error) {
	if l.API == "" || !strings.Contains(l.Repository, "/") {
		return Location{}, hint.Usage(fmt.Errorf("no forge: the environment of the %s job has no repository", l.Kind),
			"GITHUB_REPOSITORY and GITHUB_SERVER_URL, or CI_PROJECT_PATH and CI_API_V4_URL, must be set")
	}
	return l, nil
}
