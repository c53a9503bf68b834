package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/ui"
)

// front answers offshoot without a command: the three things that one can do from here. It asks neither the engine nor
// a server.
func (a setup) front() error {
	rows := [][]string{}
	for _, can := range a.fromHere() {
		rows = append(rows, []string{"  " + can.command, can.does})
	}
	return a.println("A preview environment for every pull request, grown from a cutting of production.\n\n" +
		"From here you can\n\n" + strings.TrimRight(ui.Table(rows), "\n") + "\n\noffshoot --help lists all commands.")
}

// able is a command that makes sense here, and what it does.
type able struct{ command, does string }

func (a setup) fromHere() []able {
	cfg, err := a.config()
	if err != nil {
		return []able{
			{"offshoot doctor", "see what is wrong with " + config.Name},
			{"offshoot init --force", "write it anew, from what is in the checkout"},
			{"offshoot help up", "read how a preview is made"},
		}
	}
	subset := able{"offshoot subset --plan", "see what a small copy of the source would hold"}
	if _, err := a.source(cfg, ""); err != nil {
		subset = able{"offshoot help subset", "read how to make a small copy of a database"}
	}
	switch {
	case cfg.Path != "":
		return []able{
			{"offshoot doctor", "see what is there, and what to do about what is not"},
			subset,
			{"offshoot up", "make a preview of this branch, and print its link"},
		}
	case composed(cfg.ComposeDir()):
		return []able{
			{"offshoot init", "write a first " + config.Name + " from the compose file"},
			subset,
			{"offshoot up --plan", "see what a preview of this branch would be"},
		}
	}
	return []able{
		subset,
		{"offshoot list", "see the previews on the engine of this computer"},
		{"cd PROJECT && offshoot init", "begin with a project that has a compose file"},
	}
}

// composed reports whether a folder has a compose file by one of the usual names.
func composed(dir string) bool {
	for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}
