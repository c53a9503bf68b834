package mask

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// once masks one value with a fresh transformer.
func once(key, as string, f field, r Rule, value string) string {
	k, ok := kindOf(as)
	if !ok {
		panic(as)
	}
	r.As = as
	out, _ := (&Column{rule: r, kind: k, field: f}).apply(NewKey(key))(&row{}, value)
	return out
}

var plainField = field{class: text}

func TestToken_KeepsBytesApartWhateverTheirNumber(t *testing.T) {
	for _, bytes := range []int{1, 2, 16, 64, 65, 200, 5000} {
		seen := map[string]bool{}
		for n := range 200 {
			value := `\x` + strings.Repeat("a7", bytes-1) + fmt.Sprintf("%02x", n)
			got := once("k", "token", field{class: bytea}, Rule{}, value)
			if len(got) != len(value) || seen[got] || bytes > 6 && strings.Contains(got, "a7a7a7a7a7") {
				t.Fatalf("%d bytes: %.80s became %.80s", bytes, value, got)
			}
			seen[got] = true
		}
	}
}

func TestTransformers_GiveTheSameForTheSameKeyAndAnotherForAnother(t *testing.T) {
	for _, k := range kinds() {
		if !k.takes(text) || strings.Contains("keep null constant sql template", k.name) {
			continue
		}
		const value = "Jane Roe, +1 (202) 555-0143, jane.roe@corp.example 4111 1111 1111 1111"
		one, again, other := once("a", k.name, plainField, Rule{}, value), once("a", k.name, plainField, Rule{},
			value), once("b", k.name, plainField, Rule{}, value)
		if one != again {
			t.Errorf("%s gives %q and then %q", k.name, one, again)
		}
		if one == other {
			t.Errorf("%s gives %q under two keys", k.name, one)
		}
		if one == value {
			t.Errorf("%s leaves the value as it is", k.name)
		}
	}
}

