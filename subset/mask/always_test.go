package mask

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what masks give, and what columns are taken for, into testdata")

// sameAs compares a text with a file of testdata.
func sameAs(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("go test ./subset/mask -update writes %s anew, to be read in the diff: %s", name, diff)
	}
}

// forms are values of which a transformer keeps the form, or fails to see it.
var forms = map[class][]string{
	text: {
		"", " ", "x", "Jane Roe", "JANE", "jane.roe@corp.example", "jane@", "@corp.example", "a@b@c.example",
		"Jane <jane@corp.example>",
		"+49 171 5550199", "+1 (202) 555-0143", "0171/5550199 ext. 9", "112", "00", "+", "(1) 2",
		"https://jane.example/~x?y=1#z", "http://10.0.0.1:8080/", "HTTP://Jane.Example", "ftp://jane.example", "//jane",
		"SW1A 1AA", "10115", "D-10115", "Straße 12b", "Größe ÄÖÜ ß", "漢字かな", "Ǆ ǅ", "😀 ok", "e\u0301a",
		"tab\tnew\nline", "zero\u200bwidth",
		"DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "DE00370400440532013000",
		"XX1", "DE8937040044053201300",
		"4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "4111111111111112", "411111111111",
		"41111111111111111111", "4111 1111 1111 111x",
		"192.0.2.17", "192.0.2.17/24", "10.0.0.0/8", "256.1.1.1", "2001:db8::1", "2001:db8::/32", "::ffff:192.0.2.1",
		"fe80::1%eth0", "::",
		"08:00:2b:01:02:03", "08-00-2B-01-02-03-04-05", "0800.2b01.0203", "08002b010203", "08:00:2b:01:02",
		"zz:00:2b:01:02:03",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}",
		"6ba7b8109dad11d180b400c04fd430c8", "6ba7b810-9dad",
		"call jane@corp.example or +1 202 555 0143, card 4111 1111 1111 1111",
		"from 192.0.2.17 to DE89370400440532013000 by https://x.example/a?b",
		"123-45-6789", "529.982.247-25", "order 1234 of 2026-01-02 at 12:30", "2026-02-29", "0", "-1", "1e5",
		strings.Repeat("long ", 12),
	},
	integer: {
		"0", "1", "-1", "9", "10", "-10", "42", "99", "100", "12345", "32767", "-32768", "2147483647",
		"999999999999", "9223372036854775807",
	},
	decimal: {
		"0", "0.00", "1", "-1.5", "12.34", "-0.01", "99.99", "100", "1e3", "NaN", "Infinity", "-Infinity",
		"123456789.123456789", "0.1",
	},
	date: {
		"2026-01-01", "2026-12-31", "2024-02-29", "1999-03-01", "0001-01-01", "0044-03-15 BC", "infinity",
		"-infinity", "12026-01-01",
	},
	timestamp: {
		"2026-01-01 00:00:00", "2026-12-31 23:59:59.999999", "2024-02-29 12:00:00+02",
		"2026-03-01 01:02:03.4-05:30", "infinity", "2026-01-01 BC",
	},
	uuid:  {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "00000000-0000-0000-0000-000000000000"},
	inet:  {"192.0.2.17", "192.0.2.17/24", "10.0.0.0/8", "2001:db8::1", "2001:db8::1/64", "::/0", "0.0.0.0/0"},
	cidr:  {"192.0.2.0/24", "10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32", "::1/128", "0.0.0.0/0"},
	mac:   {"08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05"},
	bytea: {`\x`, `\x00`, `\xdeadbeef`, "text", `\xzz`},
	jsonText: {
		`{}`, `[]`, `null`, `"jane"`, `12`,
		`{"name": "Jane", "age": 42, "tags": ["a", "b", null, true], "deep": {"name": "Roe", "n": -1.5e3}}`,
		`[{"name": "Jane"}, {"name": ""}]`, `{"name": {"name": 1}}`, `{"na\u006de": "Jane \"x\" \\ \n"}`,
		`{"a": 1, "a": 2}`, `{`, `{"a": }`, `{"a" 1}`, "", `[1,]`, `tru`,
	},
	hstore: {
		`"name"=>"Jane"`, `"name"=>"Jane", "age"=>"42", "x"=>NULL`, `"na\"me"=>"J\\ane"`, ``, `"a"=>""`, `broken`,
		`"a"=>`, `"a"=>"b" "c"=>"d"`, `"a"->"b"`,
	},
	xmlText: {
		`<a>Jane</a>`, `<a name="Jane"><b>Roe</b><b/>tail</a>`, `<a><![CDATA[Jane <x>]]></a>`, `<a>&amp;&lt;Jane</a>`,
		`plain`, ``, `<a>`, `<a></b>`,
		`<?xml version="1.0"?><!-- Jane --><a xmlns:n="u" n:name="Jane">1</a>`, `<!DOCTYPE a><a>x</a>`,
	},
}

