package mask

import (
	"strings"
	"testing"
)

func TestLiterals_AreFoundAndNothingElseIs(t *testing.T) {
	search := newLiteralSearch(NewKey("k"))
	for text, want := range map[string]string{
		"sent to ann.lee@corp.test":                                "an email address",
		"(email ~~ '%@corp.test'::text)":                           "",
		"e.g. jane@example.com or x@mail.example.org":              "",
		"'+49 (171) 555-0199'":                                     "a phone number",
		"call (202) 555-0143":                                      "a phone number",
		"((a +12345678) - 20240506)":                               "",
		"(created_at >= '2024-05-06 10:11:12'::timestamp)":         "",
		"CHECK (price BETWEEN 1000000 AND 99999999)":               "",
		"'DE89 3704 0044 0532 0130 00'":                            "a bank account",
		"'4111-1111-1111-1111'":                                    "a card number",
		"'30569309025904'":                                         "", // as many digits as an article may have
		"nextval('public.customers_id_seq'::regclass)":             "",
		"'123-45-6789'":                                            "a national number",
		"host = '85.214.132.117'":                                  "an IP address",
		"'127.0.0.1', '10.1.2.3', '192.168.0.1', version 9.6.24.1": "",
		"owned by Mary Johnson":                                    "a name",
		"Foreign Key, Primary Key, Not Null, New York":             "",
		"md5('550e8400-e29b-41d4-a716-446655440000')":              "",
	} {
		got := strings.Join(search.find(text, func(found, masked string) {
			if found == masked || strings.ContainsAny(masked, `'\`) {
				t.Errorf("%q becomes %q", found, masked)
			}
		}), ", ")
		if got != want {
			t.Errorf("%q holds %q, not %q", text, got, want)
		}
	}
}

func TestLiterals_BecomeWhatTheyBecomeInRows(t *testing.T) {
	search := newLiteralSearch(NewKey("k"))
	search.find("ann.lee@corp.test", func(found, masked string) {
		if want := once("k", "email", plainField, Rule{}, found); masked != want {
			t.Errorf("%q, in rows %q", masked, want)
		}
	})
}

func TestLiteralRule_TheExactPlaceWins(t *testing.T) {
	rules := []LiteralRule{{Place: "view *", As: "scrub"}, {Place: "*", As: "drop"}, {Place: "view a.b", As: "keep"}}
	for place, want := range map[string]string{"view a.b": "keep", "view a.c": "scrub", "index a.b": "drop"} {
		if got := literalRule(rules, place).As; got != want {
			t.Errorf("%s: %s, not %s", place, got, want)
		}
	}
}
