package dedicated

import (
	"context"

	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// List lists the previews of the account in the region: a call per page.
func (p Previews) List(ctx context.Context, filter provision.Filter) ([]provision.Status, error) {
	found, err := p.Provider.List(ctx, filterOf(filter))
	if err != nil {
		return nil, err
	}
	all := []provision.Status{}
	for _, m := range found {
		all = append(all, statusOf(m))
	}
	return all, nil
}

// Get reads one preview from the labels of its machine.
func (p Previews) Get(ctx context.Context, of provision.Preview) (provision.Status, error) {
	m, err := p.find(ctx, of)
	if err != nil {
		return provision.Status{}, err
	}
	return statusOf(m), nil
}

// Known lists whose machines there are that are not ending.
func (p Previews) Known(ctx context.Context, filters ...provision.Filter) ([]provision.Preview, error) {
	var known []provision.Preview
	for _, filter := range filters {
		found, err := p.Provider.List(ctx, filterOf(filter))
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			if m.State != machine.Ending {
				known = append(known, provision.PreviewOf(m.Labels))
			}
		}
	}
	return known, nil
}

func filterOf(f provision.Filter) machine.Filter {
	return machine.Filter{Preview: f.ID, Repository: f.Repository, Number: f.RepositoryID}
}

// statusOf is a preview as the labels of its machine tell it.
func statusOf(m machine.Machine) provision.Status {
	status := provision.Status{
		Preview: provision.PreviewOf(m.Labels), State: stateOf(m), Commit: m.Labels[provision.LabelServes],
		Created: m.Created, Expires: m.Expires, Links: []provision.Link{}, Machine: &m,
	}
	if link := m.Labels[provision.LabelLink]; link != "" {
		status.Links = append(status.Links, provision.Link{Service: "preview", URL: link})
	}
	return status
}

func stateOf(m machine.Machine) provision.State {
	switch {
	case m.State == machine.Stopped, m.State == machine.Stopping:
		return provision.Asleep
	case m.Labels[provision.LabelServes] == "":
		return provision.Starting
	}
	return provision.Serving
}
