package ci

import (
	"context"
	"errors"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/report"
)

// statusContext is the line of ours beside a commit.
const statusContext = "offshoot/preview"

// begin says that work has begun. The link, if there is one, still leads to
// what was there before. That it cannot be said is no reason not to work.
func (j *job) begin(ctx context.Context) {
	now, err := j.Previews.Now(ctx, j.action.Number)
	err = errors.Join(err,
		j.comment(ctx, report.Report{State: report.Building, Commit: j.action.Commit, Links: now.Links}),
		j.status(ctx, forge.Pending, "the preview is being made", ""),
		j.deploy(ctx, forge.Pending, "", ""),
	)
	if err != nil {
		j.Say("could not say that work has begun: " + err.Error())
	}
}

// conclude says how an up ended. Of one that is not wanted any more nothing is
// said: the comment belongs to the run that took its place.
func (j *job) conclude(ctx context.Context, r report.Report, err error) error {
	if errors.Is(err, ErrUnwanted) || errors.Is(context.Cause(ctx), ErrUnwanted) {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // an interrupted run still says so
	r.Commit = j.action.Commit
	if err != nil {
		r.State = report.Failed
		return errors.Join(
			j.comment(ctx, r), j.status(ctx, forge.Failure, "the preview could not be made", j.RunURL),
			j.deploy(ctx, forge.Failure, "could not be made", ""),
		)
	}
	r.State = report.Ready
	j.links = r.Links
	first := ""
	if len(r.Links) > 0 {
		first = r.Links[0].URL
	}
	return errors.Join(
		j.comment(ctx, r), j.status(ctx, forge.Success, "the preview is ready", first),
		j.deploy(ctx, forge.Success, "ready", first),
	)
}

// cancelled ends the line beside a commit that was superseded.
func (j *job) cancelled(ctx context.Context) error {
	return j.status(ctx, forge.Cancelled, "not wanted any more", j.RunURL)
}

// removed says that the preview is gone, where anything was said of it before.
func (j *job) removed(ctx context.Context) error {
	err := j.write(ctx, report.Report{State: report.Removed, Reason: "Removed: " + j.action.Reason + "."}, true)
	if f, ok := j.Forge.(forge.Deployer); ok {
		err = errors.Join(err, f.Retire(ctx, j.environment()))
	}
	return err
}

// wait asks a maintainer to approve a fork's commit. A job for a fork often may
// not even comment, which is as it should be.
func (j *job) wait(ctx context.Context) error {
	now, err := j.Previews.Now(ctx, j.action.Number)
	if err != nil {
		return err
	}
	err = errors.Join(
		j.comment(ctx, report.Report{
			State: report.Waiting, Commit: j.action.Commit, Approve: j.action.Commit, Links: now.Links,
			Reason: "This pull request comes from a fork. Its code runs after somebody who may write to this repository has looked at this very commit and comments:",
		}),
		j.status(ctx, forge.Pending, "a maintainer has to approve this commit", ""),
	)
	if err != nil {
		j.Say("could not say so on the pull request: " + err.Error())
	}
	return nil
}

// answer writes a reply into the one comment, with what is there now.
func (j *job) answer(ctx context.Context, reply string) error {
	now, err := j.Previews.Now(ctx, j.action.Number)
	if err != nil {
		return err
	}
	r := report.Report{
		State: report.Ready, Reply: reply, Commit: now.Commit, Links: now.Links, Machine: now.Machine,
		Expires: now.Expires, Never: now.Expires.IsZero(),
	}
	if now.Commit == "" {
		r = report.Report{State: report.Absent, Reply: reply}
	}
	j.links = now.Links
	return j.comment(ctx, r)
}

func (j *job) comment(ctx context.Context, r report.Report) error { return j.write(ctx, r, false) }

func (j *job) write(ctx context.Context, r report.Report, existing bool) error {
	r.Preview, r.RunURL = j.Name(j.action.Number), j.RunURL
	return j.Forge.Comment(ctx, j.action.Number, forge.Comment{
		Marker: j.Marker(j.action.Number), Text: report.Markdown(r, j.Redact), Existing: existing,
	})
}

func (j *job) status(ctx context.Context, state forge.State, text, url string) error {
	return j.Forge.Status(ctx, j.action.Commit, forge.Status{Context: statusContext, State: state, Text: text, URL: url})
}

func (j *job) environment() string { return Environment(j.Marker(j.action.Number)) }

// Environment is the name of a preview's deployment.
func Environment(marker string) string { return "preview/" + marker }

func (j *job) deploy(ctx context.Context, state forge.State, text, url string) error {
	f, ok := j.Forge.(forge.Deployer)
	if !ok {
		return nil
	}
	return f.Deploy(ctx, forge.Deployment{
		Environment: j.environment(), Commit: j.action.Commit, State: state, Text: text, URL: url, LogURL: j.RunURL,
	})
}
