package sink_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// replacing is a sink in the place of an archive that is there.
func replacing(t *testing.T, s *source, path string) sink.Sink {
	t.Helper()
	target, err := sink.Open(path, sink.Options{Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Begin(t.Context(), s.from); err != nil {
		t.Fatal(err)
	}
	return target
}

func TestArchive_LeavesWhatWasThereWhenTheSourceBreaks(t *testing.T) {
	t.Parallel()
	s := simple(t)
	broken := errors.New("source is gone")
	for _, kind := range kinds {
		path := archived(t, s, kind)
		before := bytesOf(t, path)
		target := replacing(t, s, path)
		heap := s.from.Catalog.Tables[1].Heaps[0]
		r := io.MultiReader(strings.NewReader("1\tx\n"), failing{broken})
		if _, err := target.Rows(t.Context(), heap, columns(heap), r); !errors.Is(err, broken) {
			t.Errorf("%s: %v", kind, err)
		}
		if err := errors.Join(target.Close(t.Context(), true), target.Close(t.Context(), true)); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(before, bytesOf(t, path)); diff != "" {
			t.Errorf("%s has changed", kind)
		}
		if left := files(t, filepath.Dir(filepath.Clean(path))); len(left) != 1 {
			t.Errorf("%s left %q", kind, left)
		}
	}
}

func TestArchive_IsReplacedByAnother(t *testing.T) {
	t.Parallel()
	old, s := simple(t), open(t, fixture(t, "everything.sql"))
	for _, kind := range kinds {
		path := archived(t, old, kind)
		if _, err := sink.Open(path, sink.Options{}); !errors.Is(err, subset.ErrTargetNotEmpty) ||
			!errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: %v", kind, err)
		}
		s.mustCopyTo(t, path, sink.Options{Replace: true})
		if diff := cmp.Diff(bytesOf(t, archived(t, s, kind)), bytesOf(t, path)); diff != "" {
			t.Errorf("%s holds something else", kind)
		}
		if left := files(t, filepath.Dir(filepath.Clean(path))); len(left) != 1 {
			t.Errorf("%s left %q", kind, left)
		}
	}
}

func TestArchive_IsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		path := archived(t, simple(t), kind)
		for name := range bytesOf(t, path) {
			info, err := os.Stat(filepath.Clean(path) + "/" + name)
			if name == "" {
				info, err = os.Stat(path)
			}
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s%s: %v, %v", kind, name, info, err)
			}
		}
	}
}

// cut ends all connections to the source when rows come.
type cut struct {
	sink.Sink
	end func()
}

func (c *cut) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	c.end()
	return c.Sink.Rows(ctx, heap, columns, r)
}

func TestArchive_LeavesNothingWhenTheConnectionsToTheSourceAreCut(t *testing.T) {
	t.Parallel()
	from := pgtest.New(t)
	pgtest.Exec(t, from,
		"CREATE TABLE t (s text); INSERT INTO t SELECT repeat(md5(n::text), 100) FROM generate_series(1, 20000) n")
	for _, kind := range kinds {
		dir := t.TempDir()
		target, err := sink.Open(dir+"/"+kind, sink.Options{})
		if err != nil {
			t.Fatal(err)
		}
		source, err := subset.Open(t.Context(),
			plan.Spec{URL: from, Tables: map[string]plan.Rule{"public.t": {All: true}}})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := source.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cutting := &cut{target, func() {
			pgtest.Exec(t, from,
				"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid "+
					"<> pg_backend_pid()")
		}}
		if _, err := source.Run(t.Context(), plan, cutting, nil); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", kind, err)
		}
		_ = source.Close(t.Context())
		if left := files(t, dir); len(left) > 0 {
			t.Errorf("%s left %q", kind, left)
		}
	}
}

// blocking tells that it is read, and never gives a byte more.
type blocking struct{ first bool }

func (b *blocking) Read(p []byte) (int, error) {
	if b.first {
		b.first = false
		return copy(p, "1\tx\n"), nil
	}
	fmt.Println("reading")
	select {}
}

// TestArchive_KilledLeavesWhatWasThere kills a test binary of its own.
func TestArchive_KilledLeavesWhatWasThere(t *testing.T) {
	if path := os.Getenv("SINK_TEST_KILLED"); path != "" {
		s := open(t, os.Getenv("SINK_TEST_SOURCE"))
		target := replacing(t, s, path)
		heap := s.from.Catalog.Tables[1].Heaps[0]
		_, err := target.Rows(t.Context(), heap, columns(heap), &blocking{first: true})
		t.Fatal(err)
	}
	t.Parallel()
	s := simple(t)
	for _, kind := range kinds {
		path := archived(t, s, kind)
		before := bytesOf(t, path)
		killed(t, s.url, path)
		if diff := cmp.Diff(before, bytesOf(t, path)); diff != "" {
			t.Errorf("%s has changed", kind)
		}
		s.mustCopyTo(t, path, sink.Options{Replace: true})
		if left := files(t, filepath.Dir(filepath.Clean(path))); len(left) != 1 {
			t.Errorf("%s: the next run leaves %q", kind, left)
		}
	}
}

// killed ends a run in the middle of its rows.
func killed(t *testing.T, from, path string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestArchive_KilledLeavesWhatWasThere$")
	cmd.Env = append(os.Environ(), "SINK_TEST_KILLED="+path, "SINK_TEST_SOURCE="+from)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("reading\n"))); err != nil {
		t.Errorf("not reading: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}
