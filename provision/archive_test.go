package provision

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

func packed(t *testing.T, content string, pack func(io.Writer) (io.WriteCloser, error)) string {
	t.Helper()
	var b bytes.Buffer
	w, err := pack(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
func zstded(w io.Writer) (io.WriteCloser, error)  { return zstd.NewWriter(w) }

func tarOf(t *testing.T, name string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: 3, Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("abc"))
	_ = w.Close()
	return b.String()
}

func TestOpenArchive_KnowsWhatItIsByItsContent(t *testing.T) {
	script := "CREATE TABLE a (b int);\n" + strings.Repeat("-- long\n", 100000)
	cases := map[string]struct {
		content, inside string
		custom          bool
	}{
		"script.sql":      {script, script, false},
		"short.sql":       {"SELECT 1", "SELECT 1", false},
		"script.sql.gz":   {packed(t, script, gzipped), script, false},
		"script.sql.zst":  {packed(t, script, zstded), script, false},
		"misnamed.sql":    {packed(t, script, zstded), script, false},
		"custom.dump":     {"PGDMP\x01\x0e\x00", "PGDMP\x01\x0e\x00", true},
		"custom.dump.zst": {packed(t, "PGDMP\x01", zstded), "PGDMP\x01", true},
		"archive.tar":     {tarOf(t, "toc.dat"), tarOf(t, "toc.dat"), true},
	}
	for name, c := range cases {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := openArchive(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a.Custom != c.custom || a.Bytes != int64(len(c.content)) || len(a.SHA256) != 64 {
			t.Errorf("%s: %+v", name, a)
		}
		content, err := a.open()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(content)
		if err != nil || string(got) != c.inside {
			t.Errorf("%s: %d bytes inside, %v", name, len(got), err)
		}
		if content.read.n.Load() != a.Bytes {
			t.Errorf("%s: %d bytes counted of %d", name, content.read.n.Load(), a.Bytes)
		}
		if err := content.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenArchive_RefusesWhatCannotBeLoaded(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"empty.sql": "", "blank.sql": " \n", "picture.sql": "\x89PNG\r\n\x00", "other.tar": tarOf(t, "holiday.jpg"),
		"broken.sql.gz": "\x1f\x8b\x00", "nothing.sql.gz": packed(t, "", gzipped),
	} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if a, err := openArchive(path); err == nil {
			t.Errorf("%s: accepted as %+v", name, a)
		}
	}
	for _, path := range []string{folder, filepath.Join(folder, "missing.sql")} {
		_, err := openArchive(path)
		if !errors.Is(err, hint.ErrUsage) || len(hint.Of(err)) != 1 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestOpenArchive_CutShortIsAnErrorOfReading(t *testing.T) {
	whole := packed(t, strings.Repeat("SELECT 1;\n", 100000), zstded)
	path := filepath.Join(t.TempDir(), "cut.sql.zst")
	if err := os.WriteFile(path, []byte(whole[:len(whole)/2]), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := openArchive(path)
	if err != nil {
		return // noticed at once
	}
	content, err := a.open()
	if err != nil {
		return
	}
	defer content.Close()
	if err := send(content, io.Discard, func() error { return nil }); err == nil {
		t.Error("half of an archive was taken for a whole one")
	}
}

func TestScript_OfPgDumpWithoutItsLastLineIsCutShort(t *testing.T) {
	const head, end = "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n", "--\n-- PostgreSQL database dump complete\n--\n"
	filler := strings.Repeat("-- filler of a script\n", 10000)
	for text, want := range map[string]bool{
		head + filler + end:           true,
		head + filler + end + filler:  true, // something was appended
		head + filler:                 false,
		head + filler + end[:20]:      false,
		filler:                        true, // not pg_dump's
		"-- PostgreSQL database dump": false,
		"--\n-- PostgreSQL database cluster dump\n--\n": true, // pg_dumpall ends otherwise
	} {
		for _, step := range []int{1, 7, 4096} {
			c := &content{}
			if err := c.inside(strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			for buffer := make([]byte, step); ; {
				if _, err := c.Read(buffer); err != nil {
					break
				}
			}
			if err := c.complete(); (err == nil) != want {
				t.Errorf("%.40q… of %d bytes, read by %d: %v", text, len(text), step, err)
			}
		}
	}
}
