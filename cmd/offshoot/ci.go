package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

const ciLong = `Ci reads the event that started a job of GitHub Actions, GitLab CI or Gitea Actions.
On an event of a pull request it creates, updates or removes the preview to match
the pull request as it is now, and answers a command; on a schedule it sweeps. It
keeps one comment on the pull request, and a status on its commit.

A job whose checkout is no longer the newest commit succeeds and leaves the preview
to the job of the next push.

The token is read from GITHUB_TOKEN, GITLAB_TOKEN or GITEA_TOKEN.`

// ciOptions is the command line of ci.
type ciOptions struct {
	event   string
	archive string
	// rehearsal is the file for the report of one.
	rehearsal string
	dryRun    bool
	commit    bool // only say which commit to check out
}

func (a jobs) ciCommand() *cobra.Command {
	o := ciOptions{}
	c := &cobra.Command{
		Use:     "ci",
		Short:   "create, update or remove the preview for the current CI event",
		Long:    ciLong,
		Example: "  offshoot ci\n  offshoot ci --event event.json --dry-run",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("archive") && o.archive == "" {
				return hint.Usage(errors.New("ci: --archive is empty"), "leave it out where no archive is meant")
			}
			return a.ci(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.event, "event", "", "read the event from `FILE` (default: as the CI system names it)")
	c.Flags().StringVar(&o.archive, "archive", "", "load this `FILE` instead of a subset of the configured source")
	c.Flags().StringVar(&o.rehearsal, "rehearsal", "",
		"write the report of the rehearsal to `FILE` (.md, .html, .svg, .json or .txt)")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "print what would be done; do nothing")
	c.Flags().BoolVar(&o.commit, "commit", false,
		"check the event author's permission and print the commit to check out; do nothing else")
	a.jsonFlag(c)
	return c
}

func (a jobs) ci(ctx context.Context, o ciOptions) error {
	event, err := a.event(o.event)
	if err != nil {
		return fmt.Errorf("ci: %w", err)
	}
	a.writer, a.reader = event.Writer, event.Reader
	u := a.newUI()
	defer u.Close()
	if a.foreign() {
		u.Info("nothing: this pipeline runs in the project of a fork, and the merge request is another project's")
		return nil
	}
	opened, err := a.forgeOfJob(ctx)
	if err != nil {
		return fmt.Errorf("ci: %w", err)
	}
	p := &ciPreviews{jobs: a, ui: u, forge: opened, options: o, event: event}
	if o.commit {
		return a.commitOfJob(ctx, p, event)
	}
	out, err := a.ciRunner(p).Handle(ctx, event)
	a.result = out
	u.Close()
	err = errors.Join(err, a.jobOutputs(p, out))
	if err != nil {
		return fmt.Errorf("ci: %w", err)
	}
	return nil
}

// commitOfJob hands the commit to check out on to the next steps of the job;
// without one the job has nothing more to do.
func (a jobs) commitOfJob(ctx context.Context, p *ciPreviews, event forge.Event) error {
	commit, goOn, err := a.ciRunner(p).Commit(ctx, event)
	p.ui.Close()
	if err != nil {
		return fmt.Errorf("ci: %w", err)
	}
	if goOn && commit == "" {
		commit = cmp.Or(a.getenv("GITHUB_SHA"), a.getenv("CI_COMMIT_SHA"))
	}
	a.result = map[string]string{"commit": commit}
	err = errors.Join(
		appendTo(a.getenv("GITHUB_OUTPUT"), "commit="+commit+"\n"),
		appendTo(a.getenv("GITHUB_ENV"), checkedOut+"="+commit+"\n"),
	)
	if err != nil {
		return fmt.Errorf("ci: %w", err)
	}
	if a.json || commit == "" {
		return nil
	}
	return a.println(commit)
}

// forgeOfJob opens the forge that the environment of the job names. Only where
// that says nothing is the checkout asked: who may ask for anything is not known
// yet.
func (a jobs) forgeOfJob(ctx context.Context) (forge.Forge, error) {
	if _, err := forge.Locate(a.lookup, ""); err == nil {
		return a.forgeOf(checkout{})
	}
	git, err := a.checkoutHere(ctx)
	if err != nil {
		return nil, err
	}
	return a.forgeOf(a.unaliased(ctx, git))
}

func (a placing) checkoutHere(ctx context.Context) (checkout, error) {
	dir, err := os.Getwd()
	if err != nil {
		return checkout{}, fmt.Errorf("working directory: %w", err)
	}
	return a.checkout(ctx, dir)
}

// event reads the event of the job.
func (a jobs) event(file string) (forge.Event, error) {
	for _, name := range []string{"GITHUB_EVENT_PATH", "TRIGGER_PAYLOAD"} {
		if file == "" {
			file = a.getenv(name)
		}
	}
	if file == "" {
		return forge.ReadEvent(a.lookup, nil)
	}
	payload, err := os.ReadFile(file)
	if err != nil {
		return forge.Event{},
			hint.Usage(fmt.Errorf("event: %w", err),
				"give the file that the CI system names in GITHUB_EVENT_PATH or TRIGGER_PAYLOAD")
	}
	if len(payload) == 0 {
		return forge.Event{}, hint.Usage(fmt.Errorf("event: %s is empty", file), "")
	}
	return forge.ReadEvent(a.lookup, payload)
}

// forgeOf opens the forge of a checkout. Without a forge, or a token for it,
// that is hint.ErrUsage.
func (a placing) forgeOf(git checkout) (forge.Forge, error) {
	at, err := forge.Locate(a.lookup, git.Remote)
	if err != nil {
		return nil, err
	}
	token, err := at.Token(a.lookup)
	if err != nil {
		return nil, err
	}
	a.secrets.Add(token)
	return forge.Open(at,
		forge.Options{Token: token, Version: buildVersion().Version, Writer: a.writer, Reader: a.reader})
}

func (a jobs) ciRunner(p *ciPreviews) *ci.Runner {
	r := &ci.Runner{
		Forge: p.forge, Previews: p, Settings: ci.Settings{Approve: approveLabel},
		Name: p.name, Marker: p.marker, RunURL: a.runURL(), DryRun: p.options.dryRun,
		Holds: p.holds, Lacks: p.lacks, Powerless: p.powerless(), Again: a.again(),
		Redact: a.secrets.Redact,
		Say:    func(text string) { p.ui.Info(ui.Clean(strings.ReplaceAll(text, "\n", "; "))) }, // several errors
	}
	r.Prepare = func(ctx context.Context, pull forge.Pull) error {
		if err := p.prepare(ctx, pull); err != nil {
			return err
		}
		if pull.Number > 0 {
			p.acquaint(ctx, pull.Number)
		}
		r.Settings.Drafts, r.Settings.Label = p.cfg.Pulls.Drafts, p.cfg.Pulls.Label
		return nil
	}
	return r
}

// approveLabel is the same everywhere: the configuration that is read may be
// that of the fork.
const approveLabel = "preview-approved"

// runURL is the page of this job.
func (a jobs) runURL() string {
	if url := a.getenv("CI_JOB_URL"); url != "" {
		return url
	}
	server, repository, run := a.getenv("GITHUB_SERVER_URL"), a.getenv("GITHUB_REPOSITORY"), a.getenv("GITHUB_RUN_ID")
	if server == "" || repository == "" || run == "" {
		return ""
	}
	return strings.TrimRight(server, "/") + "/" + repository + "/actions/runs/" + run
}
