package provision

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

func TestSoil_KnowsWhatADatabaseIsGivenBesideItsData(t *testing.T) {
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
		Volumes: []types.ServiceVolumeConfig{data, {Type: types.VolumeTypeBind, Source: filepath.Dir(script), Target: "/docker-entrypoint-initdb.d"}},
		Secrets: []types.ServiceSecretConfig{{Source: "password"}},
	}
	project := &types.Project{Secrets: types.Secrets{"password": {File: filepath.Join(folder, "password")}}}
	read := func() (soil, error) {
		s := soil{Beside: map[string]string{}}
		return s, s.mounts(project, service)
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
	service.Volumes = append(service.Volumes, types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: "tablespace", Target: "/space"})
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "/space") {
		t.Errorf("another volume is taken: %v", err)
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
