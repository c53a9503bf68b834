package compose

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/fsutil"
)

// refusedIn are the keys that a project of one service is refused by.
func refusedIn(t *testing.T, dir string, s types.ServiceConfig) []string {
	t.Helper()
	s.Name = "a"
	p := &types.Project{Name: "p", WorkingDir: dir, Services: types.Services{"a": s}}
	_, _, err := Transform(p, Options{Preview: "shop-pr-1", Generation: 1, Dir: dir, Root: dir})
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		t.Fatal(err)
	}
	var keys []string
	if refusal != nil {
		for _, one := range refusal.Items {
			keys = append(keys, one.Allow)
		}
	}
	return keys
}

// The engine takes the beginning of an id for an image, whoever it is of.
func TestHostile_AServiceWantsAnotherPreviewsImageByItsID(t *testing.T) {
	dir := t.TempDir()
	for image, want := range map[string]string{
		"3": "3:latest", "3f": "3f:latest", "cafe": "cafe:latest",
		strings.Repeat("a", 64): strings.Repeat("a", 64) + ":latest",
		"cafe:1":                "cafe:1", "cafes": "cafes", "team/cafe": "team/cafe",
		"postgres@sha256:" + strings.Repeat("a", 64): "postgres@sha256:" + strings.Repeat("a", 64),
	} {
		volume := types.ServiceVolumeConfig{Type: types.VolumeTypeImage, Source: image, Target: "/x"}
		p := &types.Project{Name: "p", WorkingDir: dir, Services: types.Services{
			"a": {Name: "a", Image: image, Volumes: []types.ServiceVolumeConfig{volume}},
		}}
		own, _, err := Transform(p, Options{Preview: "shop-pr-1", Generation: 1, Dir: dir, Root: dir})
		if err != nil {
			t.Fatal(err)
		}
		if s := own.Services["a"]; s.Image != want || s.Volumes[0].Source != want {
			t.Errorf("%s: runs %s, mounts %s", image, s.Image, s.Volumes[0].Source)
		}
		if p.Services["a"].Volumes[0].Source != image {
			t.Error("the project itself was changed")
		}
	}
	for _, image := range []string{"sha256:" + strings.Repeat("a", 64), "sha256:ab"} {
		volume := types.ServiceVolumeConfig{Type: types.VolumeTypeImage, Source: image, Target: "/x"}
		keys := refusedIn(t, dir, types.ServiceConfig{Image: image, Volumes: []types.ServiceVolumeConfig{volume}})
		if !slices.Contains(keys, "a.image:"+image) || !slices.Contains(keys, "a.volumes:"+image) {
			t.Errorf("%s is refused by %q", image, keys)
		}
	}
}

func TestHostile_AServiceWantsTheMachineInThousandsOfContainers(t *testing.T) {
	for scale, want := range map[int]bool{1: false, mostReplicas: false, mostReplicas + 1: true, 5000: true} {
		keys := refusedIn(t, t.TempDir(), types.ServiceConfig{Image: "b", Scale: &scale})
		if slices.Contains(keys, "a.deploy.replicas") != want {
			t.Errorf("%d: refused by %q", scale, keys)
		}
	}
}

func TestHostile_ABuildWantsTheTokenInTheConfigurationOfGit(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		".git/config", ".git/HEAD", ".git/modules/sub/config", "src/.git/config",
		"src/config", "config", "Dockerfile",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("FROM scratch\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(".git", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	s, _ := stackOf()
	opt := &client.SolveOpt{FrontendAttrs: map[string]string{}, LocalMounts: map[string]fsutil.FS{}}
	if err := s.buildFiles(types.ServiceConfig{
		Name:  "a",
		Build: &types.BuildConfig{Context: dir, Dockerfile: "Dockerfile"},
	}, opt); err != nil {
		t.Fatal(err)
	}
	var sent []string
	err := opt.LocalMounts["context"].Walk(t.Context(), "", func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			sent = append(sent, filepath.ToSlash(path))
		}
		return err
	})
	if diff := cmp.Diff([]string{".git/HEAD", "Dockerfile", "config", "link", "src/config"}, sent); diff != "" ||
		err != nil {
		t.Errorf("%s, %v", diff, err)
	}
	for name, service := range map[string]types.ServiceConfig{
		"context": {Build: &types.BuildConfig{Context: filepath.Join(dir, ".git")}},
		"by link": {Build: &types.BuildConfig{Context: filepath.Join(dir, "link")}},
		"another": {Build: &types.BuildConfig{
			Context:            dir,
			AdditionalContexts: types.Mapping{"g": filepath.Join(dir, ".git")},
		}},
		"env_file": {Image: "b", EnvFiles: []types.EnvFile{{Path: filepath.Join(dir, ".git/config")}}},
	} {
		if keys := refusedIn(t, dir, service); len(keys) != 1 || !strings.Contains(keys[0], "a.") {
			t.Errorf("%s: refused by %q", name, keys)
		}
	}
	if keys := refusedIn(t, dir, types.ServiceConfig{Build: &types.BuildConfig{Context: dir}}); len(keys) > 0 {
		t.Errorf("the checkout itself is refused by %q", keys)
	}
}
