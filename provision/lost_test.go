package provision

import (
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestLost_TellsWhatHasEndedFromWhatIsDone(t *testing.T) {
	g := stackOf(1, port{"web", 80})
	g.Database = "db"
	ended := func(code, policy string) string {
		return `{"State":{"Status":"exited","ExitCode":` + code + `},"HostConfig":{"RestartPolicy":{"Name":"` +
			policy + `"}}}`
	}
	api := engineSaying(t, map[string]string{
		"/containers/template00000000/json": ended("0", "no"),
		"/containers/failed000000/json":     ended("1", "no"),
		"/containers/worker000000/json":     ended("0", "unless-stopped"),
		"/containers/retries00000/json":     ended("0", "on-failure"),
		"/containers/web000000000/json":     ended("0", ""),
		"/containers/db0000000000/json":     ended("0", "no"),
		"/containers/cache0000000/json":     ended("0", "always"),
		"/containers/migrate00000/json":     ended("0", "no"),
		"/containers/notstarted00/json":     `{"State":{"Status":"created"},"HostConfig":{"RestartPolicy":{"Name":"unless-stopped"}}}`,
	})
	of := func(service, state string) seenContainer {
		id := service
		for len(id) < 12 {
			id += "0"
		}
		return seenContainer{ID: id, Name: service, State: state, Labels: deployed(g, service, "x", state, nil).Labels}
	}
	done := []seenContainer{
		of("template", "exited"), of("migrate", "exited"), of("retries", "exited"),
		of("gone", "exited"), of("restarting", "restarting"),
	}
	keeper := keptBy(g, keeper{is: markServing})
	for name, c := range map[string]struct {
		containers []seenContainer
		ended      []string
		state      State
	}{
		"all well":         {[]seenContainer{of("web", "running"), of("db", "running")}, nil, Serving},
		"a web that ended": {[]seenContainer{of("web", "exited"), of("db", "running")}, []string{"web"}, PartlyDown},
		"a worker and a job": {[]seenContainer{
			of("web", "running"), of("db", "running"), of("worker", "exited"),
			of("failed", "exited"),
		}, []string{"failed", "worker"}, PartlyDown},
		"never started": {
			[]seenContainer{of("web", "running"), of("db", "running"), of("notstarted", "created")},
			[]string{"notstarted"},
			PartlyDown,
		},
		"after a restart": {
			[]seenContainer{of("web", "exited"), of("db", "exited"), of("cache", "exited")},
			[]string{"cache", "db", "web"},
			Ended,
		},
	} {
		s := survey{containers: slices.Concat(c.containers, done, []seenContainer{keeper})}
		l, err := lost(t.Context(), api, s, g)
		if err != nil {
			t.Fatal(err)
		}
		status := Status{State: Serving}
		if status.told(l); status.State != c.state || !slices.Equal(status.Down, c.ended) {
			t.Errorf("%s: %s, down %q", name, status.State, status.Down)
		}
		asleep := Status{State: Asleep}
		if asleep.told(l); asleep.State != Asleep || asleep.Down != nil {
			t.Errorf("%s, asleep: %+v", name, asleep)
		}
	}
}

func TestGone_NamesWhatAGenerationCannotBeStartedWithout(t *testing.T) {
	g := stackOf(1, port{"web", 80}, port{"api", 81})
	g.Database = "db"
	in := func(b seenContainer, networks ...string) seenContainer { b.Networks = networks; return b }
	all := []seenContainer{
		in(deployed(g, "web", "a", "exited", nil), "shop-pr-1-g1_default", "shared"),
		in(deployed(g, "api", "b", "exited", nil), "shop-pr-1-g1_default"),
		in(deployed(g, "db", "c", "exited", nil), "shop-pr-1-g1_inner"),
	}
	both := []string{"shop-pr-1-g1_default", "shop-pr-1-g1_inner"}
	for name, c := range map[string]struct {
		survey survey
		want   []string
	}{
		"nothing":     {survey{containers: all, networks: both}, nil},
		"a network":   {survey{containers: all, networks: both[:1]}, []string{"the network shop-pr-1-g1_inner"}},
		"a container": {survey{containers: all[:2], networks: both}, []string{"the container of db"}},
		"all containers": {
			survey{networks: both},
			[]string{"the container of api", "the container of db", "the container of web"},
		},
		"but a keeper's": {
			survey{containers: append([]seenContainer{keptBy(g, keeper{is: markAsleep})}, all...), networks: both}, nil,
		},
	} {
		got := c.survey.gone(g)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: gone %q, want %q", name, got, c.want)
		}
		status := Status{State: Asleep}
		if status.told(loss{gone: got}); (status.State == Broken) != (len(c.want) > 0) ||
			!slices.Equal(status.Gone, c.want) {
			t.Errorf("%s: status %+v", name, status)
		}
	}
	if got := (survey{}).gone(generation{Number: 1}); got != nil {
		t.Errorf("of nothing to show: %q", got)
	}
}

func TestShares_IsTrueOnceTheDataIsBeingCarriedOver(t *testing.T) {
	g1, g2 := stackOf(1, port{"web", 80}), stackOf(2, port{"web", 80})
	with := func(b seenContainer, volumes ...string) seenContainer { b.Volumes = volumes; return b }
	other := g2
	other.Preview.ID = "shop-pr-2"
	db := with(deployed(g1, "db", "a", "exited", nil), "data")
	for name, c := range map[string]struct {
		beside seenContainer
		want   bool
	}{
		"carried over": {with(deployed(g2, "db", "b", "running", nil), "data"), true},
		"a one-off with it": {with(deployed(g2, "tool", "b", "running", map[string]string{composeOneOff: "True"}),
			"data"), true},
		"one of its own":     {with(deployed(g2, "db", "b", "running", nil), "other"), false},
		"of the same":        {with(deployed(g1, "tool", "b", "exited", nil), "data"), false},
		"of another preview": {with(deployed(other, "db", "b", "running", nil), "data"), false},
	} {
		if got := (survey{containers: []seenContainer{db, c.beside}}).shares(g1); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestMayOutlast_LeavesWhatTheFileSaysAndWhatOthersWaitForTheEndOf(t *testing.T) {
	project := &types.Project{Services: types.Services{
		"web": {DependsOn: types.DependsOnConfig{
			"template": {Condition: types.ServiceConditionCompletedSuccessfully},
			"db":       {Condition: types.ServiceConditionHealthy},
		}},
		"db": {}, "template": {}, "never": {Restart: types.RestartPolicyNo},
		"retries":  {Restart: types.RestartPolicyOnFailure},
		"deployed": {Deploy: &types.DeployConfig{RestartPolicy: &types.RestartPolicy{Condition: "on-failure"}}},
		"limited":  {Deploy: &types.DeployConfig{}},
	}}
	for name, want := range map[string]bool{
		"web": true, "db": true, "limited": true, "template": false, "never": false, "retries": false,
		"deployed": false, "unknown": false,
	} {
		if got := mayOutlast(project, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
