package sink_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSource_IsReadByARoleThatMayOnlySelect(t *testing.T) {
	from, to := load(t, "everything.sql"), pgtest.New(t)
	pgtest.Exec(t, from, "DROP EVENT TRIGGER watcher")
	reader := pgtest.Role(t, from, "sink_reader", "BYPASSRLS")
	pgtest.Exec(t, from,
		`GRANT USAGE ON SCHEMA "Grüße & ""Co""" TO sink_reader; GRANT SELECT ON ALL TABLES IN SCHEMA public, "Grüße & ""Co""" TO sink_reader;
		GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, "Grüße & ""Co""" TO sink_reader`)
	open(t, reader).mustCopyTo(t, to, sink.Options{})
	same(t, from, to)
}

func TestSource_LosesTheTablesThatAreExcluded(t *testing.T) {
	from, to := pgtest.New(t), pgtest.New(t)
	pgtest.Exec(t, from,
		`CREATE SCHEMA "S ""x"; CREATE TABLE "S ""x"."Sec ret*" (n int); CREATE TABLE "S ""x"."Sec retary" (n int);
		CREATE TABLE "sec ret*" (n int); CREATE TABLE open (n int); INSERT INTO open VALUES (1)`)
	reader := pgtest.Role(t, from, "sink_partial", "")
	pgtest.Exec(t, from,
		`GRANT USAGE ON SCHEMA "S ""x" TO sink_partial; GRANT SELECT ON open, "sec ret*", "S ""x"."Sec retary" TO sink_partial`)
	s := open(t, reader)
	secret := catalog.Name{Schema: `S "x`, Name: "Sec ret*"}
	s.from.Excluded = []catalog.Name{secret}
	var kept []*catalog.Table
	for _, table := range s.from.Catalog.Tables {
		if table.Name != secret {
			kept = append(kept, table)
		}
	}
	s.from.Catalog.Tables = kept
	s.mustCopyTo(t, to, sink.Options{})
	got := pgtest.Value(t, to,
		"SELECT string_agg(relname, '|' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND oid >= 16384")
	if got != "Sec retary|open|sec ret*" {
		t.Errorf("tables %s", got)
	}
}

func TestSource_MayBeAStandby(t *testing.T) {
	from, to := fixture(t, "everything.sql"), filepath.Join(t.TempDir(), "x.sql")
	standby := pgtest.NewStandby(t).URL(t, from)
	open(t, standby).mustCopyTo(t, to, sink.Options{})
	loaded := pgtest.New(t)
	pgtest.Load(t, loaded, to)
	same(t, from, loaded)
}

func TestSource_MayBeInAnotherEncoding(t *testing.T) {
	t.Parallel()
	const latin = "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
	from := pgtest.NewWith(t, latin)
	pgtest.Exec(t, from+"&client_encoding=UTF8",
		`CREATE TABLE "Straße" ("größe" text); INSERT INTO "Straße" VALUES ('Élan à ÿ')`)
	for name, options := range map[string]string{"UTF8": "", "LATIN1": latin} {
		t.Run(name, func(t *testing.T) {
			to, loaded := pgtest.NewWith(t, options), pgtest.NewWith(t, options)
			path := filepath.Join(t.TempDir(), "x.sql")
			s := open(t, from)
			s.mustCopyTo(t, to, sink.Options{})
			s.mustCopyTo(t, path, sink.Options{})
			pgtest.Load(t, loaded, path)
			for _, url := range []string{to, loaded} {
				if got := pgtest.Value(t, url+"&client_encoding=UTF8",
					`SELECT "größe" FROM "Straße"`); got != "Élan à ÿ" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
}

func TestSource_MayHoldBytesWithoutAnEncoding(t *testing.T) {
	t.Parallel()
	const ascii = "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
	from := pgtest.NewWith(t, ascii) + "&client_encoding=SQL_ASCII"
	pgtest.Exec(t, from, "CREATE TABLE t (s text); INSERT INTO t VALUES (E'caf\\xe9'), ('日本')")
	to, loaded := pgtest.NewWith(t, ascii), pgtest.NewWith(t, ascii)
	path := filepath.Join(t.TempDir(), "x.sql")
	s := open(t, from)
	s.mustCopyTo(t, to, sink.Options{})
	s.mustCopyTo(t, path, sink.Options{})
	pgtest.Load(t, loaded, path)
	for _, url := range []string{to, loaded} {
		if got := pgtest.Value(t, url+"&client_encoding=SQL_ASCII",
			"SELECT string_agg(s, ' ') FROM t"); got != "caf\xe9 日本" {
			t.Errorf("got %q", got)
		}
	}
	utf8 := pgtest.New(t)
	_, err := s.copyTo(t, utf8, sink.Options{})
	if err == nil || !strings.Contains(err.Error(), "does not fit the encoding of the target") ||
		strings.Contains(err.Error(), "0xe9") || len(hint.Of(err)) != 1 {
		t.Errorf("got %v", err)
	}
	isEmpty(t, utf8)
}

func TestSource_SampleDatabases(t *testing.T) {
	t.Parallel()
	samples := []struct {
		name    string
		scripts []string
	}{
		{"pagila", []string{"pagila.sql"}},
		{"chinook", []string{"chinook.sql"}},
		{"sakila", []string{"sakila-schema.sql", "sakila-data.sql"}},
	}
	for _, at := range soak.Steps(t, len(samples), 1) {
		t.Run(samples[at].name, func(t *testing.T) { sampleComesWhole(t, samples[at].name, samples[at].scripts) })
	}
}

// sampleComesWhole takes all rows of a sample database to each kind of target.
func sampleComesWhole(t *testing.T, name string, scripts []string) {
	from := pgtest.New(t)
	for _, script := range scripts {
		pgtest.Load(t, from, pgtest.Data(t, script))
	}
	// A target brings its own comment on public, and may not own it.
	pgtest.Exec(t, from, "COMMENT ON SCHEMA public IS 'standard public schema'")
	direct := pgtest.New(t)
	s := open(t, from)
	s.mustCopyTo(t, direct, sink.Options{})
	same(t, from, direct)
	for _, way := range []string{"x.sql", "x.dump", "x/"} {
		path, loaded := t.TempDir()+"/"+way, pgtest.New(t)
		s.mustCopyTo(t, path, sink.Options{})
		loadFile(t, loaded, path)
		same(t, from, loaded)
	}
	if name == "pagila" { // which has views, partitions, triggers and types of its own
		eachTargetHoldsTheSame(t, from)
	}
}
