package pgarchive_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// written is a custom archive whose table and large objects hold something
// else than what pg_dump wrote.
func written(t *testing.T, c pgarchive.Compression, rows string, object []byte) string {
	t.Helper()
	a := read(t, dumped(t, "custom"))
	a.Header.Compression = c
	var body bytes.Buffer
	blocks, err := pgarchive.NewBlocks(&body, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range a.Entries {
		if !e.HasData {
			continue
		}
		e.Offset = blocks.Size()
		if e.Kind == "TABLE DATA" {
			w, err := blocks.Rows(e.ID)
			fill(t, w, err, rows)
			continue
		}
		if err := blocks.Objects(e.ID); err != nil {
			t.Fatal(err)
		}
		for _, loid := range []uint32{4711, 4294967290} {
			w, err := blocks.Object(loid)
			fill(t, w, err, string(object))
		}
		if err := blocks.EndObjects(); err != nil {
			t.Fatal(err)
		}
	}
	length := int64(len(a.Encode()))
	for _, e := range a.Entries {
		e.Offset += length
	}
	path := filepath.Join(t.TempDir(), "x.dump")
	if err := os.WriteFile(path, append(a.Encode(), body.Bytes()...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fill(t *testing.T, w io.WriteCloser, err error, text string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitAfterSeq(text, "\n") {
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// compressions are those that archives of the version may have.
func compressions(t *testing.T) map[string]pgarchive.Compression {
	t.Helper()
	if pgtest.Major(t) < 16 {
		return map[string]pgarchive.Compression{"gzip": pgarchive.Gzip}
	}
	return map[string]pgarchive.Compression{"gzip": pgarchive.Gzip, "zstd": pgarchive.Zstd}
}

func TestBlocks_AreReadByPgRestore(t *testing.T) {
	for name, c := range compressions(t) {
		t.Run(name, func(t *testing.T) { readByPgRestore(t, c) })
	}
}

func readByPgRestore(t *testing.T, c pgarchive.Compression) {
	t.Helper()
	noise := make([]byte, 300_000) // several chunks
	_, _ = rand.Read(noise)
	rows := strings.Repeat("8\tx\n", 50_000)
	script := run(t, "pg_restore", "--file=-", written(t, c, rows+"\\.\n\n\n", noise))
	if strings.Count(script, "8\tx\n") != 50_000 {
		t.Errorf("%d rows", strings.Count(script, "8\tx\n"))
	}
	for _, want := range []string{"lo_open('4711'", "lo_open('4294967290'"} {
		if !strings.Contains(script, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestBlocks_MayBeEmpty(t *testing.T) {
	for name, c := range compressions(t) {
		t.Run(name, func(t *testing.T) {
			script := run(t, "pg_restore", "--file=-", written(t, c, "", nil))
			if !strings.Contains(script, "dump complete") {
				t.Error(script)
			}
		})
	}
}

func TestBlocks_TellThatTheyCannotBeWritten(t *testing.T) {
	for name, c := range compressions(t) {
		t.Run(name, func(t *testing.T) { cannotBeWritten(t, c) })
	}
}

func cannotBeWritten(t *testing.T, c pgarchive.Compression) {
	t.Helper()
	row := func(w io.Writer) (int64, error) {
		b, err := pgarchive.NewBlocks(w, c)
		if err != nil {
			return 0, err
		}
		rows, err := b.Rows(1)
		if err != nil {
			return b.Size(), err
		}
		_, err = io.WriteString(rows, "a row\n")
		return b.Size(), errors.Join(err, rows.Close())
	}
	size, err := row(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	for room := range int(size) {
		if _, err := row(&small{room, full}); !errors.Is(err, full) {
			t.Errorf("%d bytes of room: %v", room, err)
		}
	}
}

// small has room for so many bytes.
type small struct {
	room int
	err  error
}

func (s *small) Write(p []byte) (int, error) {
	if len(p) > s.room {
		n := s.room
		s.room = 0
		return n, s.err
	}
	s.room -= len(p)
	return len(p), nil
}
