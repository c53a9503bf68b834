package main

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestVersion_IsTheLinkersOrTheModulesOrTheCommits(t *testing.T) {
	built := func(module string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: module}, Settings: settings}
	}
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	for name, c := range map[string]struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		"linked":     {"v1.2.3", built("v9.9.9", commit), "v1.2.3"},
		"go install": {"", built("v1.2.4"), "v1.2.4"},
		"a checkout": {
			"", built("v0.0.0-20261127101500-0123456789ab", commit),
			"v0.0.0-20261127101500-0123456789ab",
		},
		"without a version": {"", built("(devel)", commit), "devel-0123456789ab"},
		"with changes": {
			"", built("", commit, debug.BuildSetting{Key: "vcs.modified", Value: "true"}),
			"devel-0123456789ab-dirty",
		},
		"outside of a checkout":  {"", built("(devel)"), "unknown"},
		"without any build info": {"", nil, "unknown"},
	} {
		if got := versionOf(c.linked, c.info); got.Version != c.want || got.Go == "" || got.Platform == "" {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}

func TestManual_HasAPageForEveryCommand(t *testing.T) {
	a, folder := &app{stdout: os.Stdout, stderr: os.Stderr}, t.TempDir()
	root := a.root()
	if err := writeManual(root, folder, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"offshoot", "offshoot-up", "offshoot-subset", "offshoot-subset-score",
		"offshoot-mask-scan", "offshoot-completion-bash",
	} {
		page, err := os.ReadFile(filepath.Join(folder, name+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, section := range []string{".TH \"", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH EXIT STATUS"} {
			if !strings.Contains(string(page), section) {
				t.Errorf("%s has no %s", name, section)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "offshoot-gateway.1")); err == nil {
		t.Error("a page for a command that only offshoot calls")
	}
	up, err := os.ReadFile(filepath.Join(folder, "offshoot-up.1"))
	if err != nil || !strings.Contains(string(up), "\\fB--archive\\fP") ||
		!strings.Contains(string(up), "\\fBoffshoot(1)\\fP") {
		t.Errorf("%v\n%s", err, up)
	}
}

func TestManual_IsDatedByTheCommit(t *testing.T) {
	built := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "2026-11-05T22:10:00+02:00"}}}
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"in a checkout":          {built, `"Nov 2026"`},
		"without any build info": {nil, `"Jan 1970"`},
	} {
		var pages []string
		for range 2 {
			root := (&app{stdout: os.Stdout, stderr: os.Stderr}).root()
			page, err := manualPage(root, commitDate(c.info))
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, string(page))
		}
		if !strings.Contains(pages[0], c.want) || pages[0] != pages[1] || strings.Contains(pages[0], "Auto generated") {
			t.Errorf("%s: %.300s", name, pages[0])
		}
	}
}
