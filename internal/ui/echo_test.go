package ui_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/ui"
)

// What one UI was told, another shows as if it had been told itself; secrets stay where
// they are known.
func TestEcho_ShowsWhatWasToldElsewhere(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	var secrets ui.Secrets
	secrets.Add("hunter2hunter2")
	play := func(u *ui.UI) {
		step := u.Start("choose rows")
		now = now.Add(11 * time.Second)
		step.Progress(5, 10, "public.orders")
		u.Warn("a warning with hunter2hunter2")
		u.Info("a fact")
		u.Block("one\ntwo")
		step.Done("10 rows")
		u.Start("copy rows").Fail("")
		u.Close()
	}
	var directly, echoed, unused bytes.Buffer
	play(ui.New(ui.Options{Err: &directly, Now: clock, Secrets: &secrets}))
	now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	here := ui.New(ui.Options{Err: &echoed, Now: clock})
	echo := ui.Echo{UI: here}
	there := ui.New(ui.Options{Err: &unused, Now: clock, Secrets: &secrets, Every: time.Second, Tell: func(e ui.Event) {
		sent, err := json.Marshal(e)
		var got ui.Event
		if err != nil || json.Unmarshal(sent, &got) != nil || bytes.Contains(sent, []byte("hunter2")) {
			t.Errorf("%s, %v", sent, err)
		}
		echo.Show(got)
	}})
	play(there)
	echo.Show(ui.Event{Kind: "done", Step: "never begun"})
	here.Close()
	if diff := cmp.Diff(directly.String(), echoed.String()); diff != "" || unused.Len() > 0 {
		t.Errorf("%s%s", diff, unused.String())
	}
}