// A masked value must not change between versions: archives of two would not
// fit together.
func TestTransformers_GiveWhatTheyAlwaysGave(t *testing.T) {
	for _, c := range []struct{ as, value string }{
		{"name", "Ann Lee"},
		{"email", "ann@lee.example"},
		{"phone", "+49 171 5550199"},
		{"iban", "DE89370400440532013000"},
		{"card", "4111 1111 1111 1111"},
		{"uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
		{"ip", "192.0.2.17"},
		{"mac", "08:00:2b:01:02:03"},
		{"text", "Straße 12b"},
		{"token", "x"},
		{"hash", "x"},
	} {
		want := golden[c.as]
		if got := once("golden", c.as, plainField, Rule{}, c.value); got != want {
			t.Errorf("%s makes %q of %q, not %q", c.as, got, c.value, want)
		}
	}
}

func TestTransformers_KeepWhatTheyAreAskedTo(t *testing.T) {
	for _, c := range []struct {
		as, keep, value, prefix, suffix string
	}{
		{"email", "domain", "ann@lee.example", "", "@lee.example"},
		{"url", "host", "http://lee.example/ann?x=1", "http://lee.example/", ""},
		{"ip", "prefix", "192.0.2.17/24", "192.0.2.", "/24"},
		{"ip", "prefix", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:", ""},
		{"mac", "vendor", "08:00:2b:01:02:03", "08:00:2b:", ""},
		{"phone", "", "+49 (171) 555-0199", "+49 (", ""},
		{"iban", "", "GB29 NWBK 6016 1331 9268 19", "GB", ""},
	} {
		got := once("k", c.as, plainField, Rule{Keep: c.keep}, c.value)
		if !strings.HasPrefix(got, c.prefix) || !strings.HasSuffix(got, c.suffix) || got == c.value {
			t.Errorf("%s of %q is %q", c.as, c.value, got)
		}
	}
}

func TestEmail_KeepsNoDomainThatIsNone(t *testing.T) {
	for _, value := range []string{"ann", "ann@", "@", "a@b c.example", "no at sign.example"} {
		if got := once("k", "email", plainField, Rule{Keep: "domain"}, value); !strings.Contains(got, "@example.") {
			t.Errorf("%q becomes %q", value, got)
		}
	}
}

func TestNumbers_KeepTheirCheckDigits(t *testing.T) {
	for _, value := range []string{"4111111111111111", "5500 0000 0000 0004", "3400-0000-0000-009"} {
		if got := once("k", "card", plainField, Rule{}, value); !isCard(got) || got == value || got[0] != value[0] {
			t.Errorf("card %q becomes %q", value, got)
		}
	}
	for _, value := range []string{"DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947"} {
		if got := once("k", "iban", plainField, Rule{}, value); !isIBAN(got) || got == value {
			t.Errorf("iban %q becomes %q", value, got)
		}
	}
}

// Permutations are proved on a domain that is small enough to be listed.
func TestPermutations_MapEveryValueToAnother(t *testing.T) {
	small := field{class: integer, max: 32767}
	seen := map[string]bool{}
	for n := 0; n <= 32767; n++ {
		got := once("k", "token", small, Rule{}, strconv.Itoa(n))
		if v, err := strconv.Atoi(got); err != nil || v > 32767 || len(got) != len(strconv.Itoa(n)) || seen[got] {
			t.Fatalf("%d becomes %q", n, got)
		}
		seen[got] = true
	}
	for _, as := range []string{"text", "phone", "postcode", "uuid", "ip", "iban", "card"} {
		seen := map[string]bool{}
		for n := range 2600 {
			value := string(rune('A'+n%26)) + fmt.Sprintf("%02d", n/26)
			got := once("k", as, plainField, Rule{}, value)
			if seen[got] || len(got) != len(value) {
				t.Fatalf("%s makes %q twice, last of %q", as, got, value)
			}
			seen[got] = true
		}
	}
}

// Valid numbers stay apart from each other and from invalid ones.
func TestPermutations_KeepValidAndInvalidApart(t *testing.T) {
	seen := map[string]string{}
	for n := range 3000 {
		value := fmt.Sprintf("411111111111%04d", n)
		got := once("k", "card", plainField, Rule{}, value)
		if before, twice := seen[got]; twice || isCard(value) != isCard(got) {
			t.Fatalf("%q and %q become %q", before, value, got)
		}
		seen[got] = value
	}
}

func TestIP_IsValidInItsType(t *testing.T) {
	for _, value := range []string{"10.1.2.3", "10.0.0.0/8", "2001:db8::/32", "::1", "0.0.0.0/0", "::ffff:1.2.3.4"} {
		got := once("k", "ip", field{class: cidr}, Rule{}, value)
		if !strings.Contains(value, "/") || strings.HasPrefix(value, "::ffff") {
			continue
		}
		p, err := netip.ParsePrefix(got)
		if err != nil || p.Masked() != p {
			t.Errorf("%q becomes %q: %v", value, got, err)
		}
	}
}

func TestShift_MovesRowsOfOnePersonAlike(t *testing.T) {
	k, _ := kindOf("shift")
	mask := k.make(NewKey("k"), field{class: date}, Rule{By: "person", Days: 20})
	index := map[string]int{"person": 0, "day": 1}
	of := func(person, day string) string {
		got, _ := mask(&row{index: index, fields: [][]byte{[]byte(person), []byte(day)}}, day)
		return got
	}
	a, b := of("7", "2020-02-28"), of("7", "2020-03-01 12:30:00.5+00")
	first, _, _ := day(a)
	second, rest, _ := day(b)
	if second.Sub(first).Hours() != 48 || rest != " 12:30:00.5+00" || a == "2020-02-28" {
		t.Errorf("moved to %s and %s", a, b)
	}
	for _, odd := range []string{"infinity", "-infinity"} {
		if got := of("7", odd); got != odd {
			t.Errorf("%s becomes %s", odd, got)
		}
	}
	for _, odd := range []string{"0044-03-15 BC", "12345-01-01"} {
		if got := of("7", odd); got != "2000-01-01" {
			t.Errorf("%s becomes %s", odd, got)
		}
	}
}

func TestNumbers_AreRoundedAndKeptInTheirType(t *testing.T) {
	for _, c := range []struct {
		as, to, value, want string
		f                   field
	}{
		{"bucket", "10", "37", "30", field{class: integer, max: 32767}},
		{"bucket", "10", "-37", "-40", field{class: integer, max: 32767}},
		{"bucket", "0.5", "3.74", "3.50", field{class: decimal}},
		{"bucket", "year", "2021-07-09", "2021-01-01", field{class: date}},
		{"bucket", "month", "2021-07-09 10:11:12+02", "2021-07-01", field{class: timestamp}},
		{"bucket", "10", "NaN", "NaN", field{class: decimal}},
		{"bucket", "50000", "-32768", "-32767", field{class: integer, max: 32767}},
	} {
		if got := once("k", c.as, c.f, Rule{To: c.to}, c.value); got != c.want {
			t.Errorf("%s of %s to %s is %s, not %s", c.as, c.value, c.to, got, c.want)
		}
	}
	f := field{class: decimal, fixed: true, digits: 2, scale: 2}
	for range 50 {
		got := once("k", "noise", f, Rule{Percent: 100}, "99.99")
		if v, err := strconv.ParseFloat(got, 64); err != nil || v > 99.99 {
			t.Fatalf("99.99 becomes %s", got)
		}
	}
}

func TestScrub_FindsWhatIsInside(t *testing.T) {
	const value = "Aaron Abbott called from +1 202 555 0143 on 2024-05-06 about order 17; mail aaron@corp.example, " +
		"card 4111 1111 1111 1111, IBAN DE89370400440532013000, from 192.0.2.17."
	got := once("k", "scrub", plainField, Rule{}, value)
	for _, secret := range []string{
		"Aaron", "Abbott", "555 0143", "aaron@", "4111 1111 1111 1111",
		"DE89370400440532013000", "192.0.2.17",
	} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is left in %q", secret, got)
		}
	}
	for _, kept := range []string{" called from +1 ", "on 2024-05-06 about order 17; mail "} {
		if !strings.Contains(got, kept) {
			t.Errorf("%q is gone from %q", kept, got)
		}
	}
}

