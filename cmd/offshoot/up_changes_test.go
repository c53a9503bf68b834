package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
)

// A name in a compose file may hold what begins a line of its own, or plays
// tricks on a terminal.
func TestChangeLines_KeepNamesOnTheirLine(t *testing.T) {
	got := changeLines([]compose.Change{{
		Service: "web", What: "mounts ./d\nnl\x1b[31m: a copy of it",
		Why: "so\rit is",
	}}, false)
	if diff := cmp.Diff([]string{changesTitle, `  web: mounts ./d\x0anl: a copy of it (so\x0dit is)`},
		got); diff != "" {
		t.Error(diff)
	}
}
