package mask

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// sample rules for transformers that need options.
var sampleRules = map[string]Rule{
	"template": {Value: "x{token}"}, "sql": {Value: "1"}, "bucket": {To: "10"},
	"json": {At: []Rule{{Column: "**", As: "text"}}}, "hstore": {At: []Rule{{Column: "*", As: "text"}}},
	"xml": {At: []Rule{{Column: "**", As: "text"}}},
}

// variants are the rules that a transformer can have, as far as their options
// change how it works.
func variants(k kind) []Rule {
	rules := []Rule{sampleRules[k.name]}
	for _, keep := range []string{"domain", "host", "prefix", "vendor"} {
		if r := (Rule{As: k.name, Keep: keep}); k.check != nil && len(k.options) == 1 && k.options[0] == "keep" &&
			k.check(r) == "" {
			rules = append(rules, r)
		}
	}
	return rules
}

// FuzzTransformers holds every transformer of text to its promises: no panic,
// valid text, not too long, the same each time, different values apart.
func FuzzTransformers(f *testing.F) {
	for _, seed := range []string{
		"", "a", "Jane Roe", "x@y.example", "+49 171 555", "4111111111111111",
		"DE89370400440532013000", "10.0.0.1/8", "::1", "08:00:2b:01:02:03", "Ünïcödé ǅ 漢字 😀",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8",
	} {
		f.Add(seed, seed+"x", 40, false)
	}
	f.Fuzz(func(t *testing.T, a, b string, limit int, folded bool) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || len(a) > 200 || len(b) > 200 ||
			strings.Contains(a+b, "\x00") {
			return
		}
		for _, k := range kinds() {
			if !k.takes(text) || k.name == "keep" || k.name == "constant" || k.name == "null" || k.name == "sql" {
				continue
			}
			for _, r := range variants(k) {
				checkText(t, k, r, a, b, limit, folded)
			}
		}
	})
}

func checkText(t *testing.T, k kind, r Rule, a, b string, limit int, folded bool) {
	c := field{
		class: text, limit: limit%200 + max(utf8.RuneCountInString(a), utf8.RuneCountInString(b)),
		folded: folded,
	}
	if k.need != nil {
		c.limit = max(c.limit, k.need(r))
	}
	if c.limit < 1 {
		return
	}
	one, other := once("k", k.name, c, r, a), once("k", k.name, c, r, b)
	if again := once("k", k.name, c, r, a); again != one {
		t.Errorf("%s makes %q of %q, and then %q", k.name, one, a, again)
	}
	if !utf8.ValidString(one) || strings.Contains(one, "\x00") ||
		utf8.RuneCountInString(one) > max(c.limit, utf8.RuneCountInString(a)) && r.Keep == "" {
		t.Errorf("%s makes %q of %q, for %d characters", k.name, one, a, c.limit)
	}
	if k.apart == nil || k.apart(c, r) == merges || a == b || folded && alike(a, b) {
		return
	}
	if one == other || folded && alike(one, other) {
		t.Errorf("%s (%s) makes %q and %q of %q and %q", k.name, r.Keep, one, other, a, b)
	}
	if k.apart(c, r) == foldedApart && strings.EqualFold(one, other) {
		t.Errorf("%s: %q and %q differ in case only", k.name, one, other)
	}
}

// alike compares as citext does, which knows no folding beyond lower case.
func alike(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a == b
}

