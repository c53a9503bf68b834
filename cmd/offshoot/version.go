package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the linker: -X main.version=v1.2.3.
var version string

type versionResult struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a setup) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "print the version of offshoot",
		Example: "  offshoot version\n  offshoot version --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			if a.json {
				a.result = v
				return nil
			}
			line := "offshoot " + v.Version
			if v.Commit != "" {
				line += " (" + v.Commit + ")"
			}
			return a.println(fmt.Sprintf("%s %s %s", line, v.Go, v.Platform))
		},
	}
	a.jsonFlag(c)
	return c
}

// buildVersion is the version of this program.
func buildVersion() versionResult {
	info, _ := debug.ReadBuildInfo()
	return versionOf(version, info)
}

// clean is the commit that this program was built from, if nothing was changed.
func (v versionResult) clean() string {
	if strings.HasSuffix(v.Version, "dirty") {
		return ""
	}
	return v.Commit
}

// versionOf is the linker's version, else that of the module, which go install
// and a build in a checkout know, else the commit's.
func versionOf(linked string, info *debug.BuildInfo) versionResult {
	v := versionResult{Version: linked, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info == nil {
		info = &debug.BuildInfo{}
	}
	changed := ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			v.Commit = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			changed = "-dirty"
		}
	}
	if v.Version == "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	if v.Version == "" && v.Commit != "" {
		v.Version = "devel-" + short(v.Commit, 12) + changed
	}
	if v.Version == "" {
		v.Version = "unknown"
	}
	return v
}
