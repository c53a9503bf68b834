package provision_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

var errUnwanted = errors.New("superseded")

// unwantedAt is a guard that wants a run no more from some question on, and
// notes how it was concluded.
func unwantedAt(question int, ended *[]error) provision.Guard {
	asked := 0
	return provision.Guard{
		Wanted: func(context.Context) error {
			if asked++; asked >= question {
				return errUnwanted
			}
			return nil
		},
		Conclude: func(_ context.Context, _ *provision.Result, err error) { *ended = append(*ended, err) },
	}
}

func TestGuard_AnUnwantedRunChangesNothing(t *testing.T) {
	f := newLight(t, 17).alone()
	f.options.Expires = 72 * time.Hour
	var ended []error

	f.options.Guard = unwantedAt(2, &ended) // when all is ready, before the switch
	if _, err := f.tryUp(); !errors.Is(err, errUnwanted) {
		t.Fatalf("up of an unwanted preview: %v", err)
	}
	f.assertNothingLeft(t.Context())

	f.options.Guard = unwantedAt(3, &ended)
	first := f.up()
	extended, err := f.engine.Extend(t.Context(), f.options.Preview, 24*time.Hour)
	if err != nil || !extended.Equal(first.Expires.Add(24*time.Hour)) {
		t.Errorf("extended to %v, %v; want a day after %v", extended, err, first.Expires)
	}

	f.options.Guard = unwantedAt(1, &ended)
	f.options.Source.Env["GREETING"] = "two"
	if _, err := f.tryUp(); !errors.Is(err, errUnwanted) {
		t.Errorf("up of an older commit: %v", err)
	}
	_, err = f.engine.Down(t.Context(), f.options.Preview, f.options.Guard, nil)
	if !errors.Is(err, errUnwanted) {
		t.Errorf("down of a reopened pull request: %v", err)
	}
	f.assertServes(first.Links[0], "one")
	f.assertOneGeneration(first.Generation)
	status, err := f.engine.Get(t.Context(), f.options.Preview)
	if err != nil || !status.Expires.Equal(extended) {
		t.Errorf("expires %v, %v; want %v", status.Expires, err, extended)
	}

	other := f.options.Preview
	other.Repository = "github.com/other/shop" // whose configuration names the same project
	if _, err := f.engine.Down(t.Context(), other, provision.Guard{}, nil); !isOthers(err) {
		t.Errorf("down of another repository's: %v", err)
	}
	for verb, err := range map[string]error{
		"get":    second(f.engine.Get(t.Context(), other)),
		"stop":   f.engine.Stop(t.Context(), other),
		"expire": f.engine.Expire(t.Context(), other, time.Now()),
		"psql":   second(f.engine.Psql(t.Context(), other, nil, compose.ExecOptions{})),
		"access": second(f.engine.RotateAccess(t.Context(), other)),
	} {
		if !isOthers(err) {
			t.Errorf("%s of another repository's: %v", verb, err)
		}
	}
	f.assertServes(first.Links[0], "one")

	for _, at := range []time.Time{{}, time.Now().Add(time.Hour).Truncate(time.Second)} {
		if err := f.engine.Expire(t.Context(), f.options.Preview, at); err != nil {
			t.Error(err)
		}
		if status, err := f.engine.Get(t.Context(), f.options.Preview); err != nil || !status.Expires.Equal(at) {
			t.Errorf("expires %v, %v; want %v", status.Expires, err, at)
		}
	}

	if len(ended) != 4 || ended[1] != nil {
		t.Errorf("concluded with %v", ended)
	}
	if _, err := f.engine.Down(t.Context(), f.options.Preview, provision.Guard{}, nil); err != nil {
		t.Error(err)
	}
	f.assertNothingLeft(t.Context())
}

func TestExtend_OfNothingIsAnError(t *testing.T) {
	f := newLight(t, 18)
	if _, err := f.engine.Extend(t.Context(), f.options.Preview, time.Hour); !isNoPreview(err) {
		t.Errorf("no preview: %v", err)
	}
	if _, err := f.engine.Extend(t.Context(), f.options.Preview, -time.Hour); err == nil {
		t.Error("a negative time is accepted")
	}
}
