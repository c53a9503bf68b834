package pgtool

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettings_ReadsTheSpellingsOfLibpq(t *testing.T) {
	for _, c := range []struct {
		connection string
		want       map[string]string
	}{
		{"", map[string]string{}},
		{"  host=a  ", map[string]string{"host": "a"}},
		{"host\t=\n a", map[string]string{"host": "a"}},
		{"host='' user=b", map[string]string{"host": "", "user": "b"}},
		{"password='a b=c' user=d", map[string]string{"password": "a b=c", "user": "d"}},
		{`password=a\ b user=d`, map[string]string{"password": "a b", "user": "d"}},
		{`password='it\'s \\ ' user=d`, map[string]string{"password": `it's \ `, "user": "d"}},
		{"host=a host=b", map[string]string{"host": "b"}},
		{"options='-c a=b -c c=d'", map[string]string{"options": "-c a=b -c c=d"}},
		{
			"postgres://u:p@h/d?sslmode=require&options=-c%20a%3Db",
			map[string]string{"sslmode": "require", "options": "-c a=b"},
		},
		{"postgresql://h", map[string]string{}},
	} {
		got, err := settings(c.connection)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q: %s, %v", c.connection, diff, err)
		}
	}
	for _, connection := range []string{"hunter9", "host=a hunter9", "postgres://u:hunter9%zz@h/d"} {
		if got, err := settings(connection); err == nil {
			t.Errorf("%q is read as %v", connection, got)
		}
	}
}

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
