//go:build soak

package provision_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision"
)

func TestTemplate_OfARunKilledInTheMiddleIsNotTakenForWhole(t *testing.T) {
	f := newFixture(t, 44).alone()
	f.options.Archive, f.options.NoTemplate = f.slowArchive("Aster"), false
	var left []string
	for _, at := range soak.Steps(t, 2, 1) {
		left = f.killedHalfWay(at)
	}
	// The template is another preview's as well, and what still writes to it goes.
	neighbour := f.neighbour(45)
	if got := neighbour.up().Loaded; got.Cloned != "" {
		t.Error("the half of a template is cloned")
	}
	if got := f.templates(); len(got) != 2 || len(left) > 0 && got[0] != left[0] {
		t.Errorf("made anew: %q, there was %q: %+v", got, left, neighbour.events)
	}
	if got := f.up().Loaded; got.Cloned == "" {
		t.Errorf("the template that was made anew is not cloned: %+v", f.events)
	}
	if got := f.sql(rows); got != "Aster" {
		t.Errorf("the clone holds %q", got)
	}
}

// killedHalfWay kills an up while it loads, or else while it copies, and gives what there is of a template then.
func (f *fixture) killedHalfWay(at int) (left []string) {
	f.t.Helper()
	if at == 0 {
		if !f.upAndDie(provision.StepLoad, provision.Progress) {
			f.t.Fatal("not killed while it loads")
		}
		if left = f.templates(); len(left) != 0 {
			f.t.Fatalf("of a half loaded database: %q", left)
		}
		return nil
	}
	if !f.upAndDie(stepCopying, "") {
		f.t.Fatal("not killed while it copies")
	}
	if left = f.templates(); len(left) != 1 {
		f.t.Fatalf("of a half copied database: %q", left)
	}
	return left
}
