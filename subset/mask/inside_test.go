package mask

import (
	"fmt"
	"slices"
	"testing"
)

func TestClassify_LooksInsideDocuments(t *testing.T) {
	c := NewClassifier()
	for value, want := range map[string]string{
		"ann@corp.test": "email", "DE89370400440532013000": "bank account", "4111111111111111": "card",
		"123-45-6789": "national number", "123.456.789-09": "national number", "08:00:2B:01:02:03": "device",
		"203.0.113.9": "network address", "$2a$10$abcdefghijklmnopqrstuv": "credential",
		"+49 171 5550199": "phone", "(030) 901820-1": "phone", "0049 171 5550199": "phone",
		"12 Mill Lane": "street", "Mary Johnson": "name",
		// what other things look like too
		"Mary": "", "Johnson": "", "030 901820": "", "79161234567": "", "4111111111111112": "", "nothing": "",
	} {
		document := fmt.Sprintf(`{"v": %q}`, value)
		f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "jsonb", Samples: []string{document, document}})
		if f.Topic != want || ok != (want != "") {
			t.Errorf("%s is taken for %q", value, f.Topic)
		}
		if want == "" {
			continue
		}
		f, _ = c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: []string{document, document}})
		if f.Topic != want || f.As != "scrub" {
			t.Errorf("%s in a text is taken for %q, masked by %s", value, f.Topic, f.As)
		}
	}
}

func TestClassify_MasksTheValueWhereHalfOfThemAreIt(t *testing.T) {
	samples := []string{"ann@corp.test", `{"v": "bob@corp.test"}`}
	c := NewClassifier()
	if f, _ := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: samples}); f.As != "email" {
		t.Errorf("%+v", f)
	}
	samples = append(samples, `{"v": "eve@corp.test"}`)
	if f, _ := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: samples}); f.As != "scrub" {
		t.Errorf("%+v", f)
	}
}

func TestClassify_JudgesDocumentsByTheirKeys(t *testing.T) {
	c := NewClassifier()
	told, plain := `{"email": "hidden", "backup_email": "hidden"}`, `{"colour": "red"}`
	for name, s := range map[string]struct {
		samples []string
		want    bool
	}{
		"half of them":      {[]string{told, told, plain, plain}, true},
		"less than half":    {[]string{told, told, plain, plain, plain}, false},
		"one":               {[]string{told}, false},
		"what says nothing": {[]string{`{"email": ""}`, `{"email": ""}`}, false},
	} {
		f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "jsonb", Samples: s.samples})
		if ok != s.want || ok && f.Topic != "email" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// A fifth of the values is enough, whatever each of them is.
func TestClassify_AddsUpWhatIsPersonal(t *testing.T) {
	c := NewClassifier()
	samples := append(slices.Repeat([]string{"nothing"}, 8), "ann@corp.test", "DE89370400440532013000")
	if f, _ := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: samples}); f.As != "scrub" {
		t.Errorf("%+v", f)
	}
	samples = append(samples, "nothing")
	if f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: samples}); ok {
		t.Errorf("less than a fifth: %+v", f)
	}
}

// Whatever the share, several people's addresses are no chance.
func TestClassify_TakesFiveAddressesForPersonal(t *testing.T) {
	c := NewClassifier()
	texts := func(people, times int) []string {
		samples := slices.Repeat([]string{"nothing of the kind"}, 100)
		for i := range people * times {
			samples = append(samples, fmt.Sprintf("ask a%d@corp.test", i%people))
		}
		return samples
	}
	for name, s := range map[string]struct {
		samples []string
		want    bool
	}{
		"five people": {texts(5, 1), true}, "four people": {texts(4, 3), false}, "one person": {texts(1, 12), false},
	} {
		f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: s.samples})
		if ok != s.want || ok && f.As != "scrub" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestClassify_TakesDigitsForPhonesWhereMostAreOnes(t *testing.T) {
	c := NewClassifier()
	for name, s := range map[string]struct {
		key     bool
		samples []string
		want    string
	}{
		"numbers":           {false, []string{"79161234567", "491511234567", "12025550143"}, "phone"},
		"half of them":      {false, []string{"79161234567", "491511234567", "1", "2"}, "phone"},
		"less than half":    {false, []string{"79161234567", "491511234567", "1", "2", "3"}, ""},
		"one of one":        {false, []string{"79161234567"}, ""},
		"a key of the rows": {true, []string{"79161234567", "491511234567", "12025550143"}, ""},
		"cards":             {false, []string{"4111111111111111", "5500000000000004"}, ""},
	} {
		f, _ := c.Classify(Look{Table: "public.t", Name: "c1", Type: "int8", Key: s.key, Samples: s.samples})
		if f.Topic != s.want {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
