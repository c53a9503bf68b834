package provision

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestLimits_LeaveTheMachineSomething(t *testing.T) {
	for name, c := range map[string]struct {
		capacity compose.Capacity
		options  Options
		want     containerLimits
	}{
		"laptop": {
			compose.Capacity{CPUs: 2, Memory: 4 << 30, Pids: true},
			Options{},
			containerLimits{1.8, 3 << 30, 4096},
		},
		"one processor": {
			compose.Capacity{CPUs: 1, Memory: 1<<30 + 5, Pids: true},
			Options{},
			containerLimits{0.9, 768 << 20, 4096},
		},
		"engine that cannot limit": {compose.Capacity{}, Options{}, containerLimits{}},
		"as somebody says": {
			compose.Capacity{CPUs: 2, Memory: 4 << 30},
			Options{CPUs: 1, Memory: 1 << 30},
			containerLimits{1, 1 << 30, 0},
		},
		"said where it is not known": {compose.Capacity{}, Options{Memory: 1 << 30}, containerLimits{0, 1 << 30, 0}},
	} {
		if got := limitsFor(c.capacity, c.options); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestHostile_APreviewWantsAllTheNamesAndCertificates(t *testing.T) {
	shown := func(n int) *types.Project {
		p := &types.Project{Services: types.Services{"db": {Name: "db", Image: "postgres:15"}}}
		for i := range n {
			name := fmt.Sprintf("web%d", i)
			p.Services[name] = types.ServiceConfig{
				Name: name, Image: "x",
				Ports: []types.ServicePortConfig{{Target: 8000, Published: fmt.Sprint(8000 + i)}},
			}
		}
		return p
	}
	if _, err := new(run).choose(shown(20)); err != nil {
		t.Error(err)
	}
	_, err := new(run).choose(shown(21))
	if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), "21 services") {
		t.Errorf("error %v", err)
	}
}
