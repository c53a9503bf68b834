package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// Lengths that keep an id, and a host name label made of a service and a
// preview's name, within the 63 characters of a DNS label.
const (
	maxProject = 24
	maxName    = 32
	maxService = 63 - maxName - len("--")
	hashLength = 8
)

// A Preview is the identity of one environment. It follows from repository
// and pull request or branch alone, so that every machine and every job names
// it alike.
type Preview struct {
	ID         string `json:"id"`      // shop-pr-12: a DNS label, unique on an engine
	Project    string `json:"project"` // shop
	Name       string `json:"name"`    // pr-12, or made of the branch
	Repository string `json:"repository"`
	// RepositoryID is its forge's host and number of the repository, where that is
	// known: it outlives the name. See forge.Repository.
	RepositoryID string `json:"repository_id,omitempty"`

	PullRequest int    `json:"pull_request,omitempty"` // 0: of a branch
	Branch      string `json:"branch,omitempty"`
}

// Identify names the preview of a pull request, or of a branch when
// pullRequest is 0. The repository is a remote's address in any of git's
// forms, or a folder; an empty project is named after its last element.
func Identify(repository, project string, pullRequest int, branch string) (Preview, error) {
	repository = cleanRepository(repository)
	if project == "" {
		project = path.Base(repository)
	}
	preview := Preview{
		Project: projectSlug(project), Repository: repository,
		PullRequest: pullRequest, Branch: branch,
	}
	switch {
	case repository == "":
		return Preview{},
			hint.Usage(errors.New("no repository to name the preview after"), "run offshoot in a git checkout")
	case preview.Project == "":
		return Preview{},
			hint.Usage(fmt.Errorf("project %q has no letter or digit to name a preview by", project),
				"set project in offshoot.yaml")
	case pullRequest < 0:
		return Preview{}, hint.Usage(fmt.Errorf("pull request %d: not a number of one", pullRequest), "")
	case pullRequest > 0:
		preview.Name = fmt.Sprintf("pr-%d", pullRequest)
	case branch == "":
		return Preview{},
			hint.Usage(errors.New("neither a pull request nor a branch is given"), "add --pr N or --branch NAME")
	default:
		preview.Name = slug(branch, maxName, ambiguousName)
	}
	preview.ID = preview.Project + "-" + preview.Name
	return preview, nil
}

// Host is the name that a service of the preview is reached by: that of the
// preview itself for the first one that it shows.
func (p Preview) Host(service string, first bool) string {
	label := p.Name
	if !first {
		label = slug(service, maxService, nil) + "--" + p.Name
	}
	return label + "." + p.Project + ".localhost"
}

// Naming are the arguments by which a command names the preview, with a space
// before them, to be pasted into a shell.
func (p Preview) Naming() string { return printable(gateway.Naming(p.Name, p.Branch)) }

// project is the name of the compose project of one generation.
func (p Preview) project(generation int) string {
	return fmt.Sprintf("%s-g%d", p.ID, generation)
}

// ambiguousName matches what a branch may not be named by as it is: the name
// of a pull request, or one that looks like a shortened one.
var ambiguousName = regexp.MustCompile(`^pr-[0-9]+$|-[0-9a-f]{8}$|^[0-9a-f]{8}$`)

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a DNS label of at most limit characters. When that loses
// anything, or the result is ambiguous, a hash of the whole name tells it from
// its likes. Only a name without any letter or digit may come out empty, and
// only when there is no pattern of ambiguous ones.
func slug(name string, limit int, ambiguous *regexp.Regexp) string {
	label := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if label == "" && ambiguous == nil {
		return ""
	}
	if label == name && len(label) <= limit && (ambiguous == nil || !ambiguous.MatchString(label)) {
		return label
	}
	head := strings.Trim(label[:min(len(label), limit-hashLength-1)], "-")
	return strings.Trim(head+"-"+hashOf(name), "-")
}

// hashOf tells what was shortened from its likes.
func hashOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:hashLength]
}

// projectSlug is more readable than slug: two projects whose names become the
// same are told apart by their repositories, and only a cut has to show.
func projectSlug(name string) string {
	label := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(name), "-"), "-")
	return slug(label, maxProject, nil)
}

// cleanRepository turns the forms of a remote's address into one, without the
// user, the password and the token that it may hold.
func cleanRepository(remote string) string {
	remote = strings.TrimSpace(remote)
	if parsed, err := url.Parse(remote); err == nil && parsed.Host != "" {
		remote = strings.ToLower(parsed.Hostname()) + "/" + strings.Trim(parsed.Path, "/")
	} else if at, rest, ok := strings.Cut(remote, ":"); ok && !strings.Contains(at, "/") && rest != "" {
		host := at[strings.LastIndex(at, "@")+1:] // git@github.com:acme/shop
		remote = strings.ToLower(host) + "/" + strings.Trim(rest, "/")
	}
	return strings.TrimSuffix(strings.TrimRight(remote, "/"), ".git")
}
