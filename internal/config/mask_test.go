package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/mask"
)

func TestConfig_ReadsMasksInTheOrderOfTheFile(t *testing.T) {
	c := &Config{}
	file := "mask:\n  \"*.z\": email\n  a.b.c: {as: shift, days: 3, by: id}\n  a.b.d: null\n  a.b.e:\n    as: json\n" +
		"    at: {$.x: {as: noise, percent: 2.5}}\nprivacy: warn\n" +
		"schema: {comment on *: drop, view a.b: keep}\nscanned: {a.b: [c, d]}\n"
	if err := c.Parse("offshoot.yaml", []byte(file), lookup()); err != nil {
		t.Fatal(err)
	}
	want := []mask.Rule{
		{Column: "*.z", As: "email", Where: "offshoot.yaml:2"},
		{Column: "a.b.c", As: "shift", Days: 3, By: "id", Where: "offshoot.yaml:3"},
		{Column: "a.b.d", As: "null", Where: "offshoot.yaml:4"},
		{
			Column: "a.b.e", As: "json", Where: "offshoot.yaml:6",
			At: []mask.Rule{{Column: "$.x", As: "noise", Percent: 2.5, Where: "offshoot.yaml:7"}},
		},
	}
	if diff := cmp.Diff(want, c.Mask); diff != "" {
		t.Error(diff)
	}
	places := []mask.LiteralRule{
		{Place: "comment on *", As: "drop", Where: "offshoot.yaml:9"},
		{Place: "view a.b", As: "keep", Where: "offshoot.yaml:9"},
	}
	if diff := cmp.Diff(places, c.Schema); diff != "" {
		t.Error(diff)
	}
	if c.Privacy != mask.PrivacyWarn || len(c.Scanned["a.b"]) != 2 {
		t.Errorf("%q, %v", c.Privacy, c.Scanned)
	}
}
