package sink_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

func TestOpen_PicksTheSinkByName(t *testing.T) {
	dir := t.TempDir()
	for to, want := range map[string]int{
		"-": 1, dir + "/x.sql": 1, dir + "/x.sql.gz": 1, dir + "/x.sql.zst": 1, dir + "/x.dump": 1, dir: 4,
		dir + "/new/":      4,
		"postgres://u@h/d": 4, "postgresql://u@h/d": 4, "host=h dbname=d": 4, "dbname='x y'": 4,
	} {
		s, err := sink.Open(to, sink.Options{})
		if err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		if got := s.Concurrency(); got != want {
			t.Errorf("%s: concurrency %d, want %d", to, got, want)
		}
	}
}

func TestOpen_RefusesWhatItCannotWrite(t *testing.T) {
	dir := t.TempDir()
	for to, want := range map[string]string{
		"":                        "no target",
		"x.txt":                   "the name does not say which format to write",
		dir + "/new":              "the name does not say which format to write",
		dir + "/no/x.dump":        "no folder " + dir + "/no",
		dir + "/no/x/":            "no folder " + dir + "/no",
		"s3://bucket/x.sql":       "unknown kind of URL",
		dir + "/no/x.sql":         "no folder " + dir + "/no",
		"postgres://u:s3cret@h:x": "not a PostgreSQL connection string",
	} {
		_, err := sink.Open(to, sink.Options{})
		if !errors.Is(err, hint.ErrUsage) || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func TestOpen_RefusesWhatIsNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sql")
	if err := os.Symlink("/dev/null", path); err != nil {
		t.Fatal(err)
	}
	for _, replace := range []bool{false, true} {
		if _, err := sink.Open(path, sink.Options{Replace: replace}); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("got %v", err)
		}
	}
}

func TestDatabase_RefusesTheSource(t *testing.T) {
	t.Parallel()
	from := load(t, "everything.sql")
	before := dump(t, from)
	standby := pgtest.NewStandby(t).URL(t, from)
	for name, c := range map[string]struct{ source, target string }{
		"itself":               {from, from},
		"primary of a standby": {standby, from},
		"standby of a primary": {from, standby},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, c.source).copyTo(t, c.target, sink.Options{Replace: true})
			if !errors.Is(err, subset.ErrTargetIsSource) {
				t.Errorf("got %v", err)
			}
		})
	}
	if dump(t, from) != before {
		t.Error("the source has changed")
	}
}

func TestDatabase_RefusesAStandby(t *testing.T) {
	t.Parallel()
	from, other := pgtest.New(t), pgtest.New(t)
	_, err := open(t, from).copyTo(t, pgtest.NewStandby(t).URL(t, other), sink.Options{Replace: true})
	if err == nil || !strings.Contains(err.Error(), "the target is a standby") {
		t.Errorf("got %v", err)
	}
}

func TestDatabase_RefusesAnOlderServer(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.New(t))
	s.from.Catalog.Version = 990000
	_, err := s.copyTo(t, pgtest.New(t), sink.Options{})
	if err == nil || !strings.Contains(err.Error(), "older than the source, 99") || len(hint.Of(err)) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestDatabase_RefusesWhatIsNotEmpty(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	for name, sql := range map[string]string{
		"table public.t":      "CREATE TABLE t (n int)",
		"function public.f()": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"type public.e":       "CREATE TYPE e AS ENUM ()",
		"schema S":            `CREATE SCHEMA "S"`,
		"large object 4711":   "SELECT lo_create(4711)",
		"server s":            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w",
	} {
		t.Run(name, func(t *testing.T) {
			to := pgtest.New(t)
			pgtest.Exec(t, to, sql)
			before := dump(t, to)
			_, err := open(t, from).copyTo(t, to, sink.Options{})
			if !errors.Is(err, subset.ErrTargetNotEmpty) || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v", err)
			}
			if dump(t, to) != before {
				t.Error("the target has changed")
			}
		})
	}
}

func TestDatabase_TakesATargetWithOnlyAnExtension(t *testing.T) {
	t.Parallel()
	from, to := load(t, "everything.sql"), pgtest.New(t)
	pgtest.Exec(t, from,
		"ALTER EVENT TRIGGER watcher DISABLE; CREATE EXTENSION pg_trgm; ALTER EVENT TRIGGER watcher ENABLE")
	pgtest.Exec(t, to, "CREATE EXTENSION pg_trgm")
	open(t, from).mustCopyTo(t, to, sink.Options{})
	same(t, from, to)
}

func TestDatabase_SaysWhyItCannotConnect(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.New(t))
	change := func(f func(*url.URL)) string {
		u, err := url.Parse(pgtest.Server(t))
		if err != nil {
			t.Fatal(err)
		}
		f(u)
		return u.String()
	}
	for name, c := range map[string]struct{ to, want, hint string }{
		"wrong password": {
			change(func(u *url.URL) { u.User = url.UserPassword("postgres", "s3cret") }), "28P01",
			"user and password",
		},
		"no database": {change(func(u *url.URL) { u.Path = "/nowhere" }), "3D000", "createdb"},
		"no server":   {change(func(u *url.URL) { u.Host = "127.0.0.1:1" }), "connection refused", "host and port"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.copyTo(t, c.to, sink.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") ||
				strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v", err)
			}
			if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], c.hint) {
				t.Errorf("hints %q", hints)
			}
		})
	}
}

func TestDatabase_RefusesASecondRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	from, to := fixture(t, "everything.sql"), pgtest.New(t)
	s := open(t, from)
	first, err := sink.Open(to, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Begin(t.Context(), s.from); err != nil {
		t.Fatal(err)
	}
	if _, err := s.copyTo(t, to, sink.Options{Replace: true}); !errors.Is(err, sink.ErrTargetBusy) {
		t.Errorf("got %v", err)
	}
	if got := pgtest.Value(t, to, "SELECT count(*) FROM pg_class WHERE relname = 'person'"); got != "1" {
		t.Error("the refused run has emptied the target of the other")
	}
	if err := first.Close(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	isEmpty(t, to)
}