// FuzzElsewhere holds transformers that look at other columns to the same.
func FuzzElsewhere(f *testing.F) {
	f.Add("Lindenstr. 3", "DE", 40)
	f.Fuzz(func(t *testing.T, value, country string, limit int) {
		if !utf8.ValidString(value) || !utf8.ValidString(country) || value == "" || len(value) > 200 ||
			len(country) > 50 {
			return
		}
		for _, as := range []string{"street", "city", "postcode", "address"} {
			k, _ := kindOf(as)
			c := field{class: text, limit: max(limit%200, utf8.RuneCountInString(value), 1)}
			if k.need != nil {
				c.limit = max(c.limit, k.need(Rule{}))
			}
			r := &row{index: map[string]int{"c": 0}, fields: [][]byte{escape(nil, country)}}
			got, ok := k.make(NewKey("k"), c, Rule{Country: "c"})(r, value)
			if again, _ := k.make(NewKey("k"), c, Rule{Country: "c"})(r, value); !ok || got != again ||
				!utf8.ValidString(got) || utf8.RuneCountInString(got) > c.limit {
				t.Errorf("%s makes %q of %q in %q, for %d characters", as, got, value, country, c.limit)
			}
		}
	})
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

// FuzzNested holds what masks inside a value to the form of the whole.
func FuzzNested(f *testing.F) {
	f.Add(`{"a":[1,{"b":"c"},null,true,-1.5e3]}`, `"k"=>"v", "n"=>NULL`, `{a,"b",NULL}`, `<a b="c">d</a>`)
	f.Fuzz(func(t *testing.T, document, pairs, array, markup string) {
		got := once("k", "json", field{class: jsonText}, sampleRules["json"], document)
		if !json.Valid([]byte(got)) ||
			json.Valid([]byte(document)) &&
				got != once("k", "json", field{class: jsonText}, sampleRules["json"], document) {
			t.Errorf("%q becomes %q", document, got)
		}
		hashed := once("k", "hstore", field{class: hstore}, sampleRules["hstore"], pairs)
		if again := once("k", "hstore", field{class: hstore}, Rule{At: []Rule{{Column: "no such key", As: "text"}}},
			hashed); again != hashed {
			t.Errorf("hstore %q becomes %q, which reads as %q", pairs, hashed, again)
		}
		once("k", "text", field{class: text, array: true}, Rule{}, array)
		got = once("k", "xml", field{class: xmlText}, sampleRules["xml"], markup)
		if xml.Unmarshal([]byte(markup), new(struct{})) == nil && xml.Unmarshal([]byte(got), new(struct{})) != nil {
			t.Errorf("%q becomes %q", markup, got)
		}
	})
}

// FuzzArrays masks arrays as the server writes them: as many elements come
// out, each as it would be alone.
func FuzzArrays(f *testing.F) {
	f.Add("a,b", `q"\`, true)
	f.Fuzz(func(t *testing.T, a, b string, null bool) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || len(a)+len(b) > 200 {
			return
		}
		array, want := "{"+quoteText(a)+","+quoteText(b), "{"
		want += quoteText(once("k", "text", plainField, Rule{}, a)) + "," +
			quoteText(once("k", "text", plainField, Rule{}, b))
		if null {
			array, want = array+",NULL", want+",NULL"
		}
		if got := once("k", "text", field{class: text, array: true}, Rule{}, array+"}"); got != want+"}" {
			t.Errorf("%s becomes %s, not %s", array, got, want)
		}
	})
}

// FuzzNumbers holds transformers of numbers to range, digits and uniqueness.
func FuzzNumbers(f *testing.F) {
	f.Add(int64(0), int64(-7), uint8(2), uint8(8))
	f.Add(int64(-1<<63), int64(1<<63-1), uint8(0), uint8(19))
	f.Fuzz(func(t *testing.T, a, b int64, scale, precision uint8) {
		for _, most := range []int64{1<<15 - 1, 1<<31 - 1, 1<<63 - 1} {
			if a > most || a < -most-1 || b > most || b < -most-1 {
				continue
			}
			for _, as := range []string{"token", "phone", "noise", "bucket"} {
				c := field{class: integer, max: most}
				one, other := once("k", as, c, sampleRules[as], strconv.FormatInt(a, 10)), once("k", as, c,
					sampleRules[as], strconv.FormatInt(b, 10))
				n, err := strconv.ParseInt(one, 10, 64)
				if err != nil || n > most || n < -most-1 || strconv.FormatInt(n, 10) != one {
					t.Errorf("%s makes %q of %d, at most %d", as, one, a, most)
				}
				if k, _ := kindOf(as); a != b && one == other && k.apart != nil && k.apart(c, Rule{}) != merges {
					t.Errorf("%s makes %q of %d and %d", as, one, a, b)
				}
			}
		}
		checkDecimal(t, a, b, int(scale%10), int(precision%20)+1)
	})
}

func checkDecimal(t *testing.T, a, b int64, scale, precision int) {
	c := field{class: decimal, fixed: true, scale: min(scale, precision), digits: precision - min(scale, precision)}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	if !limit.IsInt64() {
		return
	}
	spell := func(n int64) string {
		return new(big.Rat).SetFrac(big.NewInt(n%limit.Int64()),
			new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.scale)), nil)).FloatString(c.scale)
	}
	for _, as := range []string{"token", "noise", "bucket"} {
		one, other := once("k", as, c, sampleRules[as], spell(a)), once("k", as, c, sampleRules[as], spell(b))
		n, ok := new(big.Rat).SetString(one)
		if !ok || as != "bucket" && n.FloatString(c.scale) != one ||
			new(big.Rat).Abs(n).Cmp(new(big.Rat).SetFrac(limit,
				new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.scale)), nil))) >= 0 {
			t.Errorf("%s makes %q of %s, numeric(%d,%d)", as, one, spell(a), precision, c.scale)
		}
		if as == "token" && spell(a) != spell(b) && one == other {
			t.Errorf("token makes %q of %s and %s, numeric(%d,%d)", one, spell(a), spell(b), precision, c.scale)
		}
	}
}

// FuzzDates holds transformers of dates to dates.
func FuzzDates(f *testing.F) {
	f.Add(uint16(2020), uint16(59), uint32(86399), 30, "7")
	f.Fuzz(func(t *testing.T, year, day uint16, second uint32, days int, person string) {
		at := time.Date(1+int(year)%9999, 1, 1+int(day)%365, 0, 0, int(second%86400), 0, time.UTC)
		date_, stamp := at.Format(calendar), at.Format("2006-01-02 15:04:05")+"+00"
		days = 1 + max(days, -days, 0)%36500
		for _, r := range []Rule{{Days: days}, {Days: days, By: "p"}} {
			k, _ := kindOf("shift")
			mask := k.make(NewKey("k"), field{class: date}, r)
			here := &row{index: map[string]int{"p": 0}, fields: [][]byte{escape(nil, person)}}
			one, _ := mask(here, date_)
			two, _ := mask(here, stamp)
			got, err := time.Parse(calendar, one)
			if err != nil || one == date_ || r.By != "" && two != one+stamp[len(calendar):] {
				t.Errorf("%s becomes %s, %s becomes %s: %v", date_, one, stamp, two, err)
			}
			if off := got.Sub(at.Truncate(24*time.Hour)).Hours() / 24; off > float64(days) || off < -float64(days) {
				t.Errorf("%s becomes %s, %v days off", date_, one, off)
			}
		}
		for _, to := range []string{"year", "month", "day"} {
			if got, err := time.Parse(calendar,
				once("k", "bucket", field{class: timestamp}, Rule{To: to}, stamp)); err != nil || got.After(at) {
				t.Errorf("%s becomes %v: %v", stamp, got, err)
			}
		}
	})
}

// FuzzAddresses holds transformers of addresses and of bytes to their types.
func FuzzAddresses(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), []byte("0123456789abcdeg"), uint8(24))
	f.Fuzz(func(t *testing.T, a, b []byte, length uint8) {
		if len(a) != 16 || len(b) != 16 {
			return
		}
		for _, size := range []int{4, 16} {
			checkNetwork(t, a[:size], b[:size], int(length)%(8*size+1))
		}
		spell := func(raw []byte) (uuid, mac string) {
			return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:16]),
				fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", raw[0], raw[1], raw[2], raw[3], raw[4], raw[5])
		}
		oneUUID, oneMAC := spell(a)
		otherUUID, otherMAC := spell(b)
		wantApart(t, "uuid", field{class: uuid}, Rule{}, isUUID, oneUUID, otherUUID)
		wantApart(t, "mac", field{class: mac}, Rule{}, isMAC, oneMAC, otherMAC)
		wantApart(t, "mac", field{class: mac}, Rule{Keep: "vendor"}, isMAC, oneMAC, otherMAC)
		if got, want := once("k", "bytes", field{class: bytea}, Rule{}, fmt.Sprintf(`\x%x`, a)), len(a)*2+
			2; len(got) != want {
			t.Errorf("%x becomes %s", a, got)
		}
	})
}

func checkNetwork(t *testing.T, a, b []byte, length int) {
	spell := func(raw []byte) string {
		addr, _ := netip.AddrFromSlice(raw)
		return addr.String()
	}
	network := func(raw []byte) string {
		addr, _ := netip.AddrFromSlice(raw)
		return netip.PrefixFrom(addr, length).Masked().String()
	}
	valid := func(s string) bool { _, err := netip.ParseAddr(s); return err == nil }
	blank := func(s string) bool { p, err := netip.ParsePrefix(s); return err == nil && p.Masked() == p }
	for _, keep := range []string{"", "prefix"} {
		wantApart(t, "ip", field{class: inet}, Rule{Keep: keep}, valid, spell(a), spell(b))
		wantApart(t, "ip", field{class: cidr}, Rule{Keep: keep}, blank, network(a), network(b))
	}
}

func wantApart(t *testing.T, as string, c field, r Rule, valid func(string) bool, a, b string) {
	t.Helper()
	one, other := once("k", as, c, r, a), once("k", as, c, r, b)
	if !valid(one) || valid(a) != valid(one) || a != b && one == other {
		t.Errorf("%s makes %q and %q of %q and %q", as, one, other, a, b)
	}
}
