package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
)

func nothing() func(context.Context) error { return func(context.Context) error { return nil } }

func TestPerform_DoesBesideEachOtherWhatDoesNotNeedTheOther(t *testing.T) {
	r, _ := recorder()
	left, right := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) func(context.Context) error {
		return func(ctx context.Context) error {
			close(mine)
			select {
			case <-other:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	err := r.perform(t.Context(),
		[]task{{name: StepImages, do: meet(left, right)}, {name: StepDatabase, do: meet(right, left)}})
	if err != nil {
		t.Error(err)
	}
	if len(r.result.Timings) != 2 {
		t.Errorf("timings %v", r.result.Timings)
	}
}

func TestPerform_BeginsWhatHasAllThatItNeeds(t *testing.T) {
	r, told := recorder()
	tasks := []task{ // each of them needs all that come after it
		{name: StepStart, needs: []Step{StepMigrate, StepLoad}, do: nothing()},
		{name: StepMigrate, needs: []Step{StepLoad, StepDatabase}, do: nothing()},
		{name: StepLoad, needs: []Step{StepDatabase}, skip: true},
		{name: StepDatabase, do: nothing()},
	}
	if err := r.perform(t.Context(), tasks); err != nil {
		t.Fatal(err)
	}
	want := "database began  |database done  |migrate began  |migrate done  |start began  |start done  "
	if got := strings.Join(*told, "|"); got != want {
		t.Errorf("events %q", got)
	}
}

// What is skipped is not done before what it needs is.
func TestPerform_SkipsOverWhatIsNotToBeDone(t *testing.T) {
	r, _ := recorder()
	broken := errors.New("broken")
	err := r.perform(t.Context(), []task{
		{name: StepDatabase, do: func(context.Context) error { return broken }},
		{name: StepLoad, needs: []Step{StepDatabase}, skip: true},
		{
			name: StepMigrate, needs: []Step{StepLoad},
			do: func(context.Context) error { t.Error("it began"); return nil },
		},
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestPerform_TheFirstThatFailsEndsTheOthersAndIsTheError(t *testing.T) {
	r, told := recorder()
	begun := make(chan struct{})
	err := r.perform(t.Context(), []task{
		{name: StepImages, do: func(ctx context.Context) error {
			<-begun
			return r.failed(ctx, &compose.BuildError{Service: "web", Err: errors.New("exit 1")})
		}},
		{name: StepLoad, do: func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			return r.failed(ctx, fmt.Errorf("load: %w", ctx.Err()))
		}},
		{
			name: StepStart, needs: []Step{StepImages, StepLoad},
			do: func(context.Context) error { t.Error("it began"); return nil },
		},
	})
	var step *StepError
	if !errors.As(err, &step) || step.Step != StepImages || step.Service != "web" || r.failedIn != StepImages {
		t.Errorf("error %v, failed in %q", err, r.failedIn)
	}
	if !slices.Contains(*told, "load archive failed  "+GivenUp) ||
		!slices.Contains(*told, "build and pull failed  build and pull: web: exit 1") {
		t.Errorf("how the steps end: %q", *told)
	}
}

func TestPerform_SaysWhyItWasInterrupted(t *testing.T) {
	r, _ := recorder()
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	err := r.perform(ctx, []task{{name: StepLoad, do: func(ctx context.Context) error {
		cancel(stopped)
		<-ctx.Done()
		return context.Cause(ctx)
	}}, {name: StepStart, needs: []Step{StepLoad}, do: nothing()}})
	if !errors.Is(err, stopped) {
		t.Errorf("error %v", err)
	}
}

func TestPerform_RefusesWhatCanNeverBegin(t *testing.T) {
	r, _ := recorder()
	for name, tasks := range map[string][]task{
		"needs what nobody does": {{name: StepStart, needs: []Step{StepLoad}, do: nothing()}},
		"need each other": {
			{name: StepStart, needs: []Step{StepLoad}, do: nothing()},
			{name: StepLoad, needs: []Step{StepStart}, do: nothing()},
		},
	} {
		if err := r.perform(t.Context(), tasks); err == nil || !strings.Contains(err.Error(), "can never begin") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// before are all steps that are done when a step begins.
func before(tasks []task, step Step) map[Step]bool {
	done := map[Step]bool{}
	for _, t := range tasks {
		if t.name != step {
			continue
		}
		for _, need := range t.needs {
			done[need] = true
			for earlier := range before(tasks, need) {
				done[earlier] = true
			}
		}
	}
	return done
}

func TestTasks_NothingRunsBeforeItsDataIsThere(t *testing.T) {
	for name, carried := range map[string]map[string]string{"reset": nil, "kept": {compose.DatabaseVolume: "v"}} {
		r, _ := recorder()
		r.carried = carried
		tasks := r.tasks()
		if err := feasible(tasks); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for step, wants := range map[Step][]Step{
			StepDatabase: {StepGateway, StepDatabaseImage, StepCopies},
			StepCreate:   {StepCopies, StepImages},
			StepLoad:     {StepAccept},
			StepMigrate:  {StepImages, StepLoad},
			StepStart:    {StepImages, StepLoad, StepMigrate, StepCreate},
			StepRoute:    {StepReady, StepStart, StepGateway},
		} {
			for _, want := range wants {
				if !before(tasks, step)[want] {
					t.Errorf("%s: %s does not wait for %s", name, step, want)
				}
			}
		}
		// What serves stops for a database that is kept: when nothing else that
		// takes long, or may fail, is left to do.
		late := before(tasks, StepDatabase)[StepCreate] && before(tasks, StepDatabase)[StepImages]
		if late != (carried != nil) {
			t.Errorf("%s: the database is made after everything else: %v", name, late)
		}
	}
}

func TestTasks_OfALoadingEndWithTheDatabase(t *testing.T) {
	r, _ := recorder()
	if err := feasible(r.loading(r.prepareCopies)); err != nil {
		t.Error(err)
	}
}
