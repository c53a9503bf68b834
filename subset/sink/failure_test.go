package sink_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

const comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"

// during calls act when it is first read, after some rows.
type during struct{ act func() error }

func (d *during) Read(p []byte) (int, error) {
	if d.act == nil {
		return 0, io.EOF
	}
	act := d.act
	d.act = nil
	return 0, act()
}

// begun opens a sink and begins to fill it.
func begun(t *testing.T, s *source, to string) sink.Sink {
	t.Helper()
	target, err := sink.Open(to, sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Begin(t.Context(), s.from); err != nil {
		t.Fatal(err)
	}
	return target
}

func simple(t *testing.T) *source {
	t.Helper()
	from := pgtest.New(t)
	pgtest.Exec(t, from,
		`CREATE TABLE parent (id int PRIMARY KEY, email text); CREATE TABLE child (id int REFERENCES parent);
		CREATE SCHEMA s; CREATE EXTENSION pg_trgm; COMMENT ON SCHEMA s IS 'x'`)
	return open(t, from)
}

func TestDatabase_IsMarkedWhileItIsLoaded(t *testing.T) {
	t.Parallel()
	s, to := simple(t), pgtest.New(t)
	pgtest.Exec(t, to,
		"DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''it''''s mine''', current_database()); END $$")
	target := begun(t, s, to)
	if got := pgtest.Value(t, to, comment); !strings.HasPrefix(got, "offshoot: incomplete") {
		t.Errorf("comment while loading: %s", got)
	}
	if err := target.Finish(t.Context(), s.ending()); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got := pgtest.Value(t, to, comment); got != "it's mine" {
		t.Errorf("comment afterwards: %s", got)
	}
}

func TestDatabase_TellsWhatAnInterruptedRunLeft(t *testing.T) {
	t.Parallel()
	s, to := simple(t), pgtest.New(t)
	target := begun(t, s, to) // and is killed: only the connections end
	pgtest.Exec(t, to,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "+
			"pg_backend_pid()")
	_, err := s.copyTo(t, to, sink.Options{})
	if !errors.Is(err, subset.ErrTargetNotEmpty) || !strings.Contains(err.Error(), "interrupted run") {
		t.Errorf("got %v", err)
	}
	_ = target.Close(t.Context(), false)
	s.mustCopyTo(t, to, sink.Options{Replace: true})
	same(t, s.url, to)
}

func TestDatabase_IsEmptiedWhenTheSourceBreaks(t *testing.T) {
	t.Parallel()
	s, to := simple(t), pgtest.New(t)
	target := begun(t, s, to)
	broken := errors.New("source is gone")
	heap := s.from.Catalog.Tables[1].Heaps[0]
	r := io.MultiReader(strings.NewReader("1\tann@example.org\n"), failing{broken})
	if _, err := target.Rows(t.Context(), heap, columns(heap), r); !errors.Is(err, broken) ||
		errors.Is(err, sink.ErrTargetLost) {
		t.Errorf("got %v", err)
	}
	if err := target.Close(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	isEmpty(t, to)
	if got := pgtest.Value(t, to, comment); got != `\N` {
		t.Errorf("comment %s", got)
	}
}

func TestDatabase_IsEmptiedWhenItsConnectionIsKilled(t *testing.T) {
	t.Parallel()
	s, to := simple(t), pgtest.New(t)
	target := begun(t, s, to)
	heap := s.from.Catalog.Tables[1].Heaps[0]
	kill := &during{act: func() error {
		pgtest.EndSessions(t, to)
		return nil
	}}
	more := strings.NewReader(strings.Repeat("1\tann@example.org\n", 1_000_000))
	_, err := target.Rows(t.Context(), heap, columns(heap), io.MultiReader(strings.NewReader("1\tx\n"), kill, more))
	if !errors.Is(err, sink.ErrTargetLost) || strings.Contains(err.Error(), "ann@") ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if err := target.Close(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	isEmpty(t, to)
}

func TestDatabase_IsEmptiedWhenCancelled(t *testing.T) {
	t.Parallel()
	s, to := simple(t), pgtest.New(t)
	target := begun(t, s, to)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	heap := s.from.Catalog.Tables[1].Heaps[0]
	r := io.MultiReader(strings.NewReader("1\tx\n"), &during{act: func() error { cancel(stop); return nil }},
		strings.NewReader(strings.Repeat("1\tx\n", 1_000_000)))
	if _, err := target.Rows(ctx, heap, columns(heap), r); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if err := target.Close(ctx, true); err != nil {
		t.Fatal(err)
	}
	isEmpty(t, to)
}

func TestDatabase_ShowsNoRowInErrors(t *testing.T) {
	t.Parallel()
	s := simple(t)
	parent, child := s.from.Catalog.Tables[1].Heaps[0], s.from.Catalog.Tables[0].Heaps[0]
	t.Run("refused value", func(t *testing.T) {
		to := pgtest.New(t)
		target := begun(t, s, to)
		_, err := target.Rows(t.Context(), parent, columns(parent), strings.NewReader("ann@example.org\tx\n"))
		if got := err.Error(); strings.Contains(got, "ann@") ||
			!strings.Contains(got, "COPY parent, line 1, column id") {
			t.Errorf("got %s", got)
		}
		if err := target.Close(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("dangling row", func(t *testing.T) {
		to := pgtest.New(t)
		target := begun(t, s, to)
		if _, err := target.Rows(t.Context(), child, columns(child), strings.NewReader("4711\n")); err != nil {
			t.Fatal(err)
		}
		err := target.Finish(t.Context(), s.ending())
		if err == nil || strings.Contains(err.Error(), "4711") || !strings.Contains(err.Error(), "child_id_fkey") {
			t.Errorf("got %v", err)
		}
		if err := target.Close(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		isEmpty(t, to)
	})
}

func TestClose_IsHarmlessBeforeBeginAndTwice(t *testing.T) {
	t.Parallel()
	to := pgtest.New(t)
	pgtest.Exec(t, to, "CREATE TABLE mine (n int)")
	for _, name := range []string{to, t.TempDir() + "/x.sql"} {
		target, err := sink.Open(name, sink.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := target.Close(t.Context(), true); err != nil {
				t.Error(err)
			}
		}
	}
	if got := pgtest.Value(t, to, "SELECT count(*) FROM mine"); got != "0" {
		t.Error(got)
	}
}
