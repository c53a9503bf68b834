package mask

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Each case is a value, and what its masked value must look like.
func TestTransformers_GiveValuesOfTheRightForm(t *testing.T) {
	for _, c := range []struct{ as, value, want string }{
		{"name", "JANE ROE", `^\p{Lu}[\pL'-]+ \p{Lu}[\pL'-]+$`},
		{"first_name", "Jane", `^\p{Lu}[\pL'-]+$`},
		{"last_name", "Roe", `^\p{Lu}[\pL' -]+$`},
		{"company", "Roe & Sons", `^\p{Lu}[\pL'-]+ (Inc|Ltd|LLC|Corp|AG)$`},
		{"email", "jane@roe.example", `^[a-z.]+\.[a-z2-9]{16}@example\.(com|net|org)$`},
		{"email", "no address at all", `^[a-z.]+\.[a-z2-9]{16}@example\.(com|net|org)$`},
		{"username", "jane77", `^[a-z]+_[a-z2-9]{16}$`},
		{"url", "http://jane.example/~x", `^http://example\.(com|net|org)/[a-z2-9]{16}$`},
		{"url", "ftp://jane.example", `^https://example\.(com|net|org)/[a-z2-9]{16}$`},
		{"phone", "+49 171 5550199", `^\+49 \d{3} \d{7}$`},
		{"phone", "+1 (202) 555-0143", `^\+1 \(\d{3}\) \d{3}-\d{4}$`},
		{"phone", "0171/5550199", `^\d{4}/\d{7}$`},
		{"phone", "555-0143 ext. 9", `^\d{3}-\d{4} [a-z]{3}\. \d$`},
		{"postcode", "SW1A 1AA", `^[A-Z]{2}\d[A-Z] \d[A-Z]{2}$`},
		{"postcode", "10115", `^\d{5}$`},
		{"postcode", "D-10115", `^[A-Z]-\d{5}$`},
		{"street", "Main St 1", `^\d+ .+ Street$`},
		{"address", "somewhere", `^\d+ .+ Street, .+ \d{5}$`},
		{"iban", "DE89 3704 0044 0532 0130 00", `^DE\d{2} \d{4} \d{4} \d{4} \d{4} \d{2}$`},
		{"iban", "DE00 3704 0044 0532 0130 00", `^[A-Z]{2}\d{2} \d{4} \d{4} \d{4} \d{4} \d{2}$`},
		{"card", "4111-1111-1111-1111", `^4\d{3}-\d{4}-\d{4}-\d{4}$`},
		{"card", "1234", `^\d{4}$`},
		{"ip", "192.0.2.17", `^\d+\.\d+\.\d+\.\d+$`},
		{"ip", "2001:db8::1", `^[0-9a-f:]+$`},
		{"ip", "unknown", `^[a-z]{7}$`},
		{"mac", "08:00:2b:01:02:03", `^([0-9a-f]{2}:){5}[0-9a-f]{2}$`},
		{"mac", "08-00-2b-01-02-03-04-05", `^([0-9a-f]{2}-){7}[0-9a-f]{2}$`},
		{
			"uuid", "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
			`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`,
		},
		{"text", "Ab-12 ü!", `^[A-Z][a-z]-\d{2} [ø-ÿ]!$`},
		{"hash", "x", `^[0-9a-f]{32}$`},
		{"token", "x", `^[a-z2-9]{16}$`},
	} {
		got := once("k", c.as, plainField, Rule{}, c.value)
		if !regexp.MustCompile(c.want).MatchString(got) || strings.EqualFold(got, c.value) {
			t.Errorf("%s of %q is %q, not like %s", c.as, c.value, got, c.want)
		}
	}
}

