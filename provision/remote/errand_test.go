package remote_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// What an errand tells arrives once, in order, also over a connection that is lost at any
// command; so do its answer and its exit code. What it was told to do is in no file afterwards.
func TestSend_BringsBackWhatTheErrandTellsAndAnswers(t *testing.T) {
	errand := json.RawMessage(`["one", "hunter2", "three"]`)
	lost := func(run func() error) error { return errors.Join(run(), host.ErrLost) }
	for at := -1; at < 2; at++ {
		r, _ := faultyRig(t, &faulty{at: at, fault: lost})
		if err := r.site.Install(t.Context(), program(t)); err != nil {
			t.Fatal(err)
		}
		var told []string
		outcome, err := r.site.Send(t.Context(), errand, nil,
			func(m json.RawMessage) { told = append(told, string(m)) })
		if err != nil || string(outcome.Answer) != "3" || outcome.Exit != 3 ||
			strings.Join(told, "") != `"one""hunter2""three"` {
			t.Errorf("lost at %d: told %q, %+v, %v", at, told, outcome, err)
		}
		var failed *remote.RunError
		if !errors.As(outcome.Err(), &failed) {
			t.Errorf("lost at %d: %v", at, outcome.Err())
		}
		orders, err := filepath.Glob(filepath.Join(r.site.Folder, "runs", "*", "order"))
		if err != nil || len(orders) > 0 {
			t.Errorf("%q stay, %v", orders, err)
		}
		if entries, _ := os.ReadDir(filepath.Join(r.site.Folder, "runs")); len(entries) != 1 {
			t.Errorf("lost at %d: %d runs", at, len(entries))
		}
	}
}
