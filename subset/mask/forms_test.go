package mask

import (
	"math/big"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// holdsFor tests a form by what has it and what almost has it.
func holdsFor(t *testing.T, name string, is func(string) bool, yes, no string) {
	t.Helper()
	for text, want := range map[string]bool{yes: true, no: false} {
		for value := range strings.SplitSeq(text, "|") {
			if is(value) != want {
				t.Errorf("%s of %q: %v", name, value, !want)
			}
		}
	}
}

func TestForms_AreThoseThatServersAndBanksWrite(t *testing.T) {
	holdsFor(t, "a card", isCard,
		"630400000000|6304 0000-0000|4111111111111111|6304000000000000000",
		"|630400000001|63040000000|63040000000000000000|4111111111111111 |4111x111111111111|411111111111111a")
	holdsFor(t, "an IBAN", isIBAN,
		"NO9386011117947|NO93 8601 1117 947|XX32111111111111111111111111111111|NO9800000000022|NO0200000000004",
		"|NO698601111794|XX651111111111111111111111111111111|NO9900000000004|NO0100000000022|NO9386011117948|"+
			"nO9386011117947|No9386011117947|NOA386011117947|NO9A86011117947|NO93-8601-1117-947|N")
	holdsFor(t, "a MAC", isMAC,
		"08:00:2b:01:02:03|08-00-2b-01-02-03|08:00:2b:01:02:03:04:05",
		"08:00:2B:01:02:03|08:00-2b:01:02:03|08.00.2b.01.02.03|08:00:2b:01:02|08:00:2b:01:02:03:04|08:00:2g:01:02:03|")
	holdsFor(t, "a UUID", isUUID,
		"6ba7b810-9dad-41d1-80b4-00c04fd430c8",
		"6ba7b810-9dad-41d1-80b4-00c04fd430c|6ba7b810-9dad-41d1-80b4-00c04fd430cg|6ba7b8109-dad-41d1-80b4-00c04fd430c8|"+
			"6ba7b810-9dad-41d1080b4-00c04fd430c8|")
	holdsFor(t, "a domain", isDomain,
		"corp.test|a-b.Co9.uk|"+strings.Repeat("a", 251)+".b", "corp|corp_1.test|ann@corp.test|ü.test|"+
			strings.Repeat("a", 252)+".b")
}

func TestASCII_LeavesWhatAnAddressMayHold(t *testing.T) {
	if got := ascii("Az_zü.9-0 a"); got != "z_z.90a" {
		t.Errorf("%q", got)
	}
}

func TestMoved_StaysInTheYearsThatADateHas(t *testing.T) {
	for _, c := range []struct {
		value string
		days  int
		want  string
	}{
		{"2020-02-28", 1, "2020-02-29"},
		{"2020-01-01 10:00:00+02", -1, "2019-12-31 10:00:00+02"},
		{"0001-01-01", -1, "0001-01-02"},
		{"9999-12-31", 2, "9999-12-29"},
		{"infinity", 1, "infinity"},
		{"-infinity", 1, "-infinity"},
		{"0044-03-15 BC", 1, "2000-01-01"},
		{"10000-01-01", 1, "2000-01-01"},
		{"2020-02", 1, "2000-01-01"},
		{"2020-02-30", 1, "2000-01-01"},
		{"0000-05-05", 1, "2000-01-01"},
	} {
		if got := moved(c.value, c.days); got != c.want {
			t.Errorf("%s by %d: %s, want %s", c.value, c.days, got, c.want)
		}
	}
	for value, want := range map[string]string{
		"2020-05-17 10:00:00": "2020-05-01 2020-01-01 2020-05-17", "infinity": "infinity infinity infinity",
		"nonsense": "2000-01-01 2000-01-01 2000-01-01",
	} {
		got := rounded(value, "month") + " " + rounded(value, "year") + " " + rounded(value, "day")
		if got != want {
			t.Errorf("%s: %s", value, got)
		}
	}
}

func TestNumbers_StayWithinTheirColumn(t *testing.T) {
	number := func(text string) *big.Rat { n, _ := new(big.Rat).SetString(text); return n }
	for value, want := range map[string]string{
		"127.4": "127", "127.6": "127", "126.6": "127", "-127.6": "-127", "-126.4": "-126", "0": "0",
	} {
		if got := clamped(number(value), 127); got != want {
			t.Errorf("%s as a whole number: %s", value, got)
		}
	}
	if got := clamped(number("12345678901234567890"), 0); got != "9223372036854775807" {
		t.Errorf("without a limit: %s", got)
	}
	price, any := field{class: decimal, fixed: true, digits: 2, scale: 2}, field{class: decimal}
	cents := field{class: decimal, fixed: true, scale: 2}
	for _, c := range []struct {
		value string
		field field
		want  string
	}{
		{"99.99", price, "99.99"},
		{"100", price, "99.99"},
		{"-100", price, "-99.99"},
		{"-99.99", price, "-99.99"},
		{"100", any, "100.00"},
		{"1", cents, "0.99"},
		{"-1", cents, "-0.99"},
	} {
		if got := bounded(number(c.value), c.field).FloatString(2); got != c.want {
			t.Errorf("%s in %+v: %s", c.value, c.field, got)
		}
	}
	double := func(n *big.Rat) *big.Rat { return new(big.Rat).Add(n, n) }
	for _, c := range []struct {
		value string
		field field
		want  string
	}{
		{"1.50", any, "3.00"},
		{"7", any, "14"},
		{"1.5e3", any, "3000"},
		{"1e-3", any, "0.002"},
		{"NaN", any, "NaN"},
		{"1e+401", any, "0"},
		{"1e-401", any, "0"},
		{"1ex", any, "0"},
		{"100", field{class: integer, max: 127}, "127"},
	} {
		if got := scaled(c.value, c.field, double); got != c.want {
			t.Errorf("twice %s: %s, want %s", c.value, got, c.want)
		}
	}
}

func TestSampled_ReadsOfLongValuesTheBeginAndTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		detail catalog.ColumnDetail
		want   string // what is read of it: all, left and right, or substring
	}{
		"a number":       {catalog.ColumnDetail{Base: "int4"}, "all"},
		"a name":         {catalog.ColumnDetail{Base: "name", Modifier: -1}, "all"},
		"a text":         {catalog.ColumnDetail{Base: "text", Modifier: -1}, "left"},
		"a short text":   {catalog.ColumnDetail{Base: "varchar", Modifier: 64}, "all"},
		"the longest":    {catalog.ColumnDetail{Base: "varchar", Modifier: half + 4}, "all"},
		"a longer one":   {catalog.ColumnDetail{Base: "varchar", Modifier: half + 5}, "left"},
		"a list":         {catalog.ColumnDetail{Base: "int4", Array: true}, "left"},
		"a document":     {catalog.ColumnDetail{Base: "jsonb"}, "left"},
		"somebody's":     {catalog.ColumnDetail{Base: "point"}, "left"},
		"bytes":          {catalog.ColumnDetail{Base: "bytea"}, "substring"},
		"lists of bytes": {catalog.ColumnDetail{Base: "bytea", Array: true}, "left"},
	} {
		got := Sampled("c", c.detail)
		if (got == `"c"`) != (c.want == "all") || c.want != "all" && !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestTrimNumbers_LeavesAName(t *testing.T) {
	for parts, want := range map[string]string{"line 2 3": "line", "7": "7", "7 8": "7", "a 1 b": "a 1 b"} {
		if got := strings.Join(trimNumbers(strings.Fields(parts)), " "); got != want {
			t.Errorf("%s: %s", parts, got)
		}
	}
}

func TestTemplate_KeepsValuesApartByATokenOrAHash(t *testing.T) {
	for value, want := range map[string]distinct{
		"{token}": foldedApart, "a {hash}": foldedApart, "{first_name}": merges, "{{token}": merges, "{{hash}}": merges, "": merges,
	} {
		if got := templateApart(field{}, Rule{Value: value}); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}
