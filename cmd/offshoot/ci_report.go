package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/report"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/remote"
	"github.com/offshoot-dev/offshoot/subset"
)

// observe notes when the steps begin and how long they take.
func (p *ciPreviews) observe(e provision.Event) {
	if p.began.IsZero() {
		p.began = time.Now()
	}
	if e.Kind != provision.Done && e.Kind != provision.Failed {
		return
	}
	p.steps = append(p.steps, report.Step{
		Name: string(e.Step), After: max(0, time.Since(p.began)-e.Took), Took: e.Took,
		Failed: e.Kind == provision.Failed,
	})
}

// draw keeps the graph of a subset for the comment.
func (p *ciPreviews) draw(made *subset.Report) {
	var b strings.Builder
	if err := made.WriteMermaid(&b); err == nil { // a builder takes everything
		p.graph = b.String()
	}
}

// ofArchive keeps when the archive was made for the comment.
func (p *ciPreviews) ofArchive(begun time.Time) { p.archived = begun }

// report gathers what there is to say of an up that ended, or of what serves already. What lets somebody in becomes a
// secret before anything is printed.
func (p *ciPreviews) report(
	ctx context.Context, preview provision.Preview, result *provision.Result, err error, steps []report.Step,
) report.Report {
	cfg := p.cfg
	now, unknown := p.Now(context.WithoutCancel(ctx), preview.PullRequest)
	r := report.Report{Machine: cmp.Or(now.Machine, thisComputer()), Steps: steps}
	if err != nil {
		r.Failure = p.failure(err)
		if unknown == nil && len(now.Links) > 0 {
			r.Links, r.Failure.Serving = now.Links, true
		}
		return r
	}
	r.Links, r.Expires, r.Never, r.Kept = linksOf(result.Links), result.Expires, result.Expires.IsZero(), result.Kept
	if l := result.Loaded; l != nil {
		r.Loaded = &report.Loaded{Archive: l.Archive, SHA256: l.SHA256, Bytes: l.Bytes, Took: l.Took}
		if !p.archived.IsZero() {
			r.Loaded.Made, r.Loaded.Age = p.archived, time.Since(p.archived)
			r.Loaded.Stale = r.Loaded.Age > oldArchive
		}
		for _, t := range l.Tables {
			r.Loaded.Tables = append(r.Loaded.Tables, report.Table(t))
		}
	}
	if m := result.Migrated; m != nil {
		r.Migrated = &report.Migrated{Took: m.Took, Output: m.Output}
	}
	r.Rehearsal, r.Checks = rehearsalOf(cfg, result), p.checking.part(result)
	for _, c := range result.Changes {
		if c.Usual {
			r.UsualChanges++
			continue
		}
		r.Changes = append(r.Changes, report.Change{Service: c.Service, What: c.What, Why: c.Why})
	}
	if cfg.Pulls.Graph {
		r.Graph = p.graph
	}
	r.Certificates = missingCertificates(result)
	p.signIn(&r, cfg, result)
	p.wrote = &r
	return r
}

// rehearsalOf is what there is to say of a rehearsal, or that it goes on; nil: there is none.
func rehearsalOf(cfg *config.Config, result *provision.Result) *report.Rehearsal {
	h := result.Rehearsal
	switch {
	case h != nil:
		return &report.Rehearsal{
			Headline: h.Headline(), Lines: rehearsalLines(h), Exceeded: cfg.Rehearse.Exceeded(h),
		}
	case result.Rehearsing:
		return &report.Rehearsal{Headline: "under way, on a clone of the database", UnderWay: true}
	}
	return nil
}

// missingCertificates says why browsers warn of the links, and until when;
// empty where they do not.
func missingCertificates(result *provision.Result) string {
	for _, status := range result.Certificates {
		switch {
		case status.Ready:
		case !status.Until.IsZero():
			return "browsers warn: the authority's limit is reached, until " +
				status.Until.UTC().Format("Mon 2 Jan 2006, 15:04") + " UTC"
		default:
			return "browsers warn until there is one: " + status.Problem
		}
	}
	return ""
}

// signIn says how to get in. Everybody who can read the pull request can then
// use a link that signs in, so it is there on request only.
func (p *ciPreviews) signIn(r *report.Report, cfg *config.Config, result *provision.Result) {
	access := result.Access
	if access == nil {
		return
	}
	p.mask(access.Password)
	if cfg.Pulls.Share && len(access.Links) > 0 {
		r.Links = linksOf(access.Links)
		r.SignIn = "the links sign in by themselves"
		return
	}
	p.mask(access.Token)
	for _, link := range access.Links {
		p.mask(link.URL)
	}
	r.SignIn = "offshoot open --pr " + pullNumber(result.Preview) + " gives the link that signs in"
}

// failure explains an error: where it happened, and what was printed last.
func (p *ciPreviews) failure(err error) *report.Failure {
	f := &report.Failure{Step: "before the first step", Error: err.Error(), Hints: hint.Of(err)}
	for _, s := range p.steps {
		if s.Failed {
			f.Step = s.Name
			break
		}
	}
	var step *provision.StepError
	if errors.As(err, &step) {
		f.Step, f.Service, f.Error, f.Log = string(step.Step), step.Service, step.Err.Error(), step.Tail
	}
	explainFailure(f, err)
	return f
}

// explainFailure adds what an error of a machine of its own says: what the run
// printed last there, or the console of a machine that did not boot.
func explainFailure(f *report.Failure, err error) {
	var run *remote.RunError
	if errors.As(err, &run) {
		f.Error, f.Log = run.Outcome.Error, run.Outcome.Tail
		if run.Outcome.Part != f.Step {
			f.Service = run.Outcome.Part
		}
	}
	var boot *ec2.BootError
	if errors.As(err, &boot) {
		f.Log = boot.Console
	}
}

func linksOf(links []provision.Link) []report.Link {
	made := make([]report.Link, 0, len(links))
	for _, l := range links {
		made = append(made, report.Link(l))
	}
	return made
}

// thisComputer names the machine of the local engine.
func thisComputer() string {
	name, _ := os.Hostname()
	return cmp.Or(name, "this computer")
}
