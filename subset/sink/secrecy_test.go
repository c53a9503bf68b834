package sink_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// loudSQL is a schema in which functions say what is in rows, under codes
// whose messages are harmless elsewhere.
const loudSQL = `
	CREATE FUNCTION refuse(v text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
		IF v LIKE 'loud%' THEN RAISE EXCEPTION 'no % here', v USING ERRCODE = '23514', HINT = 'ask ' || v, DETAIL = v; END IF; RETURN true; END $$;
	CREATE FUNCTION key(v text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
		IF v LIKE 'late%' THEN RAISE EXCEPTION E'bad\n%', v USING ERRCODE = '42501', HINT = v; END IF; RETURN v; END $$;
	CREATE FUNCTION shown(v text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
		IF v LIKE 'view%' THEN RAISE EXCEPTION 'bad %', v USING ERRCODE = '42501'; END IF; RETURN v; END $$;
	CREATE TABLE guest (email text NOT NULL CHECK (refuse(email)));
	CREATE UNIQUE INDEX guest_email ON guest (email);
	CREATE INDEX guest_key ON guest (key(email));
	CREATE MATERIALIZED VIEW list AS SELECT shown(email) AS email FROM guest;`

// Every way on which a server can quote a row: while it is copied, when keys
// and indexes are made by us and by pg_restore, and when views are filled.
func TestDatabase_ShowsNothingThatFunctionsSayOfRows(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from, loudSQL)
	s := open(t, from)
	guest := s.from.Catalog.Tables[0].Heaps[0]
	for rows, want := range map[string]string{
		"loud@corp.test\n":                 "check constraint guest_email_check of public.guest added NOT VALID: kept rows break it",
		"same@corp.test\nsame@corp.test\n": `could not create unique index "guest_email"`,
		"late@corp.test\n":                 "refused",
		"view@corp.test\n":                 "materialized view \"public\".\"list\" left empty: a value was refused",
	} {
		to := pgtest.New(t)
		target := begun(t, s, to)
		_, err := target.Rows(t.Context(), guest, columns(guest), strings.NewReader(rows))
		if err == nil {
			err = target.Finish(t.Context(), s.ending())
		}
		said := fmt.Sprint(err, hint.Of(err), target.Warnings())
		if !strings.Contains(said, want) || strings.Contains(said, "corp.test") {
			t.Errorf("%s says %s", rows, said)
		}
		if err := target.Close(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
}
