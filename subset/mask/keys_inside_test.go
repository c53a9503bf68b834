package mask

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSON_MasksKeysByWhichSomebodyIsKnown(t *testing.T) {
	everything := Rule{At: []Rule{{Column: "**", As: "text"}}}
	for _, key := range []string{
		"ann@corp.test-corp.com", "ann@example.com", "user:ann@corp.test.de",
		"+49 151 1234567", "Anna Schmidt", "DE89370400440532013000", "123-45-6789",
	} {
		document := `{"seats": {"` + key + `": {"note": "x"}}, "list": [{"` + key + `":1}]}`
		got := once("k", "json", field{class: jsonText}, everything, document)
		if strings.Contains(got, key) || strings.Contains(got, "corp") || !json.Valid([]byte(got)) ||
			!strings.HasPrefix(got, `{"seats": {"`) {
			t.Errorf("%s: %s", key, got)
		}
		if got := once("k", "hstore", field{class: hstore}, everything, `"`+key+`"=>"1"`); strings.Contains(got, key) {
			t.Errorf("%s: %s", key, got)
		}
	}
	email := once("k", "email", field{class: text}, Rule{}, "ann@corp.test")
	if got := once("k", "json", field{class: jsonText}, everything, `{"ann@corp.test":1}`); !strings.Contains(got,
		email) {
		t.Errorf("the key became %s, the value elsewhere %s", got, email)
	}
}

func TestJSON_LeavesOtherKeysAndThoseThatAreKept(t *testing.T) {
	for _, document := range []string{
		`{"first name":{"2024-01-02":null,"12345678":null,"v1.2.3.4":null,"Total Amount":null,"8f14e45f-ceea-4675-a0d8-e8e6b2a4c5d7":null}}`,
		`{"kept":{"ann@corp.test":"x"}}`,
	} {
		rule := Rule{At: []Rule{{Column: "kept", As: "keep"}, {Column: "**", As: "text"}}}
		if got := once("k", "json", field{class: jsonText}, rule, document); got != document {
			t.Errorf("%s became %s", document, got)
		}
	}
}
