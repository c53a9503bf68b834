package forge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-github/v92/github"
)

// Deploy reuses the deployment of the commit, so that a run that is repeated
// leaves one, and retires what was deployed there before.
func (g *gitHub) Deploy(ctx context.Context, d Deployment) error {
	all, err := g.deployments(ctx, d.Environment)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(have *github.Deployment) bool { return have.GetSHA() == d.Commit })
	var current *github.Deployment
	if at >= 0 {
		current = all[at]
		all = slices.Delete(all, at, at+1)
	} else if current, err = g.deploy(ctx, d); err != nil {
		return err
	}
	if err := g.tell(ctx, current.GetID(), d); err != nil {
		return err
	}
	if d.State != Success {
		return nil // what was deployed before goes on
	}
	return g.retire(ctx, all)
}

// deploy makes a deployment that neither merges anything nor waits for checks:
// the preview is made whatever they say.
func (g *gitHub) deploy(ctx context.Context, d Deployment) (*github.Deployment, error) {
	made, reply, err := g.client.Repositories.CreateDeployment(ctx, g.owner, g.name, github.DeploymentRequest{
		Ref: d.Commit, Task: new("deploy"), AutoMerge: new(false), RequiredContexts: []string{},
		Environment: &d.Environment,
		Description: new("preview by offshoot"), TransientEnvironment: new(true), ProductionEnvironment: new(false),
	})
	return made, g.failed("deployment to "+d.Environment, reply, err)
}

func (g *gitHub) tell(ctx context.Context, id int64, d Deployment) error {
	state := map[State]string{
		Pending: "in_progress", Success: "success", Failure: "failure",
		Cancelled: "inactive",
	}[d.State]
	request := github.DeploymentStatusRequest{State: state, Description: new(cut(d.Text, 140))}
	if d.URL != "" {
		request.EnvironmentURL = &d.URL
	}
	if d.LogURL != "" {
		request.LogURL = &d.LogURL
	}
	_, reply, err := g.client.Repositories.CreateDeploymentStatus(ctx, g.owner, g.name, id, request)
	return g.failed("state of the deployment to "+d.Environment, reply, err)
}

// Retire removes the deployments of an environment, and the environment itself
// where the token may: that of a job may not, it takes an administrator's.
func (g *gitHub) Retire(ctx context.Context, environment string) error {
	all, err := g.deployments(ctx, environment)
	if err != nil || len(all) == 0 {
		return err
	}
	if err := g.retire(ctx, all); err != nil {
		return err
	}
	reply, err := g.client.Repositories.DeleteEnvironment(ctx, g.owner, g.name, environment)
	var no *refusedError
	if err = g.failed("remove the environment "+environment, reply, err); errors.As(err, &no) ||
		errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// retire turns deployments inactive first: GitHub deletes no active one.
func (g *gitHub) retire(ctx context.Context, all []*github.Deployment) error {
	var errs []error
	for _, d := range all {
		err := g.tell(ctx, d.GetID(), Deployment{Environment: d.GetEnvironment(), State: Cancelled})
		if err == nil {
			reply, deleted := g.client.Repositories.DeleteDeployment(ctx, g.owner, g.name, d.GetID())
			err = g.failed("remove a deployment to "+d.GetEnvironment(), reply, deleted)
		}
		if !errors.Is(err, ErrNotFound) { // gone already: another run did it
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// deployments lists those to one environment, the newest first.
func (g *gitHub) deployments(ctx context.Context, environment string) ([]*github.Deployment, error) {
	if environment == "" { // would match every one of the repository
		return nil, errors.New("deployment to no environment")
	}
	return pages(func(page int) ([]*github.Deployment, int, error) {
		list, reply, err := g.client.Repositories.ListDeployments(ctx, g.owner, g.name, &github.DeploymentsListOptions{
			Environment: environment, ListOptions: github.ListOptions{Page: page, PerPage: pageSize},
		})
		if err != nil {
			return nil, 0, g.failed(fmt.Sprintf("deployments to %s", environment), reply, err)
		}
		return list, reply.NextPage, nil
	})
}