func TestTransformers_LeaveNothingAsNothing(t *testing.T) {
	for _, k := range kinds() {
		if !k.takes(text) || k.name == "null" || k.name == "constant" || k.name == "sql" {
			continue
		}
		if got := once("k", k.name, plainField, sampleRules[k.name], ""); got != "" {
			t.Errorf("%s makes %q of nothing", k.name, got)
		}
	}
	m := (&Plan{}).rows(&catalog.Table{}, []string{"a"})
	m.masked = []maskedField{{at: 0, mask: always(func(string) string { return "masked" })}}
	if out, err := m.block([]byte("\\N\nx\n\n")); err != nil || string(out) != "\\N\nmasked\nmasked\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// Room for so many characters: lists give words that fit, tokens are cut.
func TestTransformers_FitIntoTheColumn(t *testing.T) {
	for as, rooms := range map[string][]int{
		"name": {15, 20, 40}, "first_name": {3, 5, 10}, "last_name": {5, 8, 20}, "company": {10, 15, 30},
		"email": {28, 40, 60}, "username": {4, 16, 30},
		"url": {36, 60}, "street": {30, 40}, "city": {12, 20}, "address": {80, 100}, "hash": {8, 20, 31, 40},
		"token": {8, 15, 20}, "scrub": {50, 60},
	} {
		for _, room := range rooms {
			for n := range 50 {
				value := fmt.Sprintf("value %d", n)
				if got := once("k", as, field{class: text, limit: room}, Rule{},
					value); utf8.RuneCountInString(got) > room || got == "" {
					t.Errorf("%s makes %q of %q for %d characters", as, got, value, room)
				}
			}
		}
	}
}

func TestTransformers_WorkInEveryScript(t *testing.T) {
	for _, value := range []string{
		"Łódź", "Žižka 7", "Αθήνα", "Москва 12", "תל אביב", "さくら", "サクラ", "北京市", "서울",
		"दिल्ली", "กรุงเทพ", "café", "ﬁn", "Ǆ", "e\u0301", "👩‍👩‍👧 x",
	} {
		got := once("k", "text", plainField, Rule{}, value)
		if utf8.RuneCountInString(got) != utf8.RuneCountInString(value) || len(got) != len(value) ||
			!utf8.ValidString(got) {
			t.Errorf("%q becomes %q", value, got)
		}
		was := []rune(value)
		for i, r := range []rune(got) {
			if unicode.IsLetter(r) != unicode.IsLetter(was[i]) || unicode.IsUpper(r) != unicode.IsUpper(was[i]) ||
				unicode.IsDigit(r) != unicode.IsDigit(was[i]) {
				t.Errorf("%q becomes %q: %q is not like %q", value, got, r, was[i])
			}
		}
	}
}

func TestTransformers_OfDifferentPurposesHaveNothingInCommon(t *testing.T) {
	seen := map[string]string{}
	for _, as := range []string{"token", "hash", "email", "username", "url"} {
		got := once("k", as, plainField, Rule{}, "ann@corp.test")
		for other, as2 := range seen {
			if tail := got[len(got)-8:]; strings.Contains(other, tail) && as != "url" {
				t.Errorf("%s of %s is in %s of %s", tail, as, other, as2)
			}
		}
		seen[got] = as
	}
	one := once("k", "template", plainField, Rule{Value: "{token}"}, "x")
	if other := once("k", "template", plainField, Rule{Value: "{token}."}, "x"); strings.HasPrefix(other, one) {
		t.Errorf("two templates give %s", one)
	}
}

func TestShift_MovesByNoMoreThanItsDays(t *testing.T) {
	for _, value := range []string{
		"2020-02-29", "1999-12-31", "0001-01-01", "9999-12-31", "2024-03-31 02:30:00+00",
		"1970-01-01 00:00:00.123456",
	} {
		for _, days := range []int{1, 7, 365, 36500} {
			got := once("k", "shift", field{class: timestamp}, Rule{Days: days}, value)
			from, rest, _ := day(value)
			to, kept, ok := day(got)
			if off := to.Sub(from).Hours() / 24; !ok || off == 0 || off > float64(2*days) || off < -float64(2*days) ||
				kept != rest {
				t.Errorf("%s becomes %s by %d", value, got, days)
			}
			if _, err := time.Parse(calendar, got[:10]); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestShift_NeedsNothingOfOthersWithoutBy(t *testing.T) {
	k, _ := kindOf("shift")
	mask := k.make(NewKey("k"), field{class: date}, Rule{Days: 5, By: "person"})
	missing, _ := mask(&row{}, "2020-01-01")
	null, _ := mask(&row{index: map[string]int{"person": 0}, fields: [][]byte{[]byte(`\N`)}}, "2020-01-01")
	if missing != null || missing == "2020-01-01" {
		t.Errorf("%s without the column, %s with NULL in it", missing, null)
	}
}

func TestNoise_StaysNearAndInItsType(t *testing.T) {
	for _, c := range []struct {
		value   string
		f       field
		percent float64
	}{
		{"100000", field{class: integer, max: 1<<31 - 1}, 10},
		{"-100000", field{class: integer, max: 1<<31 - 1}, 10},
		{"123456.78", field{class: decimal, fixed: true, digits: 8, scale: 2}, 50},
		{"0.000001234", field{class: decimal}, 10},
		{"1.5e+300", field{class: decimal}, 10},
		{"-1.5e-300", field{class: decimal}, 10},
		{"32767", field{class: integer, max: 32767}, 100},
	} {
		got := once("k", "noise", c.f, Rule{Percent: c.percent}, c.value)
		was, _ := strconv.ParseFloat(c.value, 64)
		is, err := strconv.ParseFloat(got, 64)
		if ratio := is / was; err != nil || ratio > 1.0001+c.percent/100 || ratio < 0.9999-c.percent/100 {
			t.Errorf("%s becomes %s", c.value, got)
		}
	}
	for _, value := range []string{"NaN", "Infinity", "-Infinity", "0", "0.00"} {
		if got := once("k", "noise", field{class: decimal}, Rule{}, value); got != value {
			t.Errorf("%s becomes %s", value, got)
		}
	}
	if got := once("k", "noise", field{class: decimal}, Rule{}, "1e999999999"); got != "0" {
		t.Errorf("a number that would fill the memory becomes %.20s", got)
	}
}

func TestBucket_RoundsDown(t *testing.T) {
	for _, c := range []struct{ value, to, want string }{
		{"99", "100", "0"}, {"100", "100", "100"}, {"-1", "100", "-100"}, {"12345", "0.1", "12345"}, {"0", "7", "0"},
	} {
		if got := once("k", "bucket", field{class: integer, max: 1<<31 - 1}, Rule{To: c.to}, c.value); got != c.want {
			t.Errorf("%s to %s: %s, not %s", c.value, c.to, got, c.want)
		}
	}
	for _, to := range []string{"", "0", "-5", "week", "1e", "Inf", "NaN", "0x10p"} {
		if problem := buckets(Rule{As: "bucket", To: to}); problem == "" {
			t.Errorf("bucket to %q is accepted", to)
		}
	}
}

func TestDecimal_TokensKeepTheirForm(t *testing.T) {
	f := field{class: decimal, fixed: true, digits: 4, scale: 2}
	seen := map[string]string{}
	for n := -3000; n <= 3000; n++ {
		value := fmt.Sprintf("%.2f", float64(n)/100)
		got := once("k", "token", f, Rule{}, value)
		if before, twice := seen[got]; twice || len(got) != len(value) || got[0] == '-' != (n < 0) {
			t.Fatalf("%s becomes %s, as %s does", value, got, before)
		}
		seen[got] = value
	}
	for value, want := range map[string]string{
		"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity",
		"1e5": "0", "": "0", "1.": "0", "--1": "0",
	} {
		if got := once("k", "token", f, Rule{}, value); got != want {
			t.Errorf("%q becomes %q, not %q", value, got, want)
		}
	}
}

func TestIP_KeepsFamiliesApart(t *testing.T) {
	seen := map[string]string{}
	for n := range 4096 {
		for _, value := range []string{fmt.Sprintf("10.%d.%d.1", n/256, n%256), fmt.Sprintf("2001:db8::%x", n+1)} {
			got := once("k", "ip", field{class: inet}, Rule{}, value)
			one, err := netip.ParseAddr(got)
			if was := netip.MustParseAddr(value); err != nil || one.Is4() != was.Is4() || seen[got] != "" {
				t.Fatalf("%s becomes %s, as %s does: %v", value, got, seen[got], err)
			}
			seen[got] = value
		}
	}
}

// A column of 18 characters holds IPv4 addresses with their networks, and no
// other of IPv6 than the shortest.
func TestIP_FitsShortColumns(t *testing.T) {
	for _, value := range []string{"255.255.255.255/32", "1.2.3.4", "::1", "fe80::1"} {
		if got := once("k", "ip", field{class: text, limit: widestIPv4}, Rule{}, value); len(got) > widestIPv4 ||
			got == value {
			t.Errorf("%s becomes %s", value, got)
		}
	}
}

func TestIBAN_OfEveryCountryStaysValid(t *testing.T) {
	for _, value := range []string{
		"AT611904300234573201", "BE68539007547034", "CH9300762011623852957", "DE89370400440532013000",
		"ES9121000418450200051332", "FR1420041010050500013M02606", "GB82WEST12345698765432",
		"IE29AIBK93115212345678", "IT60X0542811101000000123456", "MT84MALT011000012345MTLCAST001S",
		"NL91ABNA0417164300", "NO9386011117947", "PL61109010140000071219812874", "PT50000201231234567890154",
		"SE4550000000058398257466",
	} {
		if !isIBAN(value) {
			t.Fatalf("%s is none", value)
		}
		if got := once("k", "iban", plainField, Rule{}, value); !isIBAN(got) || got[:2] != value[:2] ||
			len(got) != len(value) || got == value {
			t.Errorf("%s becomes %s", value, got)
		}
	}
}

func TestBytes_AreAsManyAndOthers(t *testing.T) {
	for _, value := range []string{`\x`, `\x00`, `\xdeadbeef`, `\x` + strings.Repeat("ab", 1000)} {
		got := once("k", "bytes", field{class: bytea}, Rule{}, value)
		if len(got) != len(value) || !strings.HasPrefix(got, `\x`) || len(value) > 6 && got == value {
			t.Errorf("%.20s becomes %.20s", value, got)
		}
	}
}

func TestScrub_LeavesOrdinaryTextAlone(t *testing.T) {
	for _, value := range []string{
		"the order of 2024-05-06 came at 10:30 with 12 boxes", "total 1234.56 EUR, 3 x 19.99",
		"see chapter 3.2.1 and table 7", "room 101-105", "no. 12", "a@b", "v1.2.3",
	} {
		if got := once("k", "scrub", plainField, Rule{}, value); got != value {
			t.Errorf("%q becomes %q", value, got)
		}
	}
}

func TestScrub_MasksAsElsewhere(t *testing.T) {
	const address = "ann@corp.test"
	if got, want := once("k", "scrub", plainField, Rule{}, "mail "+address+" now"), "mail "+
		once("k", "email", plainField, Rule{}, address)+" now"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	for _, secret := range []string{
		"DE89370400440532013000", "4111 1111 1111 1111", "+49 171 5550199", "203.0.113.9",
		"fe80:0:0:0:1:2:3:4", "https://corp.test/ann?token=1",
	} {
		for _, around := range []string{"%s", "(%s)", "x %s, y", "«%s»", "\n%s\n"} {
			if got := once("k", "scrub", plainField, Rule{}, fmt.Sprintf(around, secret)); strings.Contains(got,
				secret) {
				t.Errorf("%q is left in %q", secret, got)
			}
		}
	}
}

func TestJSON_LeavesOtherBytesAsTheyAre(t *testing.T) {
	for _, value := range []string{
		`{}`, `[]`, `null`, `{"b": 1.50, "a" : [ true, false, null ] }`,
		"{\"x\":\"\\u00e9\\n\"}", `12345678901234567890.123`, `"alone"`,
	} {
		if got := once("k", "json", field{class: jsonText}, Rule{At: []Rule{{Column: "$.none", As: "text"}}},
			value); got != value {
			t.Errorf("%s becomes %s", value, got)
		}
	}
	for _, broken := range []string{``, `{`, `{"a":}`, `nul`, "\xff"} {
		if got := once("k", "json", field{class: jsonText}, sampleRules["json"], broken); got != "null" {
			t.Errorf("%q becomes %q", broken, got)
		}
	}
}

func TestJSON_TheFirstPathThatFitsCounts(t *testing.T) {
	rule := Rule{At: []Rule{
		{Column: "$.a.keep", As: "keep"},
		{Column: "$.a", As: "null"},
		{Column: "**.b", As: "constant", Value: "x"},
		{Column: "l[1]", As: "constant", Value: "second"},
		{Column: "n.*", As: "bucket", To: "10"},
	}}
	got := once("k", "json", field{class: jsonText}, rule,
		`{"a":{"keep":"1","other":"2"},"b":"3","c":{"d":[{"b":"4"}]},"l":["5","6"],"n":{"x":17,"y":"17"}}`)
	want := `{"a":{"keep":"1","other":null},"b":"x","c":{"d":[{"b":"x"}]},"l":["5","second"],"n":{"x":10,"y":"10"}}`
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("not valid")
	}
}

func TestPaths_AreRead(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		fits          bool
	}{
		{"$.a.b", "a b", true},
		{"a.b", "a b c", true},
		{"$.a.b", "a", false},
		{"$.a[*].b", "a 0 b", true},
		{"a/b/@c", "a b @c", true},
		{"**", "x y", true},
		{"**.z", "x y z", true},
		{"**.z", "x y", false},
		{"*.b", "a b", true},
		{"*.b", "b", false},
		{"a.**.c", "a c", true},
		{"a.**.c", "a b b c", true},
		{"$", "x", true},
	} {
		if got := pathFits(splitPath(c.pattern), strings.Fields(c.path)); got != c.fits {
			t.Errorf("%s at %s: %v", c.pattern, c.path, got)
		}
	}
}

func TestHstore_LosesWhatCannotBeRead(t *testing.T) {
	for value, want := range map[string]string{
		`"a"=>"b", c`: "", `"a"`: "", `a=>b`: "", ``: ``, `"a"=>"b`: "", `"a`: "", `"a"=>b`: "", `"a\`: "",
		`"a"=>NULL`: `"a"=>NULL`,
	} {
		if got := once("k", "hstore", field{class: hstore}, Rule{At: []Rule{{Column: "other", As: "text"}}},
			value); got != want {
			t.Errorf("%s becomes %s", value, got)
		}
	}
}

func TestXML_StaysWellFormed(t *testing.T) {
	at := Rule{At: []Rule{
		{Column: "p/n", As: "constant", Value: `<&">`},
		{Column: "**/@m", As: "constant", Value: `"'`},
	}}
	for value, want := range map[string]string{
		`<p><n>x</n></p>`:                  `<p><n>&lt;&amp;&#34;&gt;</n></p>`,
		`<p m="1" k="2"/>`:                 `<p m="&#34;&#39;" k="2"></p>`,
		`<a:p xmlns:a="u"><b/></a:p>`:      `<a:p xmlns:a="u"><b></b></a:p>`,
		`<p><!-- ann --><n/></p>`:          `<p><n></n></p>`,
		`<p><![CDATA[a<b]]></p>`:           `<p>a&lt;b</p>`,
		`<p`:                               `<masked/>`,
		"<p>\n  <n>x</n>\n</p>":            "<p>&#xA;  <n>&lt;&amp;&#34;&gt;</n>&#xA;</p>",
		`text <b>and</b> more`:             `text <b>and</b> more`,
		`<?xml version="1.0"?><p>&lt;</p>`: `<p>&lt;</p>`,
	} {
		if got := once("k", "xml", field{class: xmlText}, at, value); got != want {
			t.Errorf("%s\n got %s\nwant %s", value, got, want)
		}
	}
}

func TestRule_FitsByStarsAndWithoutCase(t *testing.T) {
	for _, c := range []struct {
		pattern, column string
		fits            bool
	}{
		{"*.email", "public.users.email", true},
		{"*.EMAIL", "public.users.Email", true},
		{"*.email", "public.users.email_verified", false},
		{"*email*", "a.b.email_verified", true},
		{"crm.*.name", "crm.people.name", true},
		{"crm.*.name", "hr.people.name", false},
		{"*", "a.b.c", true},
		{"a.b.c", "a.b.c", true},
		{"a.b.c", "a.b.cc", false},
		{"*.*.*", "a.b.c", true},
		{"*a*a", "x.a.y", false},
	} {
		if got := (Rule{Column: c.pattern}).fits(c.column); got != c.fits {
			t.Errorf("%s fits %s: %v", c.pattern, c.column, got)
		}
	}
}

func TestRule_SaysItselfWithoutItsValues(t *testing.T) {
	for want, r := range map[string]Rule{
		"shift, days 3, by id": {As: "shift", Days: 3, By: "id"},
		"constant":             {As: "constant", Value: "s3cret"},
		"json":                 {As: "json", At: []Rule{{Column: "a", As: "constant", Value: "s3cret"}}},
		"noise, percent 2.5":   {As: "noise", Percent: 2.5},
		"street, country land": {As: "street", Country: "land"},
		"email, keep domain":   {As: "email", Keep: "domain"},
		"bucket, to month":     {As: "bucket", To: "month"},
		"template":             {As: "template", Value: "s3cret{token}"},
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestRule_ChecksItsOptions(t *testing.T) {
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{As: "email", Keep: "host"}, `email can keep the domain, not "host"`},
		{Rule{As: "url", Keep: "domain"}, `url can keep the host, not "domain"`},
		{Rule{As: "name", Keep: "first"}, `name takes no option "keep"`},
		{Rule{As: "template"}, "template needs value"},
		{Rule{As: "sql"}, "sql needs value"},
		{Rule{As: "json"}, "json needs at"},
		{Rule{As: "shift", Days: -1}, "shift takes between 1 and 36500 days"},
		{Rule{As: "noise", Percent: 101}, "noise takes between 0 and 100 percent"},
		{
			Rule{As: "json", At: []Rule{{Column: "a", As: "sql", Value: "1"}}},
			"sql, by, country and date do not work inside a value",
		},
		{
			Rule{As: "json", At: []Rule{{Column: "a", As: "shift", By: "id"}}},
			"sql, by, country and date do not work inside a value",
		},
		{Rule{As: "xml", At: []Rule{{Column: "a", As: "nothing"}}}, `no transformer is called "nothing"`},
		{Rule{As: "template", Value: "{nobody}"}, "the template knows no {nobody}"},
	} {
		var texts []string
		for _, err := range c.rule.check() {
			texts = append(texts, err.Error())
		}
		if !strings.Contains(strings.Join(texts, "\n"), c.want) {
			t.Errorf("%+v: %q, not %q", c.rule, texts, c.want)
		}
	}
}

func TestYAML_QuotesWhatItMust(t *testing.T) {
	for want, r := range map[string]Rule{
		`a.b.c: email`:                {Column: "a.b.c", As: "email"},
		`"a.b c.d": email`:            {Column: "a.b c.d", As: "email"},
		`"*.x": {as: bucket, to: 10}`: {Column: "*.x", As: "bucket", To: "10"},
		`a.b.c: "null"`:               {Column: "a.b.c", As: "null"},
		`"a.\"b\\.c": {as: constant, value: "x: #\u000a"}`: {
			Column: `a."b\.c`, As: "constant",
			Value: "x: #\n",
		},
		`a.b.c: {as: json, at: {"$.x": {as: noise, percent: 2}, y: text}}`: {
			Column: "a.b.c", As: "json",
			At: []Rule{{Column: "$.x", As: "noise", Percent: 2}, {Column: "y", As: "text"}},
		},
	} {
		if got := r.YAML(); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestCopyText_IsReadAsTheServerWritesIt(t *testing.T) {
	for raw, want := range map[string]string{
		`a\tb`: "a\tb", `\\N`: `\N`, `a\nb\rc`: "a\nb\rc", `\b\f\v`: "\b\f\v",
		`\\\\`: `\\`, ``: ``, `\x`: `x`, `end\`: `end\`,
	} {
		if got := unescape([]byte(raw)); got != want {
			t.Errorf("%q is %q, not %q", raw, got, want)
		}
	}
	got := Values([]byte("a\t\\N\n\\\\N\tb\\tc\n"), 2)
	if len(got[0]) != 2 || got[0][1] != `\N` || len(got[1]) != 1 || got[1][0] != "b\tc" {
		t.Errorf("%q", got)
	}
}

func TestNameParts_TakeNamesApart(t *testing.T) {
	for name, want := range map[string]string{
		"first_name": "first name", "firstName": "first name", "FIRST_NAME": "first name", "First-Name": "first name",
		"HTTPHeaderName": "http header name", "strEmail": "email",
		"E_Mail": "e mail", "á": "a", "Straße": "strasse", "PrénomÉlève": "prenom eleve", "addr2": "addr 2",
		"tbl_user_email": "user email", "tbl": "tbl", "c_email": "email", "XMLFile": "xml file", "aB1c": "a b 1 c", "": "", "___": "", "naïveID": "naive id", "Größe": "groesse",
	} {
		if got := strings.Join(nameParts(name), " "); got != want {
			t.Errorf("%q is %q, not %q", name, got, want)
		}
	}
}

func TestClassify_ReadsCommentsAndTypes(t *testing.T) {
	c := NewClassifier()
	for as, l := range map[string]Look{
		"email": {Table: "public.t", Name: "c1", Type: "text", Comment: "the customer's email address"},
		"ip":    {Table: "public.t", Name: "c1", Type: "inet"}, "mac": {Table: "public.t", Name: "c1", Type: "macaddr"},
		"shift": {Table: "public.t", Name: "geburtsdatum", Type: "date"},
		"noise": {Table: "public.t", Name: "salary", Type: "numeric"},
		"bytes": {Table: "public.t", Name: "photo", Type: "bytea"},
		"json":  {Table: "public.t", Name: "address", Type: "jsonb"},
	} {
		if f, ok := c.Classify(l); !ok || f.As != as {
			t.Errorf("%s: %+v", as, f)
		}
	}
	for _, l := range []Look{
		{Name: "email", Type: "bool"},
		{Name: "email_count", Type: "int4"},
		{Name: "phone", Type: "enum"},
		{Name: "is_email", Type: "text"},
		{Name: "email_verified_at", Type: "timestamptz"},
	} {
		l.Table = "public.users"
		if f, ok := c.Classify(l); ok {
			t.Errorf("%s %s: %+v", l.Name, l.Type, f)
		}
	}
}
