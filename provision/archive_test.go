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
	const head, end = "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n", "--\n-- PostgreSQL database dump " +
		"complete\n--\n"
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

func written(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll opens an archive as up does, and reads it to its end.
func readAll(path string) (string, error) {
	a, err := openArchive(path)
	if err != nil {
		return "", err
	}
	c, err := a.open()
	if err != nil {
		return "", err
	}
	inside, err := io.ReadAll(c)
	return string(inside), errors.Join(err, c.complete(), c.Close())
}

func TestOpenArchive_CutAnywhereIsNeverTakenForAWholeOne(t *testing.T) {
	script := "-- PostgreSQL database dump\n" + strings.Repeat("INSERT INTO a VALUES (1);\n", 2000) +
		"-- PostgreSQL database dump complete\n"
	for name, whole := range map[string]string{
		"a.sql": script, "a.sql.gz": packed(t, script, gzipped), "a.sql.zst": packed(t, script, zstded),
	} {
		if got, err := readAll(written(t, name, whole)); err != nil || got != script {
			t.Fatalf("%s: the whole one gives %d bytes, %v", name, len(got), err)
		}
		for _, size := range []int{5, 11, len(whole) / 3, len(whole) / 2, len(whole) - 9, len(whole) - 2} {
			if got, err := readAll(written(t, name, whole[:size])); err == nil && name != "a.sql" ||
				len(got) > len(script) {
				t.Errorf("%s cut at %d of %d: no error", name, size, len(whole))
			}
		}
	}
	for _, size := range []int{200, len(script) / 2, len(script) - 2} {
		_, err := readAll(written(t, "a.sql", script[:size]))
		if err == nil || !strings.Contains(err.Error(), "cut short") || len(hint.Of(err)) != 1 {
			t.Errorf("a.sql cut at %d: %v, hints %q", size, err, hint.Of(err))
		}
	}
}

func TestOpenArchive_DamageInTheMiddleIsSaidWithAHint(t *testing.T) {
	var script strings.Builder // does not compress to almost nothing
	for i := range 40000 {
		script.WriteString("INSERT INTO a VALUES ('" + strings.Repeat(string(rune('a'+i*7%26)), i%13) + "');\n")
	}
	for name, pack := range map[string]func(io.Writer) (io.WriteCloser,
		error){"a.sql.gz": gzipped, "a.sql.zst": zstded} {
		whole := []byte(packed(t, script.String(), pack))
		for i := range 16 {
			whole[len(whole)*3/4+i] ^= 0xff
		}
		_, err := readAll(written(t, name, string(whole)))
		if err == nil || !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "INSERT") {
			t.Errorf("%s: the error shows what is inside: %v", name, err)
		}
	}
}

func TestOpenArchive_RefusesAHeaderThatAsksForMoreThanThereIs(t *testing.T) {
	for name, content := range map[string]string{
		"a window of terabytes":     "\x28\xb5\x2f\xfd\x00\xff" + strings.Repeat("x", 600),
		"a reserved bit":            "\x28\xb5\x2f\xfd\x08\x00" + strings.Repeat("x", 600),
		"an unknown compression":    "\x1f\x8b\x07\x00" + strings.Repeat("\x00", 600),
		"a tar of a negative size":  "toc.dat" + strings.Repeat("\x00", 93) + strings.Repeat("\xff", 412),
		"compressed twice":          packed(t, packed(t, strings.Repeat("SELECT 1;\n", 400), gzipped), zstded),
		"a script of UTF-16":        "\xff\xfeS\x00E\x00L\x00E\x00C\x00T\x00",
		"white space, compressed":   packed(t, strings.Repeat(" \n\t", 300), zstded),
		"the magic number, no more": "\x28\xb5\x2f\xfd",
	} {
		if a, err := openArchive(written(t, "a.sql", content)); err == nil {
			t.Errorf("%s: accepted as %+v", name, a)
		}
	}
}

func TestOpenArchive_TellsTarOfPgDumpFromOthersAlsoCompressed(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		custom  bool
	}{
		"tar.gz":                      {packed(t, tarOf(t, "toc.dat"), gzipped), true},
		"tar.zst":                     {packed(t, tarOf(t, "toc.dat"), zstded), true},
		"dump.gz":                     {packed(t, "PGDMP\x01\x0f", gzipped), true},
		"a script that names PGDMP":   {"-- PGDMP\nSELECT 1;\n", false},
		"a script that names toc.dat": {"toc.dat", false},
		"two members of gzip":         {packed(t, "SELECT 1;\n", gzipped) + packed(t, "SELECT 2;\n", gzipped), false},
		"a byte order mark":           {"\ufeffSELECT 1;\n", false},
	} {
		a, err := openArchive(written(t, "a", c.content))
		if err != nil || a.Custom != c.custom {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if inside, err := readAll(written(t, "a",
		packed(t, "SELECT 1;\n", gzipped)+packed(t, "SELECT 2;\n", gzipped))); inside != "SELECT 1;\nSELECT 2;\n" {
		t.Errorf("two members give %q, %v", inside, err)
	}
}
