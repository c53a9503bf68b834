// Package forge reads pull requests of GitHub, GitLab and Gitea, and reports on
// them.
//
//	CI environment or git remote ─▶ Locate ─▶ Location ─▶ Open ─▶ Forge: GitHub, GitLab, Gitea
//	event of a CI system ─────────▶ ReadEvent ─▶ Event              │
//	                                                  waits as told, tries again
//
// What an event says is only a reason to look: the forge itself is asked what
// is true. Everything that a pull request's author can write is handed on as it
// is; whoever prints it makes it safe.
package forge

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound says that the forge has no such pull request, or shows it to
// nobody with this token.
var ErrNotFound = errors.New("not found")

// ErrForbidden says that the token lacks a right.
var ErrForbidden = errors.New("the token may not do that")

// A Forge is one repository on GitHub, GitLab or Gitea (Forgejo). Every method
// may be called from several goroutines, and waits as long as the forge asks
// for, up to a limit. An error names what was asked, never the token.
type Forge interface {
	// Pull reads one pull request as it is now, or is ErrNotFound.
	Pull(ctx context.Context, number int) (Pull, error)
	// OpenPulls reads all that are open, by number: all of them or an error.
	OpenPulls(ctx context.Context) ([]Pull, error)
	// MayWrite tells whether a person may push to the repository. Somebody whom
	// the forge does not know may not.
	MayWrite(ctx context.Context, login string) (bool, error)
	// File reads a file of the repository at the head of one of its branches, of
	// the default one where none is named, or is ErrNotFound. The path has
	// slashes, and starts from the root.
	File(ctx context.Context, branch, path string) ([]byte, error)
	// Repository reads a repository by its name, or by a name that it had before
	// it was renamed or transferred; without a name, this one. That there is
	// none is ErrNotFound.
	Repository(ctx context.Context, name string) (Repository, error)
	// Comment makes the one comment with this marker on a pull request, or
	// edits it in place. Runs at the same time leave one. A comment of somebody
	// else is never taken for ours, whatever is in it.
	Comment(ctx context.Context, number int, c Comment) error
	// Said reads what the one comment with this marker says, without the marker;
	// "" where there is none.
	Said(ctx context.Context, number int, marker string) (string, error)
	// Status says of a commit how its preview is; the last one of a context counts.
	Status(ctx context.Context, commit string, s Status) error
}

// A Deployer shows previews as deployments. GitHub's forge is one.
type Deployer interface {
	// Deploy records where a commit is deployed and how that went. It takes the
	// place of what was deployed to the same environment before.
	Deploy(ctx context.Context, d Deployment) error
	// Retire turns every deployment to the environment inactive and deletes it,
	// and the environment where the token may; it is harmless when repeated.
	Retire(ctx context.Context, environment string) error
}

// A Reactor can show that a comment was read without writing another.
type Reactor interface {
	// React adds a reaction to the comment of an event; twice is once.
	React(ctx context.Context, number int, commentID int64, r Reaction) error
}

// A Pull is a pull request, or a merge request, as the forge has it.
type Pull struct {
	Number int
	Title  string
	Author string
	URL    string // of its page

	Commit string // the newest of its branch, in full
	Branch string // what is to be merged
	Base   string // where to
	// BaseCommit is one of Base: where the branch left it, or else its newest when the forge looked; may be empty.
	BaseCommit string
	Fork       bool // the branch lies in another repository, or in none any more

	Open    bool
	Merged  bool
	Draft   bool
	Labels  []string
	Updated time.Time
}

// Comment is the text of our one comment on a pull request.
type Comment struct {
	// Marker tells our comments apart: letters, digits, '-', '.', '_' and
	// spaces. It is put before the text where it does not show.
	Marker string
	Text   string // Markdown
	// Existing makes no comment where there is none yet.
	Existing bool
}

// A State of what is being made for a commit.
type State string

// The states. A forge without one of them shows the nearest.
const (
	Pending   State = "pending"
	Success   State = "success"
	Failure   State = "failure"
	Cancelled State = "cancelled" // superseded, or not wanted any more
)

// Status is the line beside a commit.
type Status struct {
	Context string // which of the commit's lines: offshoot
	State   State
	Text    string // cut to what the forge shows
	URL     string // where a click leads; may be empty
}

// Deployment is one deployment of a commit.
type Deployment struct {
	Environment string // preview/shop-pr-12
	Commit      string
	State       State
	Text        string
	URL         string // of what was deployed
	LogURL      string // of the run that did it
}

// A Reaction to a comment.
type Reaction string

// The reactions.
const (
	Seen    Reaction = "eyes"
	Agreed  Reaction = "+1"
	Refused Reaction = "-1"
)
