package remote

import (
	"context"
	"encoding/json"

	"github.com/offshoot-dev/offshoot/provision"
)

// Send has the machine run an errand, and follows it to its end. What it tells on the way
// is handed on. The errand goes over standard input into a file that only its owner reads,
// as all that a run is told. When ctx ends first, the run goes on.
func (s Site) Send(
	ctx context.Context, errand json.RawMessage, observe func(provision.Event), told func(json.RawMessage),
) (Outcome, error) {
	p := payload{request: RunRequest{ID: newID(), Request: Request{Errand: errand}}}
	var started Started
	err := stepper{observe}.do(StepRun, func() (_ string, err error) {
		started, err = s.start(ctx, &p)
		return started.describe(), err
	})
	if err != nil {
		return Outcome{}, err
	}
	return s.read(ctx, started.ID, &reader{observe: observe, told: told})
}
