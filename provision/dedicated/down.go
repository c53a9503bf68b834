package dedicated

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// Down removes the machine of a preview, with all that is on it. A run that is
// under way there ends with its machine.
func (p Previews) Down(
	ctx context.Context, of provision.Preview, guard provision.Guard, observe func(provision.Event),
) (removed provision.Removed, err error) {
	if err := guard.Ask(ctx); err != nil {
		return removed, fmt.Errorf("down %s: %w", of.ID, err)
	}
	removed, err = p.down(ctx, of, observe)
	guard.Tell(ctx, nil, err)
	if err != nil {
		return removed, fmt.Errorf("down %s: %w", of.ID, err)
	}
	return removed, nil
}

func (p Previews) down(
	ctx context.Context, of provision.Preview, observe func(provision.Event),
) (provision.Removed, error) {
	found, err := Of(ctx, p.Provider, of)
	if err == nil && len(found) == 0 {
		err = hint.Wrap(provision.ErrNoPreview, "run offshoot list to see them")
	}
	if err != nil {
		return provision.Removed{Machines: []string{}}, err
	}
	return p.destroy(ctx, found, observe)
}

// DownAll removes the machines of a repository.
func (p Previews) DownAll(
	ctx context.Context, one provision.Preview, observe func(provision.Event),
) (provision.Removed, error) {
	found, err := machine.OfRepository(ctx, p.Provider, one.Repository, one.RepositoryID)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w of %s", provision.ErrNoPreview, one.Repository)
	}
	removed := provision.Removed{Machines: []string{}}
	if err == nil {
		removed, err = p.destroy(ctx, found, observe)
	}
	if err != nil {
		return removed, fmt.Errorf("down: %w", err)
	}
	return removed, nil
}

// destroy destroys machines side by side. It goes on after one that fails.
func (p Previews) destroy(
	ctx context.Context, found []machine.Machine, observe func(provision.Event),
) (provision.Removed, error) {
	s := stepper(observe)
	ids := make([]string, len(found))
	for i, m := range found {
		ids[i] = m.ID
		s.tell(stepRemove(m), provision.Began, "")
	}
	removed, errs := provision.Removed{Machines: []string{}}, make([]error, 0, len(found))
	for i, err := range machine.DestroyAll(ctx, p.Provider, ids) {
		if err != nil {
			s.tell(stepRemove(found[i]), provision.Failed, "")
			errs = append(errs, err)
			continue
		}
		s.tell(stepRemove(found[i]), provision.Done, ids[i])
		removed.Machines = append(removed.Machines, ids[i])
		removed.Previews = append(removed.Previews, provision.PreviewOf(found[i].Labels))
	}
	return removed, errors.Join(errs...)
}

func stepRemove(m machine.Machine) provision.Step { return provision.Step("remove " + m.Preview) }
