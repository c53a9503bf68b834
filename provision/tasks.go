package provision

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/compose"
)

// task is a step of making a generation: what it does, and the steps that it
// needs to have been done.
type task struct {
	name  Step
	needs []Step
	skip  bool // nothing is to be done: it is when what it needs is
	do    func(context.Context) error
}

// tasks are what makes the next generation and lets it serve.
//
//	gateway ───────┬► copies ─► database ─► accept ─► load ──┬► migrate ─┬► start ─► ready ─► route
//	database image ┴► images ────────────────────────────────┴► create ──┘
//
// Copies wait for all images where these decide what is data: see copiesNeed.
// Nothing runs before its database is loaded and migrated but the database
// itself. What keeps its data is made as late as it can be, since what serves
// stops for that.
func (r *run) tasks() []task {
	return append(r.loading(r.copyAndKeep),
		task{
			name: StepCreate, needs: r.unlessKept([]Step{StepImages, StepDatabase}, []Step{StepImages, StepCopies}),
			do: r.createAll,
		},
		task{name: StepMigrate, needs: []Step{StepImages, StepLoad}, skip: r.options.Migrate == nil, do: r.migrate},
		task{name: StepStart, needs: []Step{StepMigrate, StepCreate}, do: r.startAll},
		task{name: StepReady, needs: []Step{StepGateway, StepStart}, do: r.waitReady},
		task{name: StepRoute, needs: []Step{StepReady}, do: r.route},
	)
}

// loading is what leads to a database that has the archive.
func (r *run) loading(copies func(context.Context) error) []task {
	return []task{
		{name: StepGateway, do: r.startGateway},
		{name: StepDatabaseImage, do: r.fetchDatabaseImage},
		{name: StepImages, needs: []Step{StepDatabaseImage}, do: r.fetchImages},
		{name: StepCopies, needs: r.copiesNeed(), do: copies},
		{name: StepDatabase, needs: r.unlessKept([]Step{StepCopies}, []Step{StepCreate}), do: r.startDatabase},
		{name: StepAccept, needs: []Step{StepDatabase}, do: r.awaitDatabase},
		{name: StepLoad, needs: []Step{StepAccept}, skip: r.archive == nil, do: r.load},
	}
}

// copiesNeed are the images, where one of them may say that what a service mounts
// is the data of another server: that is nothing to copy.
func (h *shape) copiesNeed() []Step {
	needs := []Step{StepGateway, StepDatabaseImage}
	if stack := h.stack.Load(); stack != nil && compose.MayMountData(stack.Project(), h.next.Database) {
		needs = append(needs, StepImages)
	}
	return needs
}

func (h *shape) unlessKept(usual, kept []Step) []Step {
	if len(h.carried) > 0 {
		return kept
	}
	return usual
}

// perform does every task as soon as all that it needs is done, beside what
// else can be done then. The first that fails ends the others, and is the
// error.
func (r *run) perform(ctx context.Context, tasks []task) error {
	defer r.doneMaking()
	done := map[Step]chan struct{}{}
	for _, t := range tasks {
		done[t.name] = make(chan struct{})
	}
	if err := feasible(tasks); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range tasks {
		group.Go(func() error {
			for _, need := range t.needs {
				select {
				case <-done[need]:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			if !t.skip {
				if err := r.step(ctx, t.name, t.do); err != nil {
					return err
				}
			}
			close(done[t.name])
			return nil
		})
	}
	return group.Wait()
}

// feasible refuses tasks that could wait for each other, or for none, for
// ever.
func feasible(tasks []task) error {
	left, done := slices.Clone(tasks), map[Step]bool{}
	for len(left) > 0 {
		before := len(left)
		left = slices.DeleteFunc(left, func(t task) bool {
			ready := !slices.ContainsFunc(t.needs, func(need Step) bool { return !done[need] })
			done[t.name] = ready
			return ready
		})
		if len(left) == before {
			return fmt.Errorf("%s can never begin: it needs %q", left[0].name, left[0].needs)
		}
	}
	return nil
}
