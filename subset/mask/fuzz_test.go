package mask

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"
)

// sample rules for transformers that need options.
var sampleRules = map[string]Rule{
	"template": {Value: "x{token}"}, "sql": {Value: "1"}, "bucket": {To: "10"},
	"json": {At: []Rule{{Column: "**", As: "text"}}}, "hstore": {At: []Rule{{Column: "*", As: "text"}}}, "xml": {At: []Rule{{Column: "**", As: "text"}}},
}

// FuzzTransformers holds every transformer of text to its promises: no panic,
// valid text, not too long, different values apart.
func FuzzTransformers(f *testing.F) {
	for _, seed := range []string{"", "a", "Jane Roe", "x@y.example", "+49 171 555", "4111111111111111", "DE89370400440532013000", "10.0.0.1/8", "::1", "08:00:2b:01:02:03", "Ünïcödé ǅ 漢字 😀", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"} {
		f.Add(seed, seed+"x", 40)
	}
	f.Fuzz(func(t *testing.T, a, b string, limit int) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || len(a) > 200 || len(b) > 200 {
			return
		}
		for _, k := range kinds() {
			if !k.takes(text) || k.name == "keep" || k.name == "constant" || k.name == "null" || k.name == "sql" {
				continue
			}
			checkText(t, k, a, b, limit)
		}
	})
}

func checkText(t *testing.T, k kind, a, b string, limit int) {
	r := sampleRules[k.name]
	c := field{class: text, limit: limit%200 + max(len(a), len(b))}
	if k.need != nil {
		c.limit = max(c.limit, k.need(r))
	}
	if c.limit < 1 {
		return
	}
	one, other := once("k", k.name, c, r, a), once("k", k.name, c, r, b)
	if !utf8.ValidString(one) || utf8.RuneCountInString(one) > max(c.limit, utf8.RuneCountInString(a)) {
		t.Errorf("%s makes %q of %q, for %d characters", k.name, one, a, c.limit)
	}
	if a != b && one == other && k.apart != nil && k.apart(c, r) != merges {
		t.Errorf("%s makes %q of %q and %q", k.name, one, a, b)
	}
	if a != b && k.apart != nil && k.apart(c, r) == foldedApart && strings.EqualFold(one, other) {
		t.Errorf("%s: %q and %q differ in case only", k.name, one, other)
	}
}

func FuzzCopyText(f *testing.F) {
	f.Add("a\tb\nc\\d\b\f\r\v")
	f.Fuzz(func(t *testing.T, value string) {
		field := escape(nil, value)
		if strings.ContainsAny(string(field), "\t\n") {
			t.Errorf("%q has what ends fields and rows", field)
		}
		if back := unescape(field); back != value || isNull(field) && value != "" {
			t.Errorf("%q becomes %q", value, back)
		}
	})
}

func FuzzNested(f *testing.F) {
	f.Add(`{"a":[1,{"b":"c"},null,true,-1.5e3]}`, `"k"=>"v", "n"=>NULL`, `{a,"b",NULL}`, `<a b="c">d</a>`)
	f.Fuzz(func(t *testing.T, document, pairs, array, markup string) {
		got := once("k", "json", field{class: jsonText}, sampleRules["json"], document)
		if !json.Valid([]byte(got)) {
			t.Errorf("%q becomes %q", document, got)
		}
		once("k", "hstore", field{class: hstore}, sampleRules["hstore"], pairs)
		once("k", "text", field{class: text, array: true}, Rule{}, array)
		got = once("k", "xml", field{class: xmlText}, sampleRules["xml"], markup)
		if xml.Unmarshal([]byte(markup), new(struct{})) == nil && xml.Unmarshal([]byte(got), new(struct{})) != nil {
			t.Errorf("%q becomes %q", markup, got)
		}
	})
}

// FuzzTyped holds transformers of other types to the form of their values.
func FuzzTyped(f *testing.F) {
	f.Add(int64(0), "2020-02-29", "1.50", 3)
	f.Fuzz(func(t *testing.T, n int64, day, amount string, limit int) {
		whole := json.Number("")
		if text, err := json.Marshal(n); err == nil {
			whole = json.Number(text)
		}
		for _, as := range []string{"token", "noise", "bucket"} {
			got := once("k", as, field{class: integer, max: 1<<63 - 1}, sampleRules[as], whole.String())
			if _, err := json.Number(got).Int64(); err != nil {
				t.Errorf("%s makes %q of %s", as, got, whole)
			}
		}
		once("k", "shift", field{class: date}, Rule{}, day)
		once("k", "bucket", field{class: timestamp}, Rule{To: "month"}, day)
		once("k", "noise", field{class: decimal}, Rule{}, amount)
		once("k", "bytes", field{class: bytea}, Rule{}, day)
		once("k", "token", field{class: decimal}, Rule{}, amount)
	})
}
