package compat_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

const schema = `
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TYPE state AS ENUM ('new', 'paid', 'sent');
CREATE TABLE people (id bigserial PRIMARY KEY, mail text NOT NULL UNIQUE, name text, born date, nick varchar(20));
CREATE TABLE orders (id serial PRIMARY KEY, person bigint NOT NULL REFERENCES people, total int NOT NULL DEFAULT 0,
  state state NOT NULL DEFAULT 'new', note text, at timestamp NOT NULL DEFAULT now());
CREATE TABLE lines ("order" int REFERENCES orders ON DELETE CASCADE, sku text, price numeric(8, 2),
  PRIMARY KEY ("order", sku));
CREATE VIEW open_orders AS SELECT id, person, total FROM orders WHERE state = 'new';
CREATE FUNCTION discount(total int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT total / 10';
INSERT INTO people (mail, name) VALUES ('a@a.test', 'A'), ('b@b.test', 'B');
INSERT INTO orders (person, total, note) VALUES (1, 100, 'first'), (2, 50, NULL);
INSERT INTO lines VALUES (1, 'tea', 3.5), (2, 'pot', 20);
ANALYZE;`

// What code that runs now sends, and values for it.
var code = []struct {
	sql    string
	values []string
}{
	{"SELECT * FROM people WHERE id = $1", []string{"1"}},
	{"SELECT id, mail, name FROM people WHERE mail = $1", []string{"a@a.test"}},
	{"SELECT p.*, o.total FROM people AS p JOIN orders AS o ON o.person = p.id WHERE o.id = $1", []string{"1"}},
	{"SELECT name, count(*) FROM people JOIN orders ON person = people.id GROUP BY name ORDER BY name", nil},
	{"SELECT id, note FROM orders WHERE state = $1::state ORDER BY at LIMIT $2", []string{"new", "10"}},
	{"SELECT total, discount(total) FROM orders WHERE id = $1", []string{"1"}},
	{"SELECT id, total FROM open_orders WHERE person = $1", []string{"1"}},
	{"SELECT sum(price) FROM lines WHERE \"order\" = $1", []string{"1"}},
	{"SELECT nick FROM people WHERE born > $1", []string{"2000-01-01"}},
	{"INSERT INTO people (mail, name) VALUES ($1, $2) RETURNING id", []string{"c@c.test", "C"}},
	{"INSERT INTO people VALUES (default, $1, $2, $3, $4)", []string{"d@d.test", "D", "1999-01-01", "d"}},
	{"INSERT INTO orders (person, total, note) VALUES ($1, $2, $3)", []string{"1", "70", "x"}},
	{
		`INSERT INTO lines ("order", sku, price) VALUES ($1, $2, $3)
		   ON CONFLICT ("order", sku) DO UPDATE SET price = EXCLUDED.price`, []string{"1", "tea", "4"},
	},
	{"INSERT INTO people (mail) VALUES ($1) ON CONFLICT (mail) DO NOTHING", []string{"a@a.test"}},
	{"UPDATE orders SET state = $2::state, note = $3 WHERE id = $1", []string{"1", "paid", "y"}},
	{"UPDATE people SET nick = $1 WHERE id = $2", []string{"n", "1"}},
	{"DELETE FROM lines WHERE \"order\" = $1 AND sku = $2", []string{"1", "tea"}},
	{"WITH gone AS (DELETE FROM orders WHERE id = $1 RETURNING *) SELECT count(*) FROM gone", []string{"2"}},
	{"SELECT mail FROM people WHERE lower(mail) LIKE $1 FOR UPDATE SKIP LOCKED", []string{"a%"}},
	{"SELECT extract(epoch FROM max(at)) FROM orders", nil},
}

