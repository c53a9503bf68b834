package compose

import (
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func TestHostile_ADockerfileWantsAnotherPreviewsImageByAnotherSpelling(t *testing.T) {
	const theirs = "offshoot/shop-pr-1/web:g1"
	for name, dockerfile := range map[string]string{
		"key in capitals":       "FROM scratch\nRUN --mount=type=bind,From=THEIRS,target=/x true\n",
		"first key in capitals": "FROM scratch\nRUN --mount=FROM=THEIRS,target=/x true\n",
		"argument of a stage":   "ARG A=THEIRS\nFROM scratch\nARG A=busybox\nFROM $A\n",
	} {
		file, err := parser.Parse(strings.NewReader(strings.ReplaceAll(dockerfile, "THEIRS", theirs)))
		if err != nil {
			t.Fatal(err)
		}
		if named := namedImages(file, nil); !slices.Contains(named, theirs) {
			t.Errorf("%s: only %q", name, named)
		}
	}
}
