package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/sweep"
)

// ciPreviews makes the previews of a CI job, with what up, down and sweep are
// made of.
type ciPreviews struct {
	jobs
	ui  *ui.UI
	cfg *config.Config
	// stranger: the pull request comes from a fork; see strangersConfig.
	stranger bool
	wrong    error // with the fork's own configuration
	git      checkout
	forge    forge.Forge
	options  ciOptions
	event    forge.Event

	known provision.Preview // that was recognised, see recognise

	began time.Time     // this job's up
	steps []report.Step // of it
	wrote *report.Report
	graph string // of the subset that this job made

	archived time.Time // when the archive was made, where its name says so

	pull     forge.Pull
	checking *checking // of this job's up; nil: nothing is compared
}

// identity names the preview of a pull request.
func (p *ciPreviews) identity(number int) (provision.Preview, error) {
	if p.known.ID != "" && p.known.PullRequest == number {
		return p.known, nil
	}
	preview, err := provision.Identify(p.git.repository(), p.cfg.ProjectIn(p.git.Root), number, "")
	if err != nil {
		return preview, fmt.Errorf("identify the preview: %w", err)
	}
	return preview, nil
}

// recognise is identity that looks whether the pull request has a preview from
// when the repository had another name. From then on identity knows it.
func (p *ciPreviews) recognise(ctx context.Context, number int) (provision.Preview, error) {
	wanted, err := p.identity(number)
	if err != nil || p.known == wanted {
		return wanted, err
	}
	found, err := (&acquaintance{placing: p.placing, forge: p.forge}).preview(ctx, p.cfg, wanted,
		p.cfg.ProjectIn(p.git.Root) != "")
	if err != nil {
		return wanted, fmt.Errorf("identify the preview: %w", err)
	}
	if found.Repository != wanted.Repository {
		p.ui.Info(fmt.Sprintf("%s was made when the repository was %s", found.ID, ui.Clean(found.Repository)))
	}
	p.known = found
	return found, nil
}

// acquaint recognises what the comment and the deployment are called after. What
// hinders that hinders whatever comes next, which says so.
func (p *ciPreviews) acquaint(ctx context.Context, number int) {
	if _, err := p.recognise(ctx, number); err != nil {
		p.ui.Info("could not find out whether there is a preview of a former name: " + ui.Clean(err.Error()))
	}
}

func (p *ciPreviews) name(number int) string {
	preview, _ := p.identity(number)
	return preview.Name + " of " + preview.Project
}

func (p *ciPreviews) marker(number int) string {
	preview, _ := p.identity(number)
	return preview.ID
}

// Up brings the preview up as offshoot up does.
func (p *ciPreviews) Up(ctx context.Context, order ci.Order, g ci.Guard) error {
	preview, unknown := p.recognise(ctx, order.Number)
	concluded := false
	o := upOptions{
		which: which{pull: order.Number}, archive: p.archiveNamed(), timeout: defaultTimeout,
		rehearsal: p.options.rehearsal, subset: p.draw, archived: p.ofArchive,
	}
	var told sync.WaitGroup // of what serves, while the run goes on
	defer told.Wait()
	o.checking = making{p.placing}.newChecking(ctx, p.cfg, o, p.base(order))
	p.checking = o.checking
	o.observe = func(e provision.Event) {
		p.observe(e)
		if e.Kind == provision.Answered && e.Result != nil && g.Serves != nil &&
			(e.Result.Rehearsing || p.checking.pending(e.Result)) {
			steps := slices.Clone(p.steps)
			told.Go(func() { g.Serves(ctx, p.report(ctx, preview, e.Result, nil, steps)) })
		}
	}
	o.guard = provision.Guard{
		Patience: g.Patience, Wanted: g.Wanted,
		Conclude: func(ctx context.Context, result *provision.Result, err error) {
			concluded = true
			told.Wait()
			if err == nil {
				p.askSource(ctx, p.cfg, result.Rehearsal)
				if g.Serves != nil && result.Rehearsal != nil && p.checking.pending(result) {
					g.Serves(ctx, p.report(ctx, preview, result, nil, p.steps))
				}
				_ = p.checking.run(ctx, result) // an interrupted one is told too
			}
			g.Conclude(ctx, p.report(ctx, preview, result, err, p.steps), err)
		},
	}
	err := errors.Join(unknown, p.possible(order), o.check())
	if err == nil {
		err = making{p.placing}.upPreview(ctx, p.cfg, o, preview, order.Commit)
	}
	var locked *provision.LockedError
	if err != nil && !concluded && !errors.As(err, &locked) {
		// Before its turn, with the subset for instance.
		g.Conclude(ctx, p.report(ctx, preview, nil, err, p.steps), err)
	}
	return err
}

// base is what is known of the commit that the pull request is based on. What a fork has checked out is not asked.
func (p *ciPreviews) base(order ci.Order) mainCommit {
	m := mainCommit{branch: p.pull.Base, told: p.pull.BaseCommit, stranger: p.stranger, fetch: p.fetchMain}
	if !p.stranger && len(p.git.Parents) == 2 && p.git.Parents[1] == order.Commit {
		m.merged = p.git.Parents[0]
	}
	return m
}

