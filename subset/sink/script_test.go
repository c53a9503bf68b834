package sink_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// read returns a file's text, decompressed.
func read(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var r io.Reader = file
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(file)
	case ".zst":
		r, err = zstd.NewReader(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestScript_LoadsWithPsqlAndHoldsWhatTheSourceHolds(t *testing.T) {
	t.Parallel()
	from, to := fixture(t, "everything.sql"), pgtest.New(t)
	path := filepath.Join(t.TempDir(), "x.sql")
	noWarnings(t, open(t, from).mustCopyTo(t, path, sink.Options{}))
	pgtest.Load(t, to, path)
	same(t, from, to)
}

func TestScript_IsTheSameEachTimeAndInEachForm(t *testing.T) {
	from := fixture(t, "everything.sql")
	dir := t.TempDir()
	names := []string{"a.sql", "b.sql", "a.sql.gz", "b.sql.gz", "a.sql.zst", "b.sql.zst"}
	for _, name := range names {
		open(t, from).mustCopyTo(t, filepath.Join(dir, name), sink.Options{})
	}
	want := read(t, filepath.Join(dir, "a.sql"))
	for _, name := range names {
		if got := read(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s: %s", name, cmp.Diff(want, got))
		}
	}
	for _, ext := range []string{".sql.gz", ".sql.zst"} {
		a, _ := os.ReadFile(filepath.Join(dir, "a"+ext))
		b, _ := os.ReadFile(filepath.Join(dir, "b"+ext))
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the bytes differ", ext)
		}
	}
	var out bytes.Buffer
	open(t, from).mustCopyTo(t, "-", sink.Options{Stdout: &out})
	if out.String() != want {
		t.Errorf("stdout: %s", cmp.Diff(want, out.String()))
	}
	if diff := cmp.Diff([]string{"a.sql", "a.sql.gz", "a.sql.zst", "b.sql", "b.sql.gz", "b.sql.zst"},
		files(t, dir)); diff != "" {
		t.Errorf("files: %s", diff)
	}
}

func TestScript_StopsInATargetThatIsNotEmpty(t *testing.T) {
	t.Parallel()
	from := fixture(t, "everything.sql")
	path := filepath.Join(t.TempDir(), "x.sql")
	open(t, from).mustCopyTo(t, path, sink.Options{})
	to := pgtest.New(t)
	pgtest.Exec(t, to, "CREATE TABLE person (other int)")
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql in PATH")
	}
	cmd := exec.Command(psql, "-X", "-q", "-f", path, to) // without ON_ERROR_STOP of its own
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "already exists") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestScript_RefusesAFileThatExists(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sql")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sink.Open(path, sink.Options{})
	if !errors.Is(err, subset.ErrTargetNotEmpty) || !errors.Is(err, hint.ErrUsage) {
		t.Errorf("got %v", err)
	}
	if got := read(t, path); got != "mine" {
		t.Errorf("the file holds %q", got)
	}
	open(t, fixture(t, "everything.sql")).mustCopyTo(t, path, sink.Options{Replace: true})
	if got := read(t, path); !strings.Contains(got, "CREATE TABLE") {
		t.Error("not replaced")
	}
}

func TestScript_LeavesNothingWhenTheSourceBreaks(t *testing.T) {
	dir := t.TempDir()
	s := open(t, fixture(t, "everything.sql"))
	broken := errors.New("source is gone")
	target, err := sink.Open(filepath.Join(dir, "x.sql.zst"), sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Begin(t.Context(), s.from); err != nil {
		t.Fatal(err)
	}
	if names := files(t, dir); len(names) > 0 && runtime.GOOS == "linux" {
		t.Errorf("files while writing, which a kill would leave: %q", names)
	}
	heap := s.from.Catalog.Tables[0].Heaps[0]
	r := io.MultiReader(strings.NewReader("1\t2\n"), failing{broken})
	if _, err := target.Rows(t.Context(), heap, columns(heap), r); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := target.Close(t.Context(), true); err != nil {
		t.Error(err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestScript_SaysThatStdoutIsFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer func() { _ = full.Close() }()
	_, err = open(t, fixture(t, "everything.sql")).copyTo(t, "-", sink.Options{Stdout: full})
	if !errors.Is(err, syscall.ENOSPC) || len(hint.Of(err)) != 1 ||
		!strings.Contains(err.Error(), "write stdout: no space left") {
		t.Errorf("got %v", err)
	}
}
