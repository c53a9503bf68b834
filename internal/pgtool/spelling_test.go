package pgtool

import (
	"testing"
)

func TestRedact_CutsWhatIsQuotedOfARow(t *testing.T) {
	for message, want := range map[string]string{
		`ERROR:  invalid input syntax for type integer: "ann"`:           `ERROR:  invalid input syntax for type integer`,
		`ERROR:  invalid input syntax for type integer: "a": "b"`:        `ERROR:  invalid input syntax for type integer`,
		`ERROR:  invalid input value for enum mood: "sa""d"`:             `ERROR:  invalid input value for enum mood`,
		`ERROR:  invalid byte sequence for encoding "UTF8": 0xff`:        `ERROR:  invalid byte sequence for encoding "UTF8"`,
		`ERROR:  invalid input syntax for type json: "{ a value's start`: `ERROR:  invalid input syntax for type json`,
		`ERROR:  relation "public.orders" does not exist`:                `ERROR:  relation "public.orders" does not exist`,
		`ERROR:  permission denied for table orders`:                     `ERROR:  permission denied for table orders`,
		`FATAL:  role "reader" does not exist`:                           `FATAL:  role "reader" does not exist`,
		`pg_dump: error: connection to server at "h", port 5432 failed`:  `pg_dump: error: connection to server at "h", port 5432 failed`,
		"": "",
	} {
		if got := Redact(message); got != want {
			t.Errorf("%q became %q, want %q", message, got, want)
		}
	}
}
