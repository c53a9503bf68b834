package provision

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

func TestTemplateKey_KnowsWhatADatabaseIsGivenBesideItsData(t *testing.T) {
	folder := t.TempDir()
	script := filepath.Join(folder, "initdb", "10.sql")
	write := func(path, content string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(script, "CREATE ROLE a")
	write(filepath.Join(folder, "password"), "one")
	data := types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: compose.DatabaseVolume, Target: "/data"}
	service := types.ServiceConfig{
		Volumes: []types.ServiceVolumeConfig{
			data,
			{Type: types.VolumeTypeBind, Source: filepath.Dir(script), Target: "/docker-entrypoint-initdb.d"},
		},
		Secrets: []types.ServiceSecretConfig{{Source: "password"}},
	}
	project := &types.Project{Secrets: types.Secrets{"password": {File: filepath.Join(folder, "password")}}}
	placed := &types.Project{Services: types.Services{}}
	read := func() (templateKey, error) {
		s := templateKey{Beside: map[string]string{}}
		return s, s.mounts(project, placed, service)
	}
	first, err := read()
	if err != nil || first.Data != "/data" || len(first.Beside) != 2 {
		t.Fatalf("%+v, %v", first, err)
	}
	again, _ := read()
	for where, digest := range first.Beside {
		if again.Beside[where] != digest {
			t.Errorf("%s differs without a change", where)
		}
	}
	write(script, "CREATE ROLE b")
	write(filepath.Join(folder, "password"), "two")
	changed, _ := read()
	for where, digest := range first.Beside {
		if changed.Beside[where] == digest || strings.Contains(digest, "one") {
			t.Errorf("%s is the same after a change: %s", where, digest)
		}
	}
	project.Secrets["password"] = types.SecretConfig{Environment: "PASSWORD"}
	if _, err := read(); err == nil {
		t.Error("a secret from the environment is taken")
	}
	service.Secrets = nil
	placed.Services[""] = service
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "shares /docker-entrypoint-initdb.d") {
		t.Errorf("a folder that is not copied is taken: %v", err)
	}
	delete(placed.Services, "")
	service.Volumes = append(service.Volumes,
		types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: "tablespace", Target: "/space"})
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "/space") {
		t.Errorf("another volume is taken: %v", err)
	}
}

func TestTemplateKey_LeavesOutOnlyWhatDecidesNothing(t *testing.T) {
	text := func(v string) *string { return &v }
	r := new(job)
	r.next.Preview = Preview{ID: "shop-pr-1", Name: "pr-1", Project: "shop"}
	digest := func(s types.ServiceConfig) string {
		content, err := json.Marshal(bare(s, r.ownVariables(s)))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	plain := digest(types.ServiceConfig{Name: "db"})
	for name, s := range map[string]types.ServiceConfig{
		"our variable": {Environment: types.MappingWithEquals{variablePreview: text("shop-pr-1")}},
		"health check": {HealthCheck: &types.HealthCheckConfig{Test: []string{"CMD", "true"}}},
		"labels":       {Labels: types.Labels{"a": "b"}, ContainerName: "x", MemLimit: 1, Restart: "always"},
	} {
		s.Name = "other"
		if got := digest(s); got != plain {
			t.Errorf("%s: %s, want %s", name, got, plain)
		}
	}
	for name, s := range map[string]types.ServiceConfig{
		"a variable like ours":    {Environment: types.MappingWithEquals{"OFFSHOOT_SCRIPT": text("x")}},
		"our variable, changed":   {Environment: types.MappingWithEquals{variablePreview: text("another")}},
		"where it looks names up": {ExtraHosts: types.HostsList{"mirror": []string{"10.0.0.1"}}},
		"command":                 {Command: types.ShellCommand{"postgres", "-c", "x=1"}},
		"no entrypoint":           {Entrypoint: types.ShellCommand{}},
		"folder":                  {WorkingDir: "/x"},
		"in memory":               {Tmpfs: types.StringList{"/x"}},
	} {
		if digest(s) == plain {
			t.Errorf("%s is left out", name)
		}
	}
}

func TestLonely_RefusesWhatOthersMayHaveAHandIn(t *testing.T) {
	for want, s := range map[string]types.ServiceConfig{
		"depends_on": {DependsOn: types.DependsOnConfig{"x": {}}},
		"post_start, volumes_from": {
			VolumesFrom: []string{"x"},
			PostStart:   []types.ServiceHook{{Command: types.ShellCommand{"x"}}},
		},
		"ipc, network_mode, pid, uts": {
			NetworkMode: "service:x", Pid: "service:x", Ipc: "container:x",
			Uts: "service:x",
		},
		"links": {Links: []string{"x"}},
	} {
		if err := lonely(s); err == nil || !strings.HasSuffix(err.Error(), " "+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := lonely(types.ServiceConfig{
		NetworkMode: "none", Ipc: "private",
		HealthCheck: &types.HealthCheckConfig{},
	}); err != nil {
		t.Error(err)
	}
}

func TestTreeDigest_IsBoundedAndSaysWhatIsMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	for left, ok := range map[int64]bool{5: true, 4: false} {
		if _, err := treeDigest(file, &left); (err == nil) != ok {
			t.Errorf("with room for %d: %v", left, err)
		}
	}
	left := int64(1)
	if _, err := treeDigest(file+"y", &left); err == nil {
		t.Error("no error for what is not there")
	}
}
