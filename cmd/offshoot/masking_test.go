package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

func TestMasking_IsStrictUnlessSomebodySaysOtherwise(t *testing.T) {
	for _, c := range []struct {
		configured  mask.Privacy
		given, want string
	}{{"", "", "strict"}, {"warn", "", "warn"}, {"warn", "strict", "strict"}, {"", "off", "off"}} {
		a := &app{lookup: lookup(maskKey, "0123456789abcdef"), secrets: &ui.Secrets{}}
		m, err := a.above().masking(&config.Config{Privacy: c.configured}, c.given)
		if err != nil || string(m.Privacy) != c.want || m.Fresh {
			t.Errorf("%q and %q: %+v, %v", c.configured, c.given, m, err)
		}
	}
	m, err := (&app{lookup: lookup()}).above().masking(&config.Config{}, "")
	if err != nil || !m.Fresh {
		t.Errorf("without a key: %+v, %v", m, err)
	}
	if _, err := (&app{lookup: lookup(maskKey, "guessme")}).above().masking(&config.Config{}, ""); !errors.Is(err,
		hint.ErrUsage) || strings.Contains(err.Error(), "guessme") {
		t.Errorf("a short key: %v", err)
	}
}

func TestAddRules_ChangesNoOtherLine(t *testing.T) {
	scan := &subset.Scan{Seen: map[string][]string{"a.b": {"c", "${D}"}}, Findings: []subset.ScanFinding{
		{Finding: mask.Finding{Topic: "email", Confidence: 0.9}, Suggest: mask.Rule{Column: "a.b.c", As: "email"}},
		{Finding: mask.Finding{Topic: "name"}, Rule: "name"},
		{Finding: mask.Finding{Table: "a.b", Name: "e", Topic: "phone"}},
	}}
	const rule = "a.b.c: email # email, 90 %\n"
	const open = "# \"a.b.e\": # phone: write keep, or sql with an expression\n"
	const list = "scanned:\n  \"a.b\": [\"c\", \"$${D}\"]\n"
	for before, want := range map[string]string{
		"":                                 "mask:\n  " + rule + "  " + open + "\n" + list,
		"# c\n":                            "# c\n\nmask:\n  " + rule + "  " + open + "\n" + list,
		"mask: {}\nproject: x\n":           "mask:\n  " + rule + "  " + open + "project: x\n\n" + list,
		"mask:\n   x.y.z: keep\n":          "mask:\n   x.y.z: keep\n   " + rule + "   " + open + "\n" + list,
		"scanned:\n  x: [y]\nproject: x\n": list + "project: x\n\nmask:\n  " + rule + "  " + open,
	} {
		got, err := addRules([]byte(before), scan)
		if err != nil {
			t.Fatalf("%q: %v", before, err)
		}
		c := &config.Config{}
		if err := c.Parse(config.Name, got, lookup()); err != nil || c.Scanned["a.b"][1] != "${D}" {
			t.Errorf("%q: %v, %v", got, err, c.Scanned)
		}
		if before != "scanned:\n  x: [y]\nproject: x\n" && want != string(got) {
			t.Errorf("%q becomes\n%s\nnot\n%s", before, got, want)
		}
	}
	for _, braces := range []string{"{project: x}", "mask: {a.b.d: keep}"} {
		if _, err := addRules([]byte(braces), scan); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%q: %v", braces, err)
		}
	}
}
