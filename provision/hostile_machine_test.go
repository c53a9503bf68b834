package provision_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/offshoot-dev/offshoot/provision"
)

func TestHostile_AServiceWantsTheWholeMachine(t *testing.T) {
	f := newLight(t, 61)
	f.write("compose.yaml", strings.NewReplacer(
		"command: [greet", "mem_limit: 1000g, pids_limit: -1, logging: {options: {max-size: 900g}}, command: [greet",
		"tool: {image: PROGRAM, ", "tool: {image: \"postgres:15\", entrypoint: [], ",
	).Replace(lightFile))
	f.options.Migrate = &provision.Migrate{
		Service: "tool",
		Command: []string{"sh", "-c", "cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max"},
	}
	result := f.up()
	info, err := f.engine.Docker.Client().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := f.engine.Docker.Client().ContainerList(t.Context(), container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", "dev.offshoot.preview="+f.options.Preview.ID)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		made, err := f.engine.Docker.Client().ContainerInspect(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		h := made.HostConfig
		if h.Memory <= 0 || h.Memory > info.MemTotal*3/4 {
			t.Errorf("%s has %d bytes of memory, of %d", made.Name, h.Memory, info.MemTotal)
		}
		if h.PidsLimit == nil || *h.PidsLimit <= 0 || *h.PidsLimit > 4096 {
			t.Errorf("%s may have %v processes", made.Name, h.PidsLimit)
		}
		keeper := strings.HasPrefix(made.Name, "/offshoot.") // which does nothing
		if info.CPUCfsQuota && !keeper && (h.NanoCPUs <= 0 || h.NanoCPUs >= int64(info.NCPU)*1e9) {
			t.Errorf("%s has %d thousand millionths of %d processors", made.Name, h.NanoCPUs, info.NCPU)
		}
		if size := h.LogConfig.Config["max-size"]; !keeper && size != "10m" {
			t.Errorf("the log of %s may have %q", made.Name, size)
		}
	}
	if got := strings.Join(result.Migrated.Output, " "); got != "4096" {
		t.Errorf("the migration may have %q processes", got)
	}
}

func TestHostile_AProgramOfTheImageWantsOurMemory(t *testing.T) {
	f := newFixture(t, 62)
	f.options.Timeout = 5 * time.Second
	f.write("loud", "#!/bin/sh\nexec cat /dev/zero\n")
	f.write("compose.yaml", strings.Replace(composeFile, `volumes: ["data:`,
		`entrypoint: [sleep, infinity]
    stop_signal: SIGKILL
    volumes: ["./loud:/usr/local/bin/pg_isready", "data:`, 1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	_, err := f.engine.Up(ctx, f.options, nil)
	var failed *provision.StepError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "printed more than") {
		t.Errorf("error %v", err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.Sys) - int64(before.Sys); grown > 400<<20 {
		t.Errorf("it took %d MB", grown>>20)
	}
}
