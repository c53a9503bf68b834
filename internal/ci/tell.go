package ci

import (
	"context"
	"errors"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/report"
)

// statusContext is the line of ours beside a commit.
const statusContext = "offshoot/preview"

// rehearsalContext is that about what the migrations would do to production. It is there only where they were
// rehearsed.
const rehearsalContext = "offshoot/rehearsal"

// queriesContext is that about what the code asks of its database, against main. It is there only where that was
// compared.
const queriesContext = "offshoot/queries"

// announce says that work is about to begin, before anything is spent: a token
// that may not write is found out here. It also keeps what somebody asked for, for
// the run of the next push. That it cannot be said for another reason is none not
// to work.
func (j *job) announce(ctx context.Context) error {
	j.situation.Said = j.situation.Said.with(j.action.Wish, j.action.Commit)
	return j.tolerate(errors.Join(
		j.comment(ctx, report.Report{State: report.Building, Commit: j.action.Commit, Links: j.situation.links}),
		j.status(ctx, forge.Pending, "the preview is being made", ""),
	))
}

// begin says it again under the lock, since another run may have said something
// else. The link, if there is one, still leads to what was there before.
func (j *job) begin(ctx context.Context, now Preview) error {
	return j.tolerate(errors.Join(
		j.comment(ctx, report.Report{State: report.Building, Commit: j.action.Commit, Links: now.Links}),
		j.status(ctx, forge.Pending, "the preview is being made", ""),
		j.deploy(ctx, forge.Pending, "", ""),
	))
}

func (j *job) tolerate(err error) error {
	if err == nil || errors.Is(err, forge.ErrForbidden) {
		return err
	}
	j.Say("could not say that work has begun: " + err.Error())
	return nil
}

// powerless ends a run whose token may not write. Some are started that way, and
// no workflow can give them another: they succeed, without a preview.
func (j *job) powerless(err error) error {
	why := j.Powerless
	if why == "" && j.situation.Pull.Fork {
		why = "it is a fork's"
	}
	if why == "" {
		return hint.Wrap(err,
			"give this job's token the rights that docs/pull-requests.md lists; on GitHub under permissions: in "+
				"the workflow,"+
				" and in the one that calls it: pull-requests: write (the comment), statuses: write, "+
				"deployments: write")
	}
	j.Say("this run may not write to the pull request, since " + why + ": " + err.Error())
	return nil
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
	err = j.comment(ctx, r)
	if !j.served {
		err = errors.Join(err, j.succeeded(ctx))
	}
	return errors.Join(err, j.rehearsed(ctx, r.Rehearsal), j.checked(ctx, r.Checks))
}

// succeeded is the line beside the commit, and the deployment, of a preview that is ready.
func (j *job) succeeded(ctx context.Context) error {
	first := firstLink(j.links)
	return errors.Join(
		j.status(ctx, forge.Success, "the preview is ready", first), j.deploy(ctx, forge.Success, "ready", first),
	)
}

// serves says that the preview is ready while its migrations are still rehearsed, and its queries compared: nobody
// waits for these. It may be called again with what is known by then. What cannot be said now, the end says.
func (j *job) serves(ctx context.Context, r report.Report) {
	if context.Cause(ctx) != nil {
		return
	}
	r.State, r.Commit, j.links = report.Ready, j.action.Commit, r.Links
	err := j.comment(ctx, r)
	if !j.served {
		err = errors.Join(err, j.succeeded(ctx))
	}
	err = errors.Join(err, j.rehearsed(ctx, r.Rehearsal), j.checked(ctx, r.Checks))
	if j.served = j.served || err == nil; err != nil {
		j.Say("could not say that the preview is ready: " + err.Error())
	}
}

// rehearsed is the line beside a commit about its migrations.
func (j *job) rehearsed(ctx context.Context, h *report.Rehearsal) error {
	if h == nil && !j.rehearses {
		return nil
	}
	j.rehearses = true
	state, text := forge.Cancelled, "the migrations were not rehearsed to the end"
	switch {
	case h == nil:
	case h.UnderWay:
		state, text = forge.Pending, h.Headline
	case len(h.Exceeded) > 0:
		state, text = forge.Failure, h.Exceeded[0]
	default:
		state, text = forge.Success, h.Headline
	}
	if j.Redact != nil {
		text = j.Redact(text)
	}
	now := forge.Status{State: state, Text: text}
	if j.rehearsal == now {
		return nil // it is said already
	}
	j.rehearsal = now
	return j.statusOf(ctx, rehearsalContext, state, text, j.RunURL)
}

// checked is the line beside a commit about what its code asks of the database.
func (j *job) checked(ctx context.Context, c *report.Checks) error {
	if c == nil || c.Missing && j.queries == (forge.Status{}) {
		return nil
	}
	state, text := forge.Success, c.Headline
	switch {
	case c.Missing:
		state = forge.Cancelled
	case c.UnderWay:
		state = forge.Pending
	case len(c.Exceeded) > 0:
		state, text = forge.Failure, c.Exceeded[0]
	}
	if j.Redact != nil {
		text = j.Redact(text)
	}
	now := forge.Status{State: state, Text: text}
	if j.queries == now {
		return nil
	}
	j.queries = now
	return j.statusOf(ctx, queriesContext, state, text, j.RunURL)
}

// cancelled ends the line beside a commit that was superseded.
func (j *job) cancelled(ctx context.Context) error {
	return j.status(ctx, forge.Cancelled, "not wanted any more", j.RunURL)
}

