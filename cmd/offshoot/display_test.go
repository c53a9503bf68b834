package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// told returns what a plain display prints, with every duration as 0.0s.
func told(tell func(*ui.UI)) string {
	var out bytes.Buffer
	now := time.Now()
	u := ui.New(ui.Options{Err: &out, Now: func() time.Time { return now }})
	tell(u)
	u.Close()
	return out.String()
}

func TestSteps_ShowTheEventsOfAnUp(t *testing.T) {
	got := told(func(u *ui.UI) {
		s := newSteps(u)
		for _, e := range []provision.Event{
			{Step: provision.StepImages, Kind: provision.Progress, Text: "before it began"},
			{Step: provision.StepImages, Kind: provision.Began},
			{Step: provision.StepImages, Kind: provision.Progress, Service: "web", Text: "\x1b[2Jstep 3 of 7"},
			{Step: provision.StepImages, Kind: provision.Notice, Service: "web", Text: "no registry answers"},
			{Step: provision.StepImages, Kind: provision.Notice, Service: "web", Text: "no registry answers"},
			{Step: provision.StepImages, Kind: provision.Done},
			{Step: provision.StepMigrate, Kind: provision.Began},
			{Step: provision.StepMigrate, Kind: provision.Failed, Text: "the error itself comes last"},
			{Step: provision.StepMigrate, Kind: provision.Done},
		} {
			s.observe(e)
		}
		explain(u, errors.Join(&provision.StepError{
			Step: provision.StepMigrate, Service: "web", Err: errors.New("exit 1"),
			Tail: []string{"line 1", "::error::line 2"},
		}))
		explain(u, errors.New("another"))
	})
	want := `...  build and pull
warn web: no registry answers
ok   build and pull  0.0s
...  migrate
fail migrate  0.0s
     last lines of web:
     | line 1
     | : :error::line 2
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestShowResult_ListsUsualChangesOnRequest(t *testing.T) {
	changes := []compose.Change{
		{What: "labels", Why: "to find them", Usual: true},
		{Service: "db", What: "fsync=off", Usual: true},
	}
	want := map[bool]string{
		false: "     2 usual changes to the compose file (offshoot up -v lists them)\n",
		true:  "     different from the compose file:\n       project: labels (to find them)\n       db: fsync=off\n",
	}
	for verbose, want := range want {
		got := told(func(u *ui.UI) { showResult(u, &provision.Result{Changes: changes}, verbose) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("verbose %v: %s", verbose, diff)
		}
	}
}

func TestShowResult_TellsWhatIsUnusual(t *testing.T) {
	got := told(func(u *ui.UI) {
		showResult(u, &provision.Result{
			Changes: []compose.Change{
				{What: "labels", Why: "to find them", Usual: true},
				{Service: "db", What: "no fixed address"},
				{What: "variable X is empty", Why: "nobody sets it"},
				{Service: "db", What: "fsync=off", Usual: true},
			},
			Migrated: &provision.Migrated{Output: []string{"1 migration"}},
		}, false)
		showResult(u, &provision.Result{}, false)
	})
	want := `     different from the compose file:
       db: no fixed address
       project: variable X is empty (nobody sets it)
     2 usual changes to the compose file (offshoot up -v lists them)
     migration:
     | 1 migration
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProgress_OneLineForEachStepOfASubset(t *testing.T) {
	events := []subset.Event{
		{Step: "walk", Table: "public.a", Rows: 5, Total: 10},
		{Step: "walk", Table: "public.a", Rows: 10, Total: 10, Done: true},
		{Step: "walk", Rows: 12, Done: true},
		{Step: "copy", Table: "public.a", Rows: 4, Total: 10},
		{Step: "copy", Table: "public.b", Rows: 1, Total: 1},
	}
	plan := &plan.Plan{Target: 11}
	broken := told(func(u *ui.UI) {
		p := newProgress(u, plan)
		for _, e := range events {
			p.observe(e)
		}
		p.end(errors.New("lost"))
	})
	if diff := cmp.Diff("...  choose rows\nok   choose rows  0.0s  12 rows\n...  copy rows\nfail copy rows  0.0s\n",
		broken); diff != "" {
		t.Error(diff)
	}
	whole := told(func(u *ui.UI) {
		p := newProgress(u, plan)
		for _, e := range append(events, subset.Event{Step: "copy", Rows: 12, Done: true},
			subset.Event{Step: "finish", Done: true}) {
			p.observe(e)
		}
		p.end(nil)
	})
	if !strings.HasSuffix(whole,
		"ok   copy rows  0.0s  12 rows\n...  keys, indexes, statistics\nok   keys, indexes, statistics  0.0s\n") {
		t.Errorf("got %s", whole)
	}
}

func TestListTable_OneLineForEachPreviewAndLink(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	previews := []provision.Status{
		{
			Preview: provision.Preview{Name: "pr-12", Project: "shop"}, State: provision.Serving,
			Commit:  "0123456789abcdef",
			Created: now.Add(-90 * time.Minute), Expires: now.Add(71 * time.Hour),
			Links: []provision.Link{
				{URL: "http://web--pr-12.shop.localhost:8480/"},
				{URL: "http://api--pr-12.shop.localhost:8480/"},
			},
			Services: []provision.Service{
				{Name: "web", State: "running", Health: "unhealthy"},
				{Name: "seed", State: "exited", ExitCode: 2},
				{Name: "once", State: "exited"},
			},
		},
		{
			Preview: provision.Preview{Name: "main", Project: "shop"}, State: provision.Incomplete,
			Created: now.Add(-10 * time.Second),
		},
		{
			Preview: provision.Preview{Name: "old", Project: "shop"}, State: provision.Starting,
			Created: now.Add(-15 * 24 * time.Hour), Expires: now.Add(-time.Second),
		},
	}
	got := withLinks(ui.Table(listRows(previews, now)), previews)
	want := `PREVIEW  PROJECT  STATE                                 COMMIT      AGE  EXPIRES
pr-12    shop     serving (web unhealthy, seed exited)  0123456789  1h   in 3d
  http://web--pr-12.shop.localhost:8480/
  http://api--pr-12.shop.localhost:8480/
main     shop     incomplete                                        10s  never
old      shop     starting                                          15d  expired
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
