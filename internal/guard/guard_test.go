package guard_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/guard"
)

func TestGuard_OfNobodyLetsEverythingHappen(t *testing.T) {
	var g guard.Guard[string]
	g.Tell(t.Context(), "made", nil)
	if err := errors.Join(g.Ask(t.Context()), g.Late(t.Context())); err != nil || g.Wait(time.Second) != time.Second {
		t.Errorf("%v, waits %v", err, g.Wait(time.Second))
	}
}

func TestGuard_AsksAndTells(t *testing.T) {
	away, told := errors.New("the forge is away"), ""
	for want, answer := range map[string]error{
		"wanted":     nil,
		"superseded": fmt.Errorf("%w: superseded", guard.ErrUnwanted),
		"away":       away,
	} {
		g := guard.Guard[string]{
			Patience: time.Minute,
			Wanted:   func(context.Context) error { return answer },
			Conclude: func(_ context.Context, result string, err error) { told = fmt.Sprint(result, err) },
		}
		if err := g.Ask(t.Context()); !errors.Is(err, answer) {
			t.Errorf("%s: asked %v", want, err)
		}
		// A forge that is away is no reason to give up what was made.
		if late := g.Late(t.Context()); (late != nil) != errors.Is(answer, guard.ErrUnwanted) {
			t.Errorf("%s: late %v", want, late)
		}
		if g.Tell(t.Context(), want, away); told != want+away.Error() {
			t.Errorf("told %q", told)
		}
		if g.Wait(time.Second) != time.Minute || g.Wait(time.Hour) != time.Hour {
			t.Errorf("waits %v", g.Wait(time.Second))
		}
	}
}
