package scratch_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/scratch"
)

const (
	bloom = "CREATE SCHEMA \"Far Away\";\nCREATE EXTENSION IF NOT EXISTS bloom WITH SCHEMA \"Far Away\";\n"
	upper = "CREATE TABLE name (name text CHECK (upper(name) = 'MÜLLER'));\nINSERT INTO name VALUES ('müller');\n"
)

func TestHostile_ASchemaWantsASuperuserToRunItsFunctionWhileItIsChecked(t *testing.T) {
	s := start(t, scratch.Database{Encoding: "UTF8", Collate: "C.UTF-8", Ctype: "C.UTF-8"})
	defer func() { _ = s.Close() }()
	load := func(script string) error {
		_, err := s.Load(t.Context(), write(t, "x.sql", script), nil)
		return err
	}
	refused := func(script string) {
		t.Helper()
		if err := load(script); err == nil || !strings.Contains(err.Error(), "permission denied to create extension") {
			t.Errorf("%s: %v", script, err)
		}
	}
	refused("CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;\n")
	refused("CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1';\n" + bloom)
	if err := load("DROP FUNCTION public.lower(text);\nDROP SCHEMA \"Far Away\";\n" + bloom); err != nil {
		t.Fatal(err)
	}
	// Nothing of it is left to whoever comes next, and the database orders text as the source's does.
	refused("CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;\n")
	if err := load(upper); err != nil {
		t.Error(err)
	}
}
