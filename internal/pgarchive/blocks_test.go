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
)

// written is a custom archive whose table and large objects hold something
// else than what pg_dump wrote.
func written(t *testing.T, rows string, object []byte) string {
	t.Helper()
	a := read(t, dumped(t, "custom"))
	var body bytes.Buffer
	blocks := pgarchive.NewBlocks(&body)
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

func TestBlocks_AreReadByPgRestore(t *testing.T) {
	noise := make([]byte, 300_000) // several chunks
	_, _ = rand.Read(noise)
	rows := strings.Repeat("8\tx\n", 50_000)
	script := run(t, "pg_restore", "--file=-", written(t, rows+"\\.\n\n\n", noise))
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
	script := run(t, "pg_restore", "--file=-", written(t, "", nil))
	if !strings.Contains(script, "dump complete") {
		t.Error(script)
	}
}

func TestBlocks_TellThatTheyCannotBeWritten(t *testing.T) {
	row := func(w io.Writer) (int64, error) {
		b := pgarchive.NewBlocks(w)
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
