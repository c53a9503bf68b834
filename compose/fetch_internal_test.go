package compose

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

func TestImagesFor_AreItsOwnAndThoseItIsMadeOf(t *testing.T) {
	pulled := types.ServiceConfig{Name: "db", Image: "postgres:15"}
	own := built("own", "base")
	own.Image = "offshoot/pr-1/own:g1"
	uses := types.ServiceConfig{Name: "uses", Image: own.Image}
	s, _ := stackOf(pulled, own, uses, built("base", "below"), built("below"), built("web"))
	for service, want := range map[string][]string{
		"db":   {"db"},
		"web":  {"web"},
		"own":  {"base", "below", "own"},
		"uses": {"base", "below", "own", "uses"},
	} {
		if diff := cmp.Diff(want, s.ImagesFor(service)); diff != "" {
			t.Errorf("%s: %s", service, diff)
		}
	}
}

func TestAlike_IsWhatBuildsTheSameAndNothingElse(t *testing.T) {
	web, worker, other, arm := built("web"), built("worker"), built("other"), built("arm")
	other.Build.Target = "other"
	arm.Platform = "linux/arm64"
	s, _ := stackOf(web, worker, other, arm)
	want := [][]string{{"arm"}, {"other"}, {"web", "worker"}}
	if diff := cmp.Diff(want, s.alike([]string{"arm", "other", "web", "worker"})); diff != "" {
		t.Error(diff)
	}
}
