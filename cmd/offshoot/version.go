package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

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

func (a *app) versionCommand() *cobra.Command {
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

// buildVersion is the linker's version, else that of the module when it was
// installed by go install, else the commit's.
func buildVersion() versionResult {
	v := versionResult{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				v.Commit = setting.Value
			}
		}
		if v.Version == "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
	}
	if v.Version == "" {
		v.Version = "unknown"
	}
	return v
}
