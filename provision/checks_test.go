package provision

import (
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

func lasting(d time.Duration) *types.Duration {
	if d < 0 {
		return nil
	}
	own := types.Duration(d)
	return &own
}

func TestHasten_AsksSoonerAndNeverJudgesEarlier(t *testing.T) {
	const none = -1
	cases := map[string]struct {
		interval, period, start         time.Duration
		wantPeriod, wantStart, wantSame time.Duration
	}{
		"nothing set": {none, none, none, 30 * time.Second, time.Second, 30 * time.Second},
		"an interval": {2 * time.Second, none, none, 2 * time.Second, time.Second, 2 * time.Second},
		"a longer start period": {
			2 * time.Second, 10 * time.Second, none, 10 * time.Second, time.Second,
			2 * time.Second,
		},
		"a shorter start period": {
			time.Minute, 10 * time.Second, 20 * time.Second, time.Minute, time.Second,
			time.Minute,
		},
		"a quick check stays so": {
			500 * time.Millisecond, 0, 200 * time.Millisecond, 500 * time.Millisecond,
			200 * time.Millisecond, 500 * time.Millisecond,
		},
		"zeros are like nothing":  {0, 0, 0, 30 * time.Second, time.Second, 30 * time.Second},
		"a slow one of its own":   {time.Hour, time.Minute, 5 * time.Second, time.Hour, time.Second, time.Hour},
		"a start period of a day": {time.Second, 24 * time.Hour, none, 24 * time.Hour, time.Second, time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			retries := uint64(3)
			own := &types.HealthCheckConfig{
				Test: types.HealthCheckTest{"CMD", "true"}, Retries: &retries,
				Interval: lasting(c.interval), StartPeriod: lasting(c.period), StartInterval: lasting(c.start),
			}
			project := &types.Project{Services: types.Services{"web": {Name: "web", HealthCheck: own}}}
			if changes := hasten(project, "1.44"); len(changes) != 1 {
				t.Errorf("changes %v", changes)
			}
			got := project.Services["web"].HealthCheck
			if time.Duration(*got.StartPeriod) != c.wantPeriod || time.Duration(*got.StartInterval) != c.wantStart {
				t.Errorf("start period %v, interval %v", got.StartPeriod, got.StartInterval)
			}
			if durationOr(got.Interval, defaultInterval) != c.wantSame || *got.Retries != 3 {
				t.Errorf("interval %v, retries %v", got.Interval, *got.Retries)
			}
			if got == own {
				t.Error("the check of the file itself was changed")
			}
		})
	}
}

func TestHasten_LeavesOldEnginesAndServicesWithoutAChecksAlone(t *testing.T) {
	with := func() *types.Project {
		return &types.Project{Services: types.Services{"web": {
			Name:        "web",
			HealthCheck: &types.HealthCheckConfig{Test: types.HealthCheckTest{"CMD", "true"}},
		}}}
	}
	old := with()
	if changes := hasten(old, "1.41"); len(changes) != 0 || old.Services["web"].HealthCheck.StartInterval != nil {
		t.Errorf("an old engine: %v", changes)
	}
	without := &types.Project{Services: types.Services{
		"none":     {Name: "none"},
		"disabled": {HealthCheck: &types.HealthCheckConfig{Disable: true, Test: types.HealthCheckTest{"CMD", "x"}}},
		"off":      {HealthCheck: &types.HealthCheckConfig{Test: types.HealthCheckTest{"NONE"}}},
		"image's":  {HealthCheck: &types.HealthCheckConfig{}},
	}}
	if changes := hasten(without, "1.51"); len(changes) != 0 {
		t.Errorf("changes %v", changes)
	}
	for name, s := range without.Services {
		if s.HealthCheck != nil && s.HealthCheck.StartInterval != nil {
			t.Errorf("%s got a start interval", name)
		}
	}
}