// Changes of the schema after which some of the code does not work.
var contracting = []string{
	"ALTER TABLE people DROP COLUMN name",
	"ALTER TABLE people DROP COLUMN nick",
	"ALTER TABLE people RENAME COLUMN mail TO email",
	"ALTER TABLE orders RENAME COLUMN total TO cents",
	"ALTER TABLE lines RENAME TO order_lines",
	"DROP TABLE lines",
	"DROP VIEW open_orders",
	"ALTER TABLE orders RENAME COLUMN note TO remark",
	"DROP FUNCTION discount(int)",
	"ALTER FUNCTION discount(int) RENAME TO rebate",
	"ALTER TABLE people ADD tenant int NOT NULL DEFAULT 1; ALTER TABLE people ALTER tenant DROP DEFAULT",
	"ALTER TABLE orders ADD currency text NOT NULL DEFAULT ''; ALTER TABLE orders ALTER currency DROP DEFAULT",
	"ALTER TABLE people ADD COLUMN person int",
	"ALTER TABLE orders ADD COLUMN name text",
	"ALTER TABLE lines DROP CONSTRAINT lines_pkey",
	"ALTER TABLE people DROP CONSTRAINT people_mail_key",
	"ALTER TABLE people ALTER id DROP DEFAULT",
	"ALTER TABLE orders ALTER id DROP DEFAULT",
	"ALTER TYPE state RENAME TO order_state",
	"ALTER TABLE orders SET SCHEMA elsewhere",
	"ALTER TABLE people ALTER born TYPE int USING 0",
	"ALTER TABLE lines ALTER price TYPE text",
	"ALTER TABLE orders DROP COLUMN state CASCADE",
	"ALTER TABLE orders ALTER note TYPE int USING 0",
	"ALTER TABLE people DROP nick, ADD nick text GENERATED ALWAYS AS (lower(mail)) STORED",
	"DROP VIEW open_orders; CREATE VIEW open_orders AS SELECT id, person FROM orders",
	"ALTER TABLE people ALTER name SET DEFAULT '', ALTER born SET DEFAULT now(), ALTER nick SET DEFAULT ''; " +
		"UPDATE people SET born = now(), nick = ''; ALTER TABLE people ALTER born DROP DEFAULT; " +
		"ALTER TABLE people ALTER born SET NOT NULL",
	"ALTER TABLE people DROP COLUMN born",
	"ALTER TABLE orders DROP COLUMN at",
	"ALTER TABLE orders DROP COLUMN person CASCADE",
}

// Changes that only add: all of the code works on.
var expanding = []string{
	"ALTER TABLE people ADD COLUMN tenant int",
	"ALTER TABLE people ADD COLUMN tenant int NOT NULL DEFAULT 1",
	"ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR'",
	"CREATE TABLE tags (id serial PRIMARY KEY, name text)",
	"CREATE INDEX ON orders (at); CREATE INDEX ON people (lower(mail))",
	"ALTER TABLE people ALTER nick TYPE text",
	`ALTER TABLE lines ALTER "order" TYPE bigint`,
	"ALTER TABLE lines ALTER price TYPE numeric(12, 4)",
	"ALTER TYPE state ADD VALUE 'lost'",
	"ALTER TABLE orders ALTER note SET DEFAULT ''",
	"CREATE OR REPLACE VIEW open_orders AS SELECT id, person, total, at FROM orders WHERE state = 'new'",
	"CREATE FUNCTION discount(total text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
	"ALTER TABLE lines ADD COLUMN position int GENERATED ALWAYS AS IDENTITY",
	"ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (total / 2) STORED",
	"ALTER TABLE people ALTER mail TYPE varchar(200), ALTER name SET STATISTICS 500",
	"ALTER TABLE people RENAME TO persons; CREATE VIEW people AS SELECT * FROM persons",
}

