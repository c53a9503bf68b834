package provision_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision"
)

// childVariable holds what a process of its own, made of this test binary, is
// to do: it can be killed as offshoot can.
const childVariable = "OFFSHOOT_TEST_CHILD"

// order is an up that ends the process with SIGKILL at its first event that
// fits.
type order struct {
	Options provision.Options
	Binary  string
	Port    int
	Gateway string
	Step    provision.Step
	Kind    provision.Kind
}

func child() int {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(childVariable)), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx := context.Background()
	engine, err := compose.Connect(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	machine := provision.Engine{Docker: engine, Binary: o.Binary, Port: o.Port, Gateway: o.Gateway}
	if o.Step == stepCopying {
		go dieCopying(ctx, machine, die)
	}
	_, err = machine.Up(ctx, o.Options, func(e provision.Event) {
		if e.Step == o.Step && e.Kind == o.Kind {
			die()
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing more happens while the signal is on its way
}

// upAndDie runs an up that is killed at the first event of a kind in a step.
// It is false when the up came to its end without one.
func (f *fixture) upAndDie(step provision.Step, kind provision.Kind) bool {
	f.t.Helper()
	content, err := json.Marshal(order{
		Options: f.options, Binary: f.engine.Binary, Port: f.engine.Port, Gateway: f.engine.Gateway, Step: step,
		Kind: kind,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	command := exec.CommandContext(f.t.Context(), os.Args[0])
	command.Env = append(os.Environ(), childVariable+"="+string(content))
	output, err := command.CombinedOutput()
	if err == nil {
		return false
	}
	status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		f.t.Fatalf("up to be killed at %s: %v\n%s", step, err, output)
	}
	return true
}

// steps are all steps of an up with an archive and a migration.
var steps = []provision.Step{
	provision.StepLock, provision.StepMachine, provision.StepFiles, provision.StepGateway, provision.StepImages,
	provision.StepDatabaseImage, provision.StepCopies, provision.StepDatabase, provision.StepAccept,
	provision.StepLoad, provision.StepCreate,
	provision.StepMigrate, provision.StepStart, provision.StepReady, provision.StepRoute, provision.StepCleanup,
	provision.StepRehearse,
}

func TestUp_KilledAtAnyStepLeavesNothingThatDownDoesNotRemove(t *testing.T) {
	var moments []provision.Event
	for _, step := range steps {
		moments = append(moments, provision.Event{Step: step, Kind: provision.Began})
	}
	// In the middle of what others do for it.
	for _, step := range []provision.Step{provision.StepImages, provision.StepDatabase, provision.StepStart} {
		moments = append(moments, provision.Event{Step: step, Kind: provision.Progress})
	}
	for _, at := range soak.Steps(t, len(moments), 1) {
		step, kind := moments[at].Step, moments[at].Kind
		t.Run(fmt.Sprintf("%s, %s", step, kind), func(t *testing.T) { dieAndGoDown(t, step, kind) })
	}
}

func dieAndGoDown(t *testing.T, step provision.Step, kind provision.Kind) {
	f := newFixture(t, 3).alone()
	f.write("compose.yaml",
		strings.Replace(composeFile, `["uploads:/uploads"]`, `[".:/checkout", "./gone:/gone", "uploads:/uploads"]`, 1))
	f.built()
	f.options.Archive, f.options.Rehearse = f.archive("apple"), true
	f.options.Migrate = &provision.Migrate{Service: "tool"}
	before := snapshot(t, f.options.Source.Dir)
	if !f.upAndDie(step, kind) {
		t.Errorf("no event %s of %s", kind, step)
	}
	defer func() {
		if diff := cmp.Diff(before, snapshot(t, f.options.Source.Dir)); diff != "" {
			t.Errorf("the checkout has changed: %s", diff)
		}
	}()
	if _, err := f.engine.Down(t.Context(), f.options.Preview, provision.Guard{}, nil); err != nil &&
		!isNoPreview(err) {
		t.Error(err)
	}
	f.assertNothingLeft(t.Context())
}

func TestUp_KilledDuringAnUpdateKeepsServingAndTheNextUpClearsUp(t *testing.T) {
	f := newFixture(t, 4)
	f.options.Archive = f.archive("apple")
	f.options.Migrate = &provision.Migrate{Service: "tool"}
	link := f.up().Links[0]
	moments := []provision.Step{
		provision.StepImages, provision.StepLoad, provision.StepReady, provision.StepRoute, provision.StepCleanup,
	}
	var last provision.Step
	for _, at := range soak.Steps(t, len(moments), 1) {
		step := moments[at]
		last = step
		f.options.Source.Env["GREETING"] = "new"
		if !f.upAndDie(step, provision.Began) {
			t.Errorf("no event of %s", step)
		}
		if step != provision.StepCleanup {
			f.assertServes(link, "one")
		}
	}
	if last == provision.StepCleanup { // killed after the switch
		f.assertServes(link, "new")
	}
	f.options.Source.Env["GREETING"] = "last"
	result := f.up()
	f.assertServes(link, "last")
	f.assertOneGeneration(result.Generation)
}

// assertOneGeneration fails when anything but the generation is left.
func (f *fixture) assertOneGeneration(number int) {
	f.t.Helper()
	all := things(f.t.Context(), f.t, f.engine, "dev.offshoot.preview="+f.options.Preview.ID)
	own := things(f.t.Context(), f.t, f.engine, fmt.Sprintf("dev.offshoot.generation=%d", number))
	volumes := things(f.t.Context(), f.t, f.engine, fmt.Sprintf("dev.offshoot.volume-of=%d", number))
	if len(own) == 0 || len(volumes) == 0 {
		f.t.Fatalf("generation %d has nothing", number)
	}
	known := map[string]bool{}
	for _, name := range append(own, volumes...) {
		known[name] = true
	}
	for _, name := range all {
		if !known[name] {
			f.t.Errorf("%s is left beside generation %d", name, number)
		}
	}
}
