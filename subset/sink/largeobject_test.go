package sink_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// withObjects is a database whose rows name large objects: small, empty, with
// a hole, of several parts that do not compress, and of a high number.
func withObjects(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t, "objects", func(url string) {
		pgtest.Exec(t, url,
			`CREATE TABLE page (id int PRIMARY KEY, o oid); CREATE TABLE empty (o oid); CREATE TABLE zebra (id int REFERENCES page);
			SELECT lo_from_bytea(20001, 'small'), lo_from_bytea(20002, ''), lo_from_bytea(4294967290, '\x00ff'), lo_create(20003), lo_create(20004);
			SELECT lo_put(20003, 500000, 'end');
			SELECT lo_put(20004, n * 32, decode(md5(n::text) || md5((-n)::text), 'hex')) FROM generate_series(0, 20000) n;
			SELECT lo_create(n::oid) FROM generate_series(30001, 30300) n;
			INSERT INTO page SELECT row_number() OVER (), oid FROM pg_largeobject_metadata; INSERT INTO zebra SELECT id FROM page`)
	})
}

// whole takes all rows of a database to a target as the command does.
func whole(t *testing.T, from, to string) *subset.Report {
	t.Helper()
	spec := plan.Spec{URL: from, Tables: map[string]plan.Rule{}}
	for _, table := range open(t, from).from.Catalog.Tables {
		spec.Tables[table.Name.Schema+"."+table.Name.Name] = plan.Rule{All: true}
	}
	report, target := runSpec(t, spec, to)
	noWarnings(t, target)
	return report
}

const objectSums = "SELECT oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid"

func TestLargeObject_IsTheSameInEachTarget(t *testing.T) {
	t.Parallel()
	from := withObjects(t)
	want := pgtest.Query(t, from, objectSums)
	for _, way := range []string{"database", "x.sql.zst", "x.dump", "x/"} {
		t.Run(way, func(t *testing.T) {
			to, again := pgtest.New(t), pgtest.New(t)
			path := to
			if way != "database" {
				path = t.TempDir() + "/" + way
			}
			report := whole(t, from, path)
			if report.LargeObjects.Count != int64(len(want)) || report.LargeObjects.Bytes < 640000 {
				t.Errorf("reported %+v", report.LargeObjects)
			}
			if way != "database" {
				loadFile(t, to, path)
			}
			if diff := cmp.Diff(want, pgtest.Query(t, to, objectSums)); diff != "" {
				t.Errorf("(-source +target) %.2000s", diff)
			}
			same(t, from, to)
			if !strings.Contains(way, ".sql") && way != "database" {
				restore(t, again, path, "--jobs=2")
				same(t, from, again)
			}
		})
	}
}

func TestLargeObject_IsListedAsPgDumpListsIt(t *testing.T) {
	t.Parallel()
	from := withObjects(t)
	theirs := filepath.Join(t.TempDir(), "theirs.dump")
	dumpTo(t, from, theirs)
	for _, kind := range kinds {
		path := t.TempDir() + "/" + kind
		whole(t, from, path)
		ours := listed(t, path)
		if at := slices.Index(ours, "COMMENT - facts of the source, for offshoot"); at >= 0 { // all that is ours alone
			ours = slices.Delete(ours, at, at+1)
		}
		if diff := cmp.Diff(listed(t, theirs), ours); diff != "" {
			t.Errorf("%s (-pg_dump +ours):\n%.2000s", kind, diff)
		}
		again := t.TempDir() + "/" + kind
		whole(t, from, again)
		if diff := cmp.Diff(bytesOf(t, path), bytesOf(t, again)); diff != "" {
			t.Errorf("%s: other bytes the second time", kind)
		}
	}
}

func TestLargeObject_LeavesNothingWhenTheSourceBreaks(t *testing.T) {
	t.Parallel()
	s := open(t, withObjects(t))
	broken := errors.New("source is gone")
	for _, way := range []string{"database", "x.sql", "x.dump", "x/"} {
		to, dir := pgtest.New(t), t.TempDir()
		path := to
		if way != "database" {
			path = dir + "/" + way
		}
		target := begun(t, s, path)
		r := io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), failing{broken})
		if _, err := target.LargeObject(t.Context(), 4711, r); !errors.Is(err, broken) ||
			errors.Is(err, sink.ErrTargetLost) {
			t.Errorf("%s: %v", way, err)
		}
		if err := target.Close(t.Context(), true); err != nil {
			t.Error(err)
		}
		isEmpty(t, to)
		if left := files(t, dir); len(left) > 0 {
			t.Errorf("%s left %q", way, left)
		}
	}
}

func TestLargeObject_StopsWhenInterrupted(t *testing.T) {
	t.Parallel()
	s := open(t, withObjects(t))
	stop := errors.New("interrupted")
	for _, way := range []string{"x.sql", "x.dump", "x/"} {
		target := begun(t, s, t.TempDir()+"/"+way)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stop)
		if _, err := target.LargeObject(ctx, 4711, strings.NewReader("x")); !errors.Is(err, stop) {
			t.Errorf("%s: %v", way, err)
		}
		if err := target.Close(ctx, true); err != nil {
			t.Error(err)
		}
	}
}

func TestDatabase_RefusesALargeObjectThatIsThere(t *testing.T) {
	t.Parallel()
	s, to := simple(t), pgtest.New(t)
	target := begun(t, s, to)
	pgtest.Exec(t, to, "SELECT lo_create(4711)")
	_, err := target.LargeObject(t.Context(), 4711, strings.NewReader("secret"))
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "23505") {
		t.Errorf("got %v", err)
	}
	if err := target.Close(t.Context(), true); err != nil {
		t.Error(err)
	}
	isEmpty(t, to)
}