// A masked value must not change between versions: archives of two would not
// fit together. This is all that transformers make of values of many forms, with
// and without their options, in wide columns and in narrow ones.
func TestTransformers_GiveOfEveryFormWhatTheyAlwaysGave(t *testing.T) {
	fields := map[class][]field{
		text: {
			{class: text},
			{class: text, limit: 31},
			{class: text, limit: 9},
			{class: text, limit: 2},
			{class: text, folded: true, padded: true},
		},
		integer: {{class: integer, max: 32767}, {class: integer, max: 1 << 40}},
		decimal: {
			{class: decimal},
			{class: decimal, fixed: true, scale: 2, digits: 3},
			{class: decimal, fixed: true, digits: 5},
		},
	}
	options := map[string][]Rule{
		"shift": {{}, {Days: 3}}, "noise": {{}, {Percent: 50}}, "constant": {{Value: "c"}, {}},
		"bucket":   {{To: "10"}, {To: "0.5"}, {To: "month"}, {To: "year"}, {To: "day"}},
		"template": {{Value: "u-{token}"}, {Value: "{hash}@{first_name}.example"}, {Value: "plain"}},
		"json": {
			{At: []Rule{
				{Column: "name", As: "first_name"},
				{Column: "deep.n", As: "noise"},
				{Column: "tags.*", As: "text"},
			}},
			{At: []Rule{{Column: "**", As: "text"}}},
			{At: []Rule{{Column: "*.name", As: "null"}, {Column: "age", As: "constant", Value: "1"}}},
		},
		"hstore": {
			{At: []Rule{{Column: "name", As: "first_name"}}},
			{At: []Rule{{Column: "*", As: "text"}}},
			{At: []Rule{{Column: "*", As: "null"}}},
		},
		"xml": {
			{At: []Rule{{Column: "a", As: "text"}}},
			{At: []Rule{{Column: "**", As: "text"}}},
			{At: []Rule{{Column: "a.@name", As: "first_name"}}},
		},
	}
	var b strings.Builder
	for _, k := range kinds() {
		if k.name == "keep" || k.name == "sql" {
			continue
		}
		rules := variants(k)
		if given := options[k.name]; given != nil {
			rules = given
		}
		for c := other; c <= enum; c++ {
			if !k.works(Rule{As: k.name}, c) || forms[c] == nil {
				continue
			}
			wide := fields[c]
			if wide == nil {
				wide = []field{{class: c}}
			}
			for _, f := range wide {
				for _, r := range rules {
					number := strings.ContainsAny(r.To, "0123456789")
					numeric := c == integer || c == decimal
					if k.need != nil && f.limit > 0 && k.need(r) > f.limit || k.name == "bucket" && number != numeric {
						continue // is refused
					}
					writeMasked(&b, k, f, r, forms[c])
				}
			}
		}
	}
	sameAs(t, "always.txt", b.String())
}

func writeMasked(b *strings.Builder, k kind, f field, r Rule, values []string) {
	fmt.Fprintf(b, "%s%v of class %d, limit %d, max %d, scale %d\n", k.name, r.options(), f.class, f.limit, f.max,
		f.scale)
	r.As = k.name
	mask := (&Column{rule: r, kind: k, field: f}).apply(NewKey("always"))
	digest := fnv.New64a()
	for _, v := range values {
		if n, err := strconv.ParseInt(v, 10, 64); f.max > 0 && (err != nil || n > f.max || n < -f.max) {
			continue // no such column holds it
		}
		got, ok := mask(&row{}, v)
		line := fmt.Sprintf("\t%q: %q\n", v, got)
		if !ok {
			line = fmt.Sprintf("\t%q: NULL\n", v)
		}
		if f.limit == 0 && !f.folded {
			b.WriteString(line)
		}
		_, _ = digest.Write([]byte(line))
	}
	if f.limit > 0 || f.folded { // as in a wide column, for the most part
		fmt.Fprintf(b, "\tdigest %x\n", digest.Sum64())
	}
}

