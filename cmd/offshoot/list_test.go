package main

import (
	"slices"
	"testing"

	"github.com/offshoot-dev/offshoot/provision"
)

func TestWaysOut_NameWhatToDoAboutEachPreview(t *testing.T) {
	pr := provision.Preview{Name: "pr-12", PullRequest: 12}
	for name, c := range map[string]struct {
		previews []provision.Status
		want     []string
	}{
		"left of a run": {[]provision.Status{{Preview: pr, State: provision.Incomplete, Unreachable: true}}, nil},
		"all well": {[]provision.Status{
			{Preview: pr, State: provision.Serving},
			{Preview: pr, State: provision.Asleep},
		}, nil},
		"down": {
			[]provision.Status{
				{Preview: pr, State: provision.Ended, Down: []string{"web"}},
				{Preview: provision.Preview{Name: "main", Branch: "main"}, State: provision.PartlyDown},
			},
			[]string{
				"pr-12 is down: offshoot start --pr 12 starts what has ended",
				"main is partly down: offshoot start --branch main starts what has ended",
			},
		},
		"pruned": {
			[]provision.Status{{
				Preview: pr, State: provision.Broken,
				Gone: []string{"the container of db", "the container of web"},
			}},
			[]string{"somebody removed the container of db, the container of web of pr-12: offshoot up --pr 12 " +
				"restores it"},
		},
		"without a gateway": {
			[]provision.Status{
				{Preview: pr, State: provision.Serving, Unreachable: true},
				{Preview: pr, State: provision.Asleep, Unreachable: true},
			},
			[]string{"no link answers, because the gateway is stopped: offshoot start or up starts it"},
		},
	} {
		if got := waysOut(c.previews); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestListState_NamesWhatIsNotWell(t *testing.T) {
	ended := []provision.Service{{Name: "web", State: "exited", ExitCode: 137}, {Name: "db", State: "exited"}}
	for want, p := range map[string]provision.Status{
		"serving (web exited)":  {State: provision.Serving, Services: ended},
		"asleep":                {State: provision.Asleep, Services: ended},
		"down":                  {State: provision.Ended, Services: ended, Down: []string{"db", "web"}},
		"partly down (db, web)": {State: provision.PartlyDown, Services: ended, Down: []string{"db", "web"}},
		"broken":                {State: provision.Broken, Gone: []string{"the container of db"}},
	} {
		if got := listState(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
