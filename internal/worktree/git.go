package worktree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// gitPatience is far more than git takes to read a work tree: its files may be
// pipes that nobody writes to.
const gitPatience = 5 * time.Minute

// gitArguments keep git from running what the work tree's own configuration
// names. Where the repository is, is always said, so that no folder of a
// checkout is taken for one and nobody minds who owns it; the settings that say
// the same are for a git that looks for itself.
// https://git-scm.com/docs/git-config
var gitArguments = []string{
	"--no-pager", "--no-optional-locks", "--no-replace-objects", "--literal-pathspecs",
	"-c", "safe.bareRepository=explicit", "-c", "safe.directory=*",
	"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.sshCommand=false", "-c",
	"core.gitProxy=",
	"-c", "core.attributesFile=/dev/null", "-c", "core.askPass=", "-c", "core.editor=false", "-c",
	"core.alternateRefsCommand=false",
	"-c", "credential.helper=", "-c", "protocol.allow=never", "-c", "submodule.recurse=false", "-c",
	"log.showSignature=false",
	"-c", "gpg.program=false", "-c", "diff.external=", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
}

// gitEnvironment is all that git sees: no configuration of the computer or of
// its user, no protocol to fetch by, whatever the work tree's own configuration
// permits, and none of our variables but where programs are.
// https://git-scm.com/docs/git#_environment_variables
func gitEnvironment() []string {
	return append(userEnvironment(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ATTR_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=", "GIT_PROTOCOL_FROM_USER=0", "GIT_TERMINAL_PROMPT=0",
	)
}

// userEnvironment is what git needs to find itself and its user's files.
func userEnvironment() []string {
	environment := []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME"} {
		if value, set := os.LookupEnv(name); set {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}

// Root finds the root of the work tree that a folder is in: the nearest folder
// above it, or itself, that has a .git. Git is not asked: it takes any folder
// that a commit can hold for a repository without a work tree.
func Root(folder string) (root string, found bool) {
	for {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			return folder, true
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", false
		}
		folder = above
	}
}

// Ask asks git one question about the work tree with this root, which may only
// read. It is the only way to git: whatever a stranger wrote into the
// repository's configuration runs nothing. Git's answer is as it came.
func Ask(ctx context.Context, root string, question ...string) ([]byte, error) {
	return runGit(ctx, gitEnvironment(), slices.Concat(at(root), gitArguments, question))
}

func at(root string) []string { return []string{"git", "-C", root, "--git-dir=.git", "--work-tree=."} }

func makeRepository(folder string) []string {
	return []string{"git", "init", "--quiet", "--template=", folder}
}

// stream is Ask for what is too large to be kept in memory.
func stream(ctx context.Context, root string, in io.Reader, out io.Writer, question ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, gitPatience, fmt.Errorf("no answer in %v", gitPatience))
	defer cancel()
	return host.Local{}.Run(ctx, host.Command{
		Args: slices.Concat(at(root), gitArguments, question), Env: gitEnvironment(), Stdin: in, Stdout: out,
	})
}

func runGit(ctx context.Context, environment, args []string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, gitPatience, fmt.Errorf("no answer in %v", gitPatience))
	defer cancel()
	var out bytes.Buffer
	err := host.Local{}.Run(ctx, host.Command{Args: args, Env: environment, Stdout: &out})
	return out.Bytes(), err
}

// A Head is what is checked out. It is empty where git has nothing to say.
type Head struct {
	Branch  string // empty when none is checked out
	Commit  string
	Parents []string
	Made    time.Time // when the commit was; zero when it does not say
}

// ReadHead reads what is checked out in the work tree with this root.
func ReadHead(ctx context.Context, root string) (h Head, err error) {
	if h.Branch, err = answer(ctx, root, "symbolic-ref", "--quiet", "--short", "HEAD"); err != nil {
		return Head{}, err
	}
	if h.Commit, err = answer(ctx, root, "rev-parse", "--quiet", "--verify", "HEAD^{commit}"); err != nil ||
		h.Commit == "" {
		return h, err
	}
	// The parents of a shallow clone's commit are only in its text.
	text, err := answer(ctx, root, "cat-file", "commit", h.Commit)
	if err != nil {
		return Head{}, err
	}
	head, _, _ := strings.Cut(text, "\n\n")
	for line := range strings.Lines(head) {
		switch key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); key {
		case "parent":
			h.Parents = append(h.Parents, value)
		case "committer":
			h.Made = madeAt(value)
		}
	}
	return h, nil
}

// madeAt reads the time at the end of "name <address> seconds zone".
func madeAt(committer string) time.Time {
	_, when, _ := strings.Cut(committer[strings.LastIndex(committer, "<")+1:], "> ")
	var seconds int64
	if _, err := fmt.Sscan(when, &seconds); err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Remote is the address of origin. It may hold a token: never print it.
func Remote(ctx context.Context, root string) (string, error) {
	return answer(ctx, root, "config", "--get", "remote.origin.url")
}

// Readable tells whether what lies at a root is a repository to git.
func Readable(ctx context.Context, root string) (bool, error) {
	found, err := answer(ctx, root, "rev-parse", "--git-dir")
	return found != "", err
}

// answer is one line; having none, or no git, is an empty one.
func answer(ctx context.Context, root string, question ...string) (string, error) {
	out, err := Ask(ctx, root, question...)
	var exit *host.ExitError
	if errors.As(err, &exit) || host.NoProgram(err) || errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}

// ignoredByUser is the file with what the user ignores everywhere, as an
// argument for git. It is the one setting of theirs that decides what a
// preview may see.
func ignoredByUser(ctx context.Context) ([]string, error) {
	args := []string{
		"git", "--git-dir=" + os.DevNull, "config", "--global", "--includes", "--type=path", "--get",
		"core.excludesFile",
	}
	out, err := runGit(ctx, append(userEnvironment(), "GIT_CONFIG_NOSYSTEM=1"), args)
	if ctx.Err() != nil {
		return nil, err
	}
	file := strings.TrimSuffix(string(out), "\n")
	if err != nil || file == "" {
		return nil, nil
	}
	return []string{"-c", "core.excludesFile=" + file}, nil
}