// What is executed with values before and after each change is the truth.
func TestCompare_FindsWhatTrulyBreaks(t *testing.T) {
	broken, found, s := 0, 0, newTrial(t)
	for _, change := range contracting {
		truth, report := s.tried(t, change)
		for _, b := range report.Breaks {
			// Text is what the test sends and reads for any type; drivers that use the type's own bytes cannot.
			if !truth[key(b.Shape)] && !strings.Contains(b.Message, " becomes ") {
				t.Errorf("%s\nis no break: %+v", change, b)
			}
			delete(truth, key(b.Shape))
			found++
			broken++
			if b.Message == "" || b.Way == "" {
				t.Errorf("%s\nsays too little: %+v", change, b)
			}
		}
		for shape := range truth {
			broken++
			t.Logf("not found: %s\n%s", change, shape)
		}
		if len(report.Breaks)+len(truth) == 0 {
			t.Errorf("breaks nothing: %s", change)
		}
	}
	t.Logf("%d of %d statements found", found, broken)
	if found*100 < broken*95 {
		t.Errorf("%d of %d statements found", found, broken)
	}
}

func TestCompare_IsSilentWhereAChangeOnlyAdds(t *testing.T) {
	s := newTrial(t)
	for _, change := range expanding {
		truth, report := s.tried(t, change)
		if len(truth) > 0 {
			t.Errorf("it breaks something: %s: %v", change, truth)
		}
		for _, b := range report.Breaks {
			t.Errorf("%s\n%+v", change, b)
		}
		if report.Asked != len(code) || !strings.HasPrefix(report.Headline(), "compatible: 20 statements") {
			t.Errorf("%d asked, %q", report.Asked, report.Headline())
		}
	}
}

// An outcome is that of a statement that is executed.
type outcome struct{ code, columns string }

// A trial is a database in which changes are made and undone.
type trial struct {
	session
	name       string
	statements []compat.Statement
	before     *compat.Answers
	was        []outcome
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	connection := pgtest.New(t)
	pgtest.Exec(t, connection, schema)
	s := &trial{session: open(t, connection), name: databaseOf(t, connection)}
	for _, c := range code {
		s.statements = append(s.statements, compat.Statement{Text: c.sql})
	}
	s.before = s.ask(t)
	s.within(t, "", func() { s.was = s.outcomes(t) })
	for i, c := range code {
		if s.was[i].code != "" {
			t.Fatalf("%s: SQLSTATE %s", c.sql, s.was[i].code)
		}
	}
	return s
}

// ask asks about all of the code.
func (s *trial) ask(t *testing.T) *compat.Answers {
	t.Helper()
	answers, err := compat.Ask(t.Context(), s, s.name, s.statements)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// outcomes executes all of it.
func (s *trial) outcomes(t *testing.T) []outcome {
	t.Helper()
	var all []outcome
	for _, c := range code {
		code, columns := s.executed(t, c.sql, c.values)
		all = append(all, outcome{code, columns})
	}
	return all
}

// within does something after a change, and undoes it.
func (s *trial) within(t *testing.T, change string, do func()) {
	t.Helper()
	for _, sql := range []string{"BEGIN", change} {
		if _, err := s.Query(t.Context(), s.name, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	do()
	if _, err := s.Query(t.Context(), s.name, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}

// tried makes a change, and tells what truly breaks beside what is said to.
func (s *trial) tried(t *testing.T, change string) (truth map[string]bool, report *compat.Report) {
	t.Helper()
	truth = map[string]bool{}
	s.within(t, "CREATE SCHEMA elsewhere; "+change, func() {
		after := s.ask(t)
		for i, is := range s.outcomes(t) {
			if is.code != "" || lacks(is.columns, s.was[i].columns) {
				truth[key(code[i].sql)] = true
			}
		}
		report = compat.Compare("main", s.statements, s.before, after)
	})
	return truth, report
}

// lacks tells whether a column of before is gone.
func lacks(after, before string) bool {
	for name := range strings.FieldsSeq(before) {
		if !strings.Contains(" "+after+" ", " "+name+" ") {
			return true
		}
	}
	return false
}

// key is a statement on one line.
func key(sql string) string { return strings.Join(strings.Fields(sql), " ") }
