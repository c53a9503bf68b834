package machine

import (
	"context"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// A Provider has machines. Package machinetest tests what is said here.
//
// Every method may be called by several processes at once and again after one
// of them was killed.
type Provider interface {
	// Check asks whether the credentials and every right are there that the
	// other methods need. It makes nothing and spends nothing. What is missing
	// is joined into one error, each with a hint.
	Check(ctx context.Context) error

	// Ensure returns the machine of the spec's preview, running: the one that
	// there is, started if it was stopped, or a new one. Two calls at once end
	// with the same machine. A preview of another repository is refused with
	// hint.ErrUsage. Where it fails or ctx ends, a machine may be left, which
	// List shows.
	Ensure(ctx context.Context, spec Spec) (Machine, error)

	// Connect reaches a running machine, and no other that answers in its
	// place. The caller closes the host.
	Connect(ctx context.Context, m Machine) (host.Host, error)

	// List finds the machines that bear offshoot's labels, oldest first. An
	// error comes without machines, so that nobody takes half a list for all.
	List(ctx context.Context, filter Filter) ([]Machine, error)

	// Stop lets a machine rest and keeps its disk; Ensure starts it again. It
	// is ErrGone when there is none, and ErrFixed when it cannot be stopped.
	Stop(ctx context.Context, id string) error

	// Destroy removes a machine and all that was made for it, and returns when
	// that is seen to be so. It is done when it is gone already, and refuses a
	// machine without offshoot's labels.
	Destroy(ctx context.Context, id string) error
}

// A Destroyer is a Provider that destroys many machines for little more than
// one costs.
type Destroyer interface {
	// DestroyAll is Destroy for each of them, side by side. It returns an error
	// or nil for each, in their order.
	DestroyAll(ctx context.Context, ids []string) []error
}

// DestroyAll destroys machines together where the provider can, and else one
// after the other. It returns an error or nil for each, in their order.
func DestroyAll(ctx context.Context, p Provider, ids []string) []error {
	if destroyer, ok := p.(Destroyer); ok && len(ids) > 0 {
		return destroyer.DestroyAll(ctx, ids)
	}
	errs := make([]error, len(ids))
	for i, id := range ids {
		errs[i] = p.Destroy(ctx, id)
	}
	return errs
}

// OfRepository lists the machines of a repository: those that were made under its
// name, and where its forge's number is known those of any name that it had.
func OfRepository(ctx context.Context, p Provider, repository, number string) ([]Machine, error) {
	found, err := p.List(ctx, Filter{Repository: repository, Number: number})
	if err != nil || number == "" || repository == "" {
		return found, err
	}
	numbered, err := p.List(ctx, Filter{Number: number})
	if err != nil {
		return nil, err
	}
	for _, one := range numbered {
		if one.Repository != repository {
			found = append(found, one)
		}
	}
	return found, nil
}