// removed says that the preview is gone, where anything was said of it before.
// What somebody asked for is said in any case.
func (j *job) removed(ctx context.Context) error {
	err := j.write(ctx, report.Report{State: report.Removed, Reason: "Removed: " + j.action.Reason + "."},
		j.action.Wish == "")
	if f, ok := j.Forge.(forge.Deployer); ok {
		err = errors.Join(err, f.Retire(ctx, j.environment()))
	}
	return err
}

// wait asks a maintainer to have it made, or to approve a fork's commit. A job for
// a fork often may not even comment, which is as it should be.
func (j *job) wait(ctx context.Context) error {
	r := report.Report{State: report.Waiting, Commit: j.action.Commit, Links: j.situation.links}
	text := "somebody who may write has to ask for the preview"
	r.Reason = "This run could not make it: " + j.action.Reason +
		". Somebody who may write to this repository gets it with the comment /preview up."
	if j.action.Fork {
		r.Approve, text = j.action.Commit, "a maintainer has to approve this commit"
		r.Reason = "This pull request comes from a fork. Its code runs after somebody who may write to this " +
			"repository has looked at this very commit and comments:"
	}
	if err := errors.Join(j.comment(ctx, r), j.status(ctx, forge.Pending, text, "")); err != nil {
		j.Say("could not say so on the pull request: " + err.Error())
	}
	return nil
}

// tell says what serves, where the run that made it could not.
func (j *job) tell(ctx context.Context) error {
	said := j.situation.Said
	if said.State == report.Ready && said.Commit == j.action.Commit {
		return j.remember(ctx)
	}
	now, err := j.Previews.Now(ctx, j.action.Number)
	if err != nil || now.Commit != j.action.Commit {
		return err // it is another run's to tell
	}
	return j.show(ctx, now)
}

// show says that a preview is ready of which no more is known than what is there.
func (j *job) show(ctx context.Context, now Preview) error {
	j.links = now.Links
	return errors.Join(j.comment(ctx, j.ready(now)),
		j.status(ctx, forge.Success, "the preview is ready", firstLink(now.Links)))
}

func (j *job) ready(now Preview) report.Report {
	return report.Report{
		State: report.Ready, Commit: now.Commit, Links: now.Links, Machine: now.Machine,
		Expires: now.Expires, Never: now.Expires.IsZero(),
	}
}

func firstLink(links []report.Link) string {
	if len(links) == 0 {
		return ""
	}
	return links[0].URL
}

// answer writes a reply into the one comment, with what is there now.
func (j *job) answer(ctx context.Context, reply string) error {
	now, err := j.Previews.Now(ctx, j.action.Number)
	if err != nil {
		return err
	}
	r := j.ready(now)
	if now.Commit == "" {
		r = report.Report{State: report.Absent}
	}
	r.Reply = reply
	j.links = now.Links
	return j.comment(ctx, r)
}

// reply writes the answer to a command into what the comment says.
func (j *job) reply(ctx context.Context) error {
	text, err := j.Forge.Said(ctx, j.action.Number, j.Marker(j.action.Number))
	if err != nil {
		return err
	}
	if ReadRecord(text).State == "" {
		return j.answer(ctx, j.action.Reply)
	}
	return j.put(ctx, report.Replied(text, j.action.Reply, j.Redact), false)
}

// remember keeps what somebody asked for, and leaves what the comment says.
func (j *job) remember(ctx context.Context) error {
	if j.action.Wish == "" {
		return nil
	}
	text, err := j.Forge.Said(ctx, j.action.Number, j.Marker(j.action.Number))
	if err != nil {
		return err
	}
	if text == "" {
		return j.comment(ctx, report.Report{State: report.Absent})
	}
	return j.put(ctx, ReadRecord(text).with(j.action.Wish, j.action.Commit).put(text), false)
}

func (j *job) comment(ctx context.Context, r report.Report) error { return j.write(ctx, r, false) }

// write keeps the record: another run may have added a wish to it.
func (j *job) write(ctx context.Context, r report.Report, existing bool) error {
	record, err := j.recall(ctx, j.action.Number)
	if err != nil {
		return err
	}
	record = record.with(j.action.Wish, j.action.Commit)
	if record.Wish == WishDown && record.Since != j.situation.Pull.Commit {
		record = record.with(WishNothing, "")
	}
	record.State, record.Commit = r.State, r.Commit
	r.Preview, r.RunURL = j.Name(j.action.Number), j.RunURL
	return j.put(ctx, record.put(report.Markdown(r, j.Redact)), existing)
}

func (j *job) put(ctx context.Context, text string, existing bool) error {
	return j.Forge.Comment(ctx, j.action.Number,
		forge.Comment{Marker: j.Marker(j.action.Number), Text: text, Existing: existing})
}

// status does without one for a fork's commit where the token may not set it:
// every job of Gitea's for a fork's pull request has such a token, that of an
// approval too, and it may comment.
func (j *job) status(ctx context.Context, state forge.State, text, url string) error {
	return j.statusOf(ctx, statusContext, state, text, url)
}

func (j *job) statusOf(ctx context.Context, of string, state forge.State, text, url string) error {
	err := j.Forge.Status(ctx, j.action.Commit, forge.Status{Context: of, State: state, Text: text, URL: url})
	if errors.Is(err, forge.ErrForbidden) && j.situation.Pull.Fork {
		j.Say("no line beside the commit, which is a fork's: " + err.Error())
		return nil
	}
	return err
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
