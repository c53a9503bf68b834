package compose

import (
	"os"
	"path/filepath"
	"testing"
)

func TestHostile_AServiceWantsSwapAndProcessorsWithoutEnd(t *testing.T) {
	for _, keys := range []string{
		"mem_limit: 1g, memswap_limit: -1", "mem_limit: 1g, memswap_limit: 900g", "memswap_limit: -1",
		"memswap_limit: -1, deploy: {resources: {limits: {memory: 1g}}}", "cpus: 0.5, cpu_quota: -1", "cpu_quota: -1",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "compose.yaml"),
			[]byte("services: {web: {image: busybox, "+keys+"}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, _, err := Load(t.Context(), Source{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		own, _, err := Transform(p, Options{Preview: "p", Generation: 1, CPUs: 1.5, Memory: 3 << 30})
		if err != nil {
			t.Fatal(err)
		}
		if s := own.Services["web"]; s.MemSwapLimit < 0 || s.MemSwapLimit > 6<<30 || s.CPUQuota < 0 {
			t.Errorf("%s: swap %d, quota %d", keys, s.MemSwapLimit, s.CPUQuota)
		}
	}
}
