package mask

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewSample_TakesApartWhatHasParts(t *testing.T) {
	for _, c := range []struct {
		name, value string
		class       class
		array       bool
		parts, keys []string
	}{
		{"a text", "ann@corp.test, or Bob", text, false, nil, nil},
		{"a number", "17", integer, false, nil, nil},
		{
			"a document", ` {"to": {"mail": "ann", "age": 17, "ok": true, "none": null}, "at": ["x", {"y": 1}], "": "", "z": "c"} `,
			jsonText, false,
			[]string{"to", "mail", "ann", "age", "17", "ok", "none", "at", "x", "y", "1", "", "", "z", "c"},
			[]string{"mail", "age", "y", "z"},
		},
		{
			"a list of documents", `[{"mail":"ann"},{"mail":"bob"},"x"]`, text, false,
			[]string{"mail", "ann", "mail", "bob", "x"},
			[]string{"mail", "mail"},
		},
		{"a text in JSON", `"ann"`, jsonText, false, []string{"ann"}, nil},
		{"a number in JSON", `17`, jsonText, false, nil, nil},
		{"a list", `{ann,"b,c",NULL,"d\"e"}`, text, true, []string{"ann", "b,c", `d"e`}, nil},
		{"a row", `(1,"Ann Lee",,t)`, other, false, []string{"1", "Ann Lee", "t"}, nil},
		{"a list of rows", `{"(1,\"Ann Lee\")"}`, other, true, []string{"1", "Ann Lee"}, nil},
		{"doubled quotes", `("say ""hi""",x)`, other, false, []string{`say "hi"`, "x"}, nil},
		{"an hstore", `"mail"=>"ann", "none"=>NULL`, hstore, false, []string{"mail", "ann", "none"}, nil},
		{"XML", `<a b="ann"><c>bob</c></a>`, xmlText, false, []string{"a b", "ann", "c", "bob", "/c", "/a"}, nil},
		{
			"in single quotes", `<a b='ann' c='it''s'>don't</a>`, xmlText, false,
			[]string{"a b", "ann", "c", "it's", "don't", "/a"},
			nil,
		},
		{
			"a list in single quotes", `('ann, lee','b') 'c, d' isn't`, other, false,
			[]string{"ann, lee", "b", "c, d", "isn't"},
			nil,
		},
		{"YAML", "---\nmail: ann\nlist:\n - true\n - bob\n", text, false, []string{"ann", "list:", "bob"}, nil},
		{
			"what PHP writes", `a:1:{s:4:"mail";s:3:"ann";}`, text, false,
			[]string{"a:1:", "s:4:", "mail", "s:3:", "ann"},
			nil,
		},
		{"half a document", `{"mail": "ann", "to`, text, false, []string{"mail", ":", "ann", `"to`}, nil},
		{"bytes that are text", `\x616e6e`, bytea, false, nil, nil},
	} {
		s, ok := newSample(c.value, c.class, c.array)
		if !ok || s.whole == "" {
			t.Errorf("%s: nothing to look at", c.name)
		}
		if diff := cmp.Diff(c.parts, s.parts); diff != "" {
			t.Errorf("%s: parts %s", c.name, diff)
		}
		if diff := cmp.Diff(c.keys, s.keys); diff != "" {
			t.Errorf("%s: keys %s", c.name, diff)
		}
	}
}

func TestNewSample_LooksAtBytesThatAreText(t *testing.T) {
	for value, want := range map[string]string{
		`\x616e6e`: "ann", `\x616e6e0a20`: "ann", `\x00616e6e`: "", `\xff`: "", `\xc3a9`: "é", `\x6`: "", `\x`: "",
		"x": "", " ": "",
	} {
		s, ok := newSample(value, bytea, false)
		if s.whole != want || ok != (want != "") {
			t.Errorf("%q is looked at as %q, %v", value, s.whole, ok)
		}
	}
	if s, ok := newSample(`{"\\x616e6e"}`, bytea, true); !ok || s.whole != `{"\\x616e6e"}` {
		t.Errorf("a list of bytes is looked at as %q, %v", s.whole, ok)
	}
}

func TestNewSample_EndsWithTheMostParts(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		array bool
	}{
		"a document": {"[" + strings.Repeat(`"a",`, 2*mostParts) + `"a"]`, false},
		"a list":     {"{" + strings.Repeat("a,", 2*mostParts) + "a}", true},
	} {
		if s, _ := newSample(c.value, text, c.array); len(s.parts) < mostParts || len(s.parts) > mostParts+1 {
			t.Errorf("%s: %d parts", name, len(s.parts))
		}
	}
	deep := `"x"`
	for range 6 {
		deep = `"{` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(deep) + `}"`
	}
	if s, _ := newSample("{"+deep+"}", text, true); len(s.parts) != 1 || !strings.HasPrefix(s.parts[0], "{") {
		t.Errorf("what is in quotes in quotes without end: %q", s.parts)
	}
}