func TestJSON_MasksByPathAndLeavesTheRest(t *testing.T) {
	rule := Rule{At: []Rule{
		{Column: "$.user.email", As: "email"},
		{Column: "friends[*].name", As: "name"},
		{Column: "age", As: "bucket", To: "10"},
		{Column: "**.secret", As: "null"},
		{Column: "$.all", As: "text"},
	}}
	value := `{"user": {"email": "a\u0040b.example", "id": 7}, "friends": [{"name":"Al Bo","x":1.50}, {"name":null}], "age": 37, "deep": {"er": {"secret": "s"}}, "all": ["Ab", {"k": "Cd"}, true]}`
	got := once("k", "json", field{class: jsonText}, rule, value)
	var back struct {
		User struct {
			Email string
			ID    int
		}
		Friends []struct {
			Name *string
			X    json.Number
		}
		Age  int
		Deep struct{ Er struct{ Secret *string } }
		All  []any
	}
	if err := json.Unmarshal([]byte(got), &back); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if back.User.ID != 7 || back.Age != 30 || back.Deep.Er.Secret != nil || !strings.Contains(got, `"x":1.50`) ||
		back.Friends[1].Name != nil {
		t.Errorf("became %s", got)
	}
	for _, secret := range []string{"b.example", "Al Bo", `"s"`, `"Ab"`, `"Cd"`} {
		if strings.Contains(got, secret) {
			t.Errorf("%s is left in %s", secret, got)
		}
	}
	if want := once("k", "email", plainField, Rule{}, "a@b.example"); back.User.Email != want {
		t.Errorf("the address inside became %s, elsewhere %s", back.User.Email, want)
	}
}

