package compose

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

func TestRehearsal_IsTheDatabaseAndWhoMigratesInANetworkOfTheirOwn(t *testing.T) {
	net := map[string]*types.ServiceNetworkConfig{"default": nil}
	p := &types.Project{
		Name: "shop-pr-1-g3",
		Services: types.Services{
			"db": {
				Name: "db", Networks: net, Labels: types.Labels{"dev.offshoot.generation": "3", "own": "kept"},
				Command: types.ShellCommand{"postgres", "-c", "fsync=off", "-c", "full_page_writes=off"},
				Ports:   []types.ServicePortConfig{{Target: 5432}},
			},
			"web":  {Name: "web", Networks: net, DependsOn: types.DependsOnConfig{"db": {}}},
			"mail": {Name: "mail", Networks: net},
		},
		Networks: types.Networks{"default": {Name: "shop-pr-1-g3_default"}, "other": {}},
		Volumes: types.Volumes{
			DatabaseVolume: {Name: "shop-pr-1-g3_offshoot-database", External: true}, "uploads": {},
		},
	}
	got, err := Rehearsal(p, RehearsalOptions{
		Name: "shop-pr-1-g4", Labels: map[string]string{"dev.offshoot.generation": "4"},
		Database: "db", Volume: "clone", Migrate: "web",
	})
	if err != nil {
		t.Fatal(err)
	}
	db := got.Services["db"]
	for what, pair := range map[string][2]any{
		"services": {[]string{"db", "web"}, got.ServiceNames()},
		"network":  {"shop-pr-1-g4_default", got.Networks["default"].Name},
		"networks": {1, len(got.Networks)},
		"labels":   {types.Labels{"dev.offshoot.generation": "4", "own": "kept"}, db.Labels},
		"data":     {types.VolumeConfig{Name: "clone", External: true}, got.Volumes[DatabaseVolume]},
		"uploads":  {types.VolumeConfig{Name: "shop-pr-1-g3_uploads", External: true}, got.Volumes["uploads"]},
		"ports":    {0, len(db.Ports)},
		"settings": {types.ShellCommand{"postgres", "-c", "fsync=off", "-c", "full_page_writes=on"}, db.Command},
		"waits":    {0, len(got.Services["web"].DependsOn)},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	if p.Services["db"].Command[4] != "full_page_writes=off" || p.Name != "shop-pr-1-g3" || len(p.Services) != 3 {
		t.Error("the project itself has changed")
	}
	if _, err := Rehearsal(p, RehearsalOptions{Database: "db", Migrate: "nowhere"}); err == nil {
		t.Error("a service that is not there migrates")
	}
}