// fetchMain fetches a commit from the forge of the job.
func (p *ciPreviews) fetchMain(ctx context.Context, commit, folder string) error {
	at, err := forge.Locate(p.lookup, p.git.Remote)
	if err != nil {
		return err
	}
	token, err := at.Token(p.lookup)
	if err != nil {
		return err
	}
	return worktree.Fetch(ctx, at.Clone(), token, commit, folder)
}

// archiveNamed is the one that the job names. A fork's preview gets what the command line
// names alone: all of it is the fork's to read.
func (p *ciPreviews) archiveNamed() string {
	if p.stranger {
		return p.options.archive
	}
	return p.archiveOf(upOptions{archive: p.options.archive})
}

// possible tells whether there is all that an order needs.
func (p *ciPreviews) possible(order ci.Order) error {
	if err := p.holds(order); err != nil {
		return err
	}
	if order.Fork != p.stranger {
		return errors.New("the pull request's source repository changed while the job ran: re-run the job")
	}
	return errors.Join(p.wrong, p.missing())
}

// Down removes the preview as offshoot down does.
func (p *ciPreviews) Down(ctx context.Context, number int, g ci.Guard) (err error) {
	preview, all, err := p.reach(ctx, number)
	if err != nil {
		return err
	}
	defer closing(all, &err)
	asked := provision.Guard{Patience: g.Patience, Wanted: g.Wanted}
	asked.Conclude = func(ctx context.Context, _ *provision.Result, err error) {
		g.Tell(ctx, report.Report{}, unlessNone(err))
	}
	removed, err := all.Down(ctx, preview, asked, newSteps(p.ui).observe)
	if errors.Is(err, provision.ErrNoPreview) {
		removed.Previews = append(removed.Previews, preview)
	}
	return p.removed(p.ui, removed, err)
}

// reach recognises a preview and reaches where it is. The caller closes that.
func (p *ciPreviews) reach(ctx context.Context, number int) (provision.Preview, provision.Previews, error) {
	preview, err := p.recognise(ctx, number)
	if err != nil {
		return preview, nil, err
	}
	all, err := p.previews(ctx, p.cfg)
	return preview, all, err
}

// unlessNone makes no error of there being no preview.
func unlessNone(err error) error {
	if errors.Is(err, provision.ErrNoPreview) {
		return nil
	}
	return err
}

// Extend lets the preview live longer.
func (p *ciPreviews) Extend(ctx context.Context, number int, by time.Duration) (until time.Time, err error) {
	preview, all, err := p.reach(ctx, number)
	if err != nil {
		return until, err
	}
	defer closing(all, &err)
	return all.Extend(ctx, preview, by)
}

// Now reads what serves.
func (p *ciPreviews) Now(ctx context.Context, number int) (now ci.Preview, err error) {
	preview, all, err := p.reach(ctx, number)
	if err != nil {
		return now, err
	}
	defer closing(all, &err)
	status, err := all.Get(ctx, preview)
	if err != nil {
		return now, unlessNone(err)
	}
	now.Machine = machineOf(status)
	switch status.State {
	case provision.Incomplete, provision.Broken, provision.Starting:
		return now, nil
	}
	now.Commit, now.Links, now.Expires = status.Commit, linksOf(status.Links), status.Expires
	return now, nil
}

// machineOf names where a preview is, as a comment does.
func machineOf(s provision.Status) string {
	if m := s.Machine; m != nil {
		return m.ID + " (" + m.Type + ", " + m.Zone + ")"
	}
	return thisComputer()
}

// Sweep removes what nobody wants any more, and says so on its pull requests.
func (p *ciPreviews) Sweep(ctx context.Context) error {
	preview, err := p.identity(1) // only the repository matters
	if err != nil {
		return err
	}
	preview.RepositoryID = p.numberOf(ctx, p.ui, p.forge)
	err = p.sweepRepository(ctx, p.ui, p.cfg, sweepOptions{number: preview.RepositoryID}, sweep.Sweep{
		Repository: preview.Repository, Pulls: pullsOf{p.forge}, After: p.swept,
	})
	return errors.Join(err, p.ended(ctx, preview))
}

// swept says on its pull request what became of a preview, or of the machine
// that it was on.
func (p *ciPreviews) swept(ctx context.Context, r sweep.Removal) error {
	if r.Kind != sweep.Preview && r.Kind != sweep.Machine || r.PullRequest == 0 {
		return nil
	}
	return p.gone(ctx, r.Preview, r.PullRequest, "Removed: "+r.Text+".")
}

// gone says that there is no preview any more, where anything was said of it.
func (p *ciPreviews) gone(ctx context.Context, id string, number int, reason string) error {
	name := id
	if numbered := fmt.Sprintf("-pr-%d", number); strings.HasSuffix(id, numbered) {
		name = fmt.Sprintf("pr-%d of %s", number, strings.TrimSuffix(id, numbered))
	}
	said, err := p.forge.Said(ctx, number, id)
	if err != nil {
		return err
	}
	text := report.Report{Preview: name, State: report.Removed, Reason: reason, RunURL: p.runURL()}
	err = p.forge.Comment(ctx, number, forge.Comment{
		Marker: id, Text: ci.Gone(said, report.Markdown(text, p.secrets.Redact)), Existing: true,
	})
	if f, ok := p.forge.(forge.Deployer); ok {
		err = errors.Join(err, f.Retire(ctx, ci.Environment(id)))
	}
	return err
}