// What columns are taken for, by all that they can be called.
func TestClassify_TakesColumnsForWhatItAlwaysDid(t *testing.T) {
	names := []string{
		"email", "Email", "e_mail", "emails", "emailAddress", "EMAIL_ADDRESS", "customerEmail2", "email_verified",
		"is_email", "email_count", "strEmail",
		"first_name", "firstName", "firstnamephonetic", "FirstNamePhonetic", "fname", "name", "full_name",
		"fullnames", "family_name", "display_name", "gender",
		"product_name", "file_name", "company_name", "plan_address", "device_token", "host_address",
		"default_address", "max_phone", "has_phone", "requires_ssn",
		"address", "address1", "address_2", "line1", "line_2", "address_line", "street", "Straße", "strasse_nr",
		"plz", "zip", "zip_code", "city", "town", "country",
		"phone", "phones", "phone_type", "tel", "mobile_number", "fax", "birth_date", "dob", "birthyear", "age",
		"ssn", "iban", "iban_hash", "card_number", "last4",
		"password", "password_digest", "api_key", "token", "secret", "ip", "ip_addr", "remote_addr", "mac",
		"username", "login", "notes", "comment", "bio", "photo",
		"salary", "lat", "longitude", "latLng", "uuid", "id", "x", "", "_", "c1", "numéro_de_téléphone", "prénom",
		"nombre", "vorname", "custEMAILAddr", "HTTPAddress",
	}
	tables := []string{
		"public.users", "public.customer_data", "public.products", "public.addresses", "public.species",
		"public.user_details", "crm.Contact", "public.sites", "t", "public.",
	}
	kinds := []string{
		"text", "varchar", "int4", "int8", "numeric", "bool", "date", "timestamptz", "bytea", "inet",
		"macaddr", "uuid", "jsonb", "enum", "xml", "hstore", "money",
	}
	c := NewClassifier()
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "%s\n", name)
		found := map[string][]string{}
		tell := func(what string, l Look) {
			if f, ok := c.Classify(l); ok {
				result := fmt.Sprintf("%s as %s, %.2f, %s", f.Topic, f.As, f.Confidence, f.Reason)
				found[result] = append(found[result], what)
			}
		}
		for _, table := range tables {
			tell(table, Look{Table: table, Name: name, Type: "text"})
		}
		for _, kind := range kinds {
			tell(kind, Look{Table: tables[i%2], Name: name, Type: kind})
		}
		tell("its comment", Look{Table: "public.t", Name: "v", Type: "text", Comment: "the " + name + " of somebody"})
		var results []string
		for result := range found {
			results = append(results, result)
		}
		slices.Sort(results)
		for _, result := range results {
			fmt.Fprintf(&b, "\t%s: %s\n", result, strings.Join(found[result], " "))
		}
	}
	sameAs(t, "columns.txt", b.String())
}

// And by their values, of which some look like it and some do not.
func TestClassify_TakesValuesForWhatItAlwaysDid(t *testing.T) {
	c := NewClassifier()
	var b strings.Builder
	more := []string{
		"Anna", "Smith", "Anna Smith", "Smith, Anna", "anna smith", "Main Street", "12 Main Street", "Hauptstraße 5",
		"Calle Mayor 7", "5 Foo Bar",
		"$2b$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$x", "1.2.3.4.5", "01/02/2026", "12345678", "+4917155501",
		"12 345", "5111111111111118", "6011000990139424",
	}
	for _, v := range append(more, forms[text]...) {
		fmt.Fprintf(&b, "%q\n", v)
		for _, samples := range [][]string{
			{v, v, v},
			{v, v},
			{v, v, "x", "y"},
			{v, "x", "y"},
			{" " + v, v, "", "  ", v + " "},
		} {
			for _, kind := range []string{"text", "jsonb", "int4"} {
				for _, name := range []string{"c", "email"} {
					f, ok := c.Classify(Look{Table: "public.t", Name: name, Type: kind, Samples: samples})
					if !ok || name == "email" && f.Topic == "email" && f.Confidence == 0.9 {
						continue
					}
					fmt.Fprintf(&b, "\t%s %s, %d values: %s as %s, %.3f, %s\n", name, kind, len(samples), f.Topic,
						f.As, f.Confidence, f.Reason)
				}
			}
		}
	}
	sameAs(t, "samples.txt", b.String())
}
