package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset"
)

func TestAddReferences_ChangesNoOtherLine(t *testing.T) {
	const reference = `a.b.c -> a.d.e when "k${X}" = E'A\\B'`
	found := &subset.References{References: []subset.Reference{
		{Reference: reference, Rows: 3000, Held: 2999, Holds: true}, {Reference: "a.b.f -> a.d.e", Rows: 3},
	}}
	const line = `- "a.b.c -> a.d.e when \"k$${X}\" = E'A\\\\B'" # 99.9 % of 3,000` + "\n"
	for before, want := range map[string]string{
		"":                                      "subset:\n  references:\n    " + line,
		"# c\nproject: x\n":                     "# c\nproject: x\n\nsubset:\n  references:\n    " + line,
		"subset:\n  mode: curve\n\nmask: {}":    "subset:\n  mode: curve\n  references:\n    " + line + "\nmask: {}\n",
		"subset: {}\nproject: x":                "subset:\n  references:\n    " + line + "project: x\n",
		"subset:\n   references: []\n":          "subset:\n   references:\n     " + line,
		"subset:\n  references: ~\n  # c\n":     "subset:\n  references:\n    " + line + "  # c\n",
		"subset:\n  references:\n  mode: curve": "subset:\n  references:\n    " + line + "  mode: curve\n",
		"subset:\n  references:\n  - a.b.c -> a.d.f # c\n  mode: curve\nproject: x": "subset:\n  references:\n" +
			"  - a.b.c -> a.d.f # c\n  " + line + "  mode: curve\nproject: x\n",
		"subset:\n  references:\n      - a.b.c -> a.d.f\n\n# c\nproject: x": "subset:\n  references:\n" +
			"      - a.b.c -> a.d.f\n      " + line + "\n# c\nproject: x\n",
	} {
		got, err := addReferences([]byte(before), found)
		if err != nil {
			t.Fatalf("%q: %v", before, err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%q:\n%s", before, diff)
		}
		c := &config.Config{}
		if err := c.Parse(config.Name, got, lookup()); err != nil {
			t.Errorf("%s: %v", got, err)
		} else if last := c.Subset.References[len(c.Subset.References)-1]; last != reference {
			t.Errorf("%s is read as %s", got, last)
		}
	}
	for _, braces := range []string{"{project: x}", "subset: {mode: curve}", "subset:\n  references: [a.b.c -> a.d.f]"} {
		if _, err := addReferences([]byte(braces), found); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%q: %v", braces, err)
		}
	}
}