func TestHstoreArraysAndXML_AreMaskedInside(t *testing.T) {
	at := []Rule{{Column: "mail", As: "email"}, {Column: "gone", As: "null"}}
	got := once("k", "hstore", field{class: hstore}, Rule{At: at},
		`"mail"=>"a\"b@c.example", "n"=>NULL, "gone"=>"x", "k"=>"v\\w"`)
	want := `"mail"=>"` + once("k", "email", plainField, Rule{}, `a"b@c.example`) +
		`", "n"=>NULL, "gone"=>NULL, "k"=>"v\\w"`
	if got != want {
		t.Errorf("hstore\n got %s\nwant %s", got, want)
	}
	array := field{class: text, array: true}
	one := func(s string) string { return `"` + once("k", "email", plainField, Rule{}, s) + `"` }
	got = once("k", "email", array, Rule{}, `[0:1]={{a@x.example,NULL},{"b \"q\"@x.example",""}}`)
	if want := `[0:1]={{` + one("a@x.example") + `,NULL},{` + one(`b "q"@x.example`) + `,""}}`; got != want {
		t.Errorf("array\n got %s\nwant %s", got, want)
	}
	got = once("k", "xml", field{class: xmlText},
		Rule{At: []Rule{{Column: "p/mail", As: "email"}, {Column: "p/@tel", As: "phone"}}},
		`<p tel="+1 202 555 0143" id="3"><mail>a@x.example</mail><x>y &amp; z</x><!-- a@x.example --></p>`)
	if strings.Contains(got, "555 0143") || strings.Contains(got, "a@x.example") || !strings.Contains(got, `id="3"`) ||
		!strings.Contains(got, "<x>y &amp; z</x>") {
		t.Errorf("xml became %s", got)
	}
}

func TestTemplates_AreFilledOrRefused(t *testing.T) {
	got := once("k", "template", plainField, Rule{Value: "{{u}}-{digit}-{token}@x"}, "v")
	if !strings.HasPrefix(got, "{u}-") || !strings.HasSuffix(got, "@x") || len(got) != len("{u}-0-@x")+tokenLength {
		t.Errorf("filled: %q", got)
	}
	for _, wrong := range []string{"{", "}", "{nobody}", "a{token", "{token}}"} {
		if _, problem := parseTemplate(wrong); problem == "" {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func TestAddresses_AreOfTheCountry(t *testing.T) {
	k, _ := kindOf("postcode")
	mask := k.make(NewKey("k"), plainField, Rule{Country: "c"})
	for code, shape := range map[string]string{"DE": "99999", "nl": "9999 AA", "Poland": "99-999", "": "99999"} {
		got, _ := mask(&row{index: map[string]int{"c": 0}, fields: [][]byte{[]byte(code)}}, "x")
		if s := outline(got); s != shape {
			t.Errorf("a postcode of %q is %q", code, got)
		}
	}
	if got := once("k", "address", field{class: text, limit: 80}, Rule{}, "x"); utf8.RuneCountInString(got) > 80 {
		t.Errorf("%q is too long", got)
	}
}

func outline(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '9'
		case r >= 'A' && r <= 'Z':
			return 'A'
		}
		return r
	}, s)
}

func TestTypes_ThatCallDifferentTextsEqualMaskThemAlike(t *testing.T) {
	if a, b := once("k", "text", field{class: text, folded: true}, Rule{}, "Ann"), once("k", "text",
		field{class: text, folded: true}, Rule{}, "aNN"); a != b {
		t.Errorf("citext: %s and %s", a, b)
	}
	if a, b := once("k", "text", field{class: text, padded: true}, Rule{}, "Ann  "), once("k", "text",
		field{class: text, padded: true}, Rule{}, "Ann"); a != b {
		t.Errorf("char: %s and %s", a, b)
	}
}

func TestKey_IsPrintedNowhere(t *testing.T) {
	if s := fmt.Sprintf("%v %+v %#v %s", NewKey("hunter2"), NewKey("hunter2"), NewKey("hunter2"),
		NewKey("hunter2")); strings.Contains(s, "hunter2") {
		t.Error(s)
	}
}
