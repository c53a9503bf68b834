package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

func TestCheckRun_RefusesAServiceThatTheComposeFileLacks(t *testing.T) {
	dir := t.TempDir()
	file := "services: {web: {image: web}, db: {image: postgres}}\n"
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Dir: dir}
	for service, refused := range map[string]bool{"web": false, "ghost": true} {
		cfg.Checks.Run = &checks.Run{Service: service, Command: []string{"true"}}
		if err := checkRun(t.Context(), cfg); errors.Is(err, hint.ErrUsage) != refused {
			t.Errorf("%s: %v", service, err)
		}
	}
	cfg.Stranger = true
	if err := checkRun(t.Context(), cfg); err != nil {
		t.Errorf("a fork's file: %v", err)
	}
	cfg.Stranger, cfg.Checks.Off = false, true
	if err := checkRun(t.Context(), cfg); err != nil {
		t.Errorf("turned off: %v", err)
	}
}
