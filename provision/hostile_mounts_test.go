package provision_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
)

// swappingFile has a service that replaces whatever another one mounts by a link
// to /, all the time, from before that one is made.
const swappingFile = `
services:
  db: {image: PROGRAM, command: [data, /var/lib/postgresql/data]}
  thief:
    image: PROGRAM
    command:
    - swap
    - /app/public/deep
    - /app/lib
    - /app/page
    - /app/missing
    - /app/ignored/sub
    - /public/deep
    - /missing/sub
    - /ignored/sub
    volumes: [".:/app", "./public:/public", "./missing:/missing", "./ignored:/ignored"]
    healthcheck: {test: [CMD, /program, there, /swapped], interval: 3s}
    stop_signal: SIGKILL
  peer:
    image: postgres:15
    entrypoint: [sleep, infinity]
    depends_on: {thief: {condition: service_healthy}}
    volumes: ["./public/deep:/deep", "./lib:/code", "./page:/single", "./missing/sub:/sub", "./ignored/sub:/upload", ".:/all"]
    secrets: [key]
    stop_signal: SIGKILL
  web:
    image: PROGRAM
    command: [web, ":8000"]
    ports: ["8000"]
secrets: {key: {file: ./key.pem}}
`

func TestHostile_AServiceWantsARootMountByALink(t *testing.T) {
	f := mountingFixture(t)
	f.write("compose.yaml", swappingFile)
	if err := os.MkdirAll(filepath.Join(f.options.Source.Dir, "ignored/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, f.options.Source.Dir)
	holds := func(step string) {
		t.Helper()
		wants := map[string]string{"cat /single /run/secrets/key": "as committedk"}
		for _, folder := range []string{
			"/deep", "/code", "/sub", "/upload", "/all/lib", "/all/public/deep",
			"/all/missing/sub", "/all/ignored/sub",
		} {
			wants["ls -A "+folder+"/. | grep -xE 'etc|proc|usr|root' || true"] = ""
		}
		f.answers("peer", ":", wants)
		if diff := cmp.Diff(before, snapshot(t, f.options.Source.Dir)); diff != "" {
			t.Errorf("after %s the checkout has changed: %s", step, diff)
		}
		if t.Failed() {
			t.Fatalf("after %s", step)
		}
	}
	number := f.up().Generation
	holds("up")
	f.restartPeer(number)
	holds("a new start of one container")
	if err := f.engine.Stop(t.Context(), f.options.Preview); err != nil {
		t.Fatal(err)
	}
	if _, err := f.engine.Start(t.Context(), f.options.Preview, 0, nil); err != nil {
		t.Fatal(err)
	}
	holds("stop and start")
	f.up()
	holds("an update")
	f.options.KeepData = true
	f.up()
	holds("an update that keeps data")
}

// restartPeer lets the engine mount again what a container has.
func (f *fixture) restartPeer(generation int) {
	f.t.Helper()
	api, patience := f.engine.Docker.Client(), 0
	name := f.options.Preview.ID + "-g" + string(rune('0'+generation)) + "-peer-1"
	if err := api.ContainerRestart(f.t.Context(), name, container.StopOptions{Timeout: &patience}); err != nil {
		f.t.Fatal(err)
	}
	f.await(name+" runs", func() bool {
		found, err := api.ContainerInspect(f.t.Context(), name)
		return err == nil && found.State.Running
	})
}

func TestHostile_AServiceWantsAnotherPlaceByWayOfASharedFolder(t *testing.T) {
	f := mountingFixture(t)
	f.options.Mounts = map[string]string{"./ignored": "shared"}
	f.write("compose.yaml", strings.Replace(swappingFile, `"./missing/sub:/sub", `, "", 1))
	if err := os.MkdirAll(filepath.Join(f.options.Source.Dir, "ignored/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"up", "an update"} {
		if _, err := f.tryUp(); err != nil {
			t.Logf("%s: %v", step, err) // to refuse it is right too
			continue
		}
		if got := f.in("peer", "ls -A /upload/. | grep -xE 'etc|proc|usr|root' || true"); got != "" {
			t.Errorf("after %s it has %q", step, got)
		}
	}
}

func TestHostile_AServiceWantsTheRepositoryOfTheCheckout(t *testing.T) {
	f := mountingFixture(t)
	dir := f.options.Source.Dir
	f.write("compose.yaml", strings.NewReplacer(
		`"./page:/single"]`,
		`"./page:/single", "./.git:/g", "./.git/config:/config", "./link:/l", "./vendor/lib:/vendored"]`,
		"rm -r /app/lib; ", "", "mv /app/public/deep /app/public/moved", "true", "rmdir /app/public/deep", "true",
	).Replace(mountingFile))
	const token = "token-of-the-job"
	for _, name := range []string{
		".git", "vendor/lib/.git", "vendor/upper/.GIT", "ignored/.git",
		"public/.git/modules/x",
	} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		f.write(name+"/config", "[http]\n\textraheader = "+token+"\n")
	}
	f.write("lib/.git", "gitdir: ../.git/modules/lib # "+token+"\n")
	if err := os.Symlink(".git", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	f.up()
	for _, service := range []string{"site", "peer"} {
		// What the file itself mounts of git are empty folders, also at their places.
		if got := f.in(service,
			`find / \( -path /proc -o -path /sys \) -prune -o -type f \( -iname .git -o -ipath '*/.git/*' \) -print 2>/dev/null`); got != "" {
			t.Errorf("%s finds %q", service, got)
		}
		if got := f.in(service,
			`for at in /app /single /missing /ignored /public /deep /g /config /l /vendored; do grep -rl `+token+
				` $at/ $at 2>/dev/null; done; true`); got != "" {
			t.Errorf("%s reads the token in %q", service, got)
		}
	}
}
