package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/repository"
)

// What a job was given: secrets, a token, a checkout. Some are started with less,
// and no workflow can change that.

// checkedOut is the variable by which ci --commit tells the next steps of the job
// what is checked out.
const checkedOut = "OFFSHOOT_CHECKOUT"

// powerless says why the forge gave this job no more than a fork's.
// https://docs.github.com/code-security/dependabot/troubleshooting-dependabot/troubleshooting-dependabot-on-github-actions
func (p *ciPreviews) powerless() string {
	// The actor stays Dependabot when somebody else runs the job again.
	if cmp.Or(p.getenv("GITHUB_ACTOR"), p.event.Sender) == ci.Dependabot {
		return "Dependabot started it"
	}
	return ""
}

// again tells whether somebody has started the job once more by hand. On GitLab
// nobody can tell a pipeline of a push from one that was asked for, and nothing
// else starts one but a merge train: that tries the merge, of a commit that has had
// its pipeline.
func (a jobs) again() bool {
	attempt := a.getenv("GITHUB_RUN_ATTEMPT")
	train := a.getenv("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train"
	return attempt != "" && attempt != "1" || a.getenv("CI_PIPELINE_SOURCE") == "merge_request_event" && !train
}

// lacks says what Dependabot's run was not given, or that of a fork's pull request
// itself, which can reach no machine. For all others what is missing is a mistake,
// and an error of what needs it.
func (p *ciPreviews) lacks() string {
	if p.stranger {
		if p.backend(p.cfg).dedicated() && p.event.Kind != forge.Commented {
			return "it is a fork's, which is given no keys of AWS"
		}
		return ""
	}
	if p.powerless() == "" {
		return ""
	}
	const without = "Dependabot started it, and GitHub gives its runs the secrets of Dependabot alone: "
	switch missing := p.missing(); {
	case missing != nil:
		return without + missing.Error()
	case p.keyless():
		return without + "it has no keys of AWS"
	}
	return ""
}

// keyless tells whether the job was to get keys of AWS, and got none: a secret that
// it lacks arrives empty. A runner of one's own may have some by itself.
func (p *ciPreviews) keyless() bool {
	if !p.backend(p.cfg).dedicated() || p.getenv("AWS_ACCESS_KEY_ID") != "" {
		return false
	}
	return p.isSet("AWS_ACCESS_KEY_ID") || p.getenv("RUNNER_ENVIRONMENT") == "github-hosted"
}

func (p *ciPreviews) isSet(name string) bool {
	_, set := p.lookup(name)
	return set
}

// missing is what the configuration names and the job has not. A source that
// arrives empty would pass for none, and a database without rows for what was
// wanted.
func (p *ciPreviews) missing() error {
	if p.archiveNamed() == "" && !p.stranger {
		_, err := p.spec(p.cfg, sourceFlags{})
		switch {
		case err == nil:
		case !errors.Is(err, errNoSource):
			return err
		case p.isSet("OFFSHOOT_SOURCE"):
			return hint.Usage(errors.New("OFFSHOOT_SOURCE is empty"),
				"a secret that the job lacks arrives so; where no source is meant, leave the variable out of the job")
		}
	}
	if p.cfg.Preview.EnvironmentUnset == nil && p.cfg.Preview.Wildcard.DNS != "" && !p.stranger &&
		p.getenv(certificateVariable) == "" {
		return noCertificateKey()
	}
	return p.cfg.Preview.EnvironmentUnset
}

// holds checks that the checkout is the commit to make. Of a pull request of
// this repository it may be merged with the branch that it is meant for, as CI
// systems check it out: as the second of two parents. A fork's is itself and
// nothing else: whatever has an approved commit among its parents, the fork can
// have made.
//
// What the job was started for, or has checked out, may have been the newest
// commit then; the push after it has a job of its own.
func (p *ciPreviews) holds(order ci.Order) error {
	has := func(commit string) bool {
		merged := !order.Fork && len(p.git.Parents) == 2 && p.git.Parents[1] == commit
		return commit != "" && (p.git.Commit == commit || merged)
	}
	switch {
	case has(order.Commit):
		return nil
	case has(p.event.Commit), has(p.getenv(checkedOut)):
		return fmt.Errorf("%w: commit %s is superseded by %s", ci.ErrUnwanted, repository.Short(p.git.Commit),
			repository.Short(order.Commit))
	}
	return hint.Usage(fmt.Errorf("the checkout is at %s, the pull request at %s", repository.Short(p.git.Commit),
		repository.Short(order.Commit)),
		"check out the head of the pull request before offshoot ci, as the workflow of offshoot init --ci does")
}

// foreign tells whether a job of GitLab runs in the project of a fork: the number of
// the merge request is not of that project, and its token, if it has one, neither.
func (a jobs) foreign() bool {
	to := a.getenv("CI_MERGE_REQUEST_PROJECT_ID")
	return to != "" && a.getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != to && a.getenv("CI_PROJECT_ID") != to
}
