package pgarchive_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// dumped is a small database in the given format of pg_dump.
func dumped(t *testing.T, format string) string {
	t.Helper()
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TABLE "a b" (id int PRIMARY KEY, t text DEFAULT 'x'); COMMENT ON TABLE "a b" IS 'it''s
		long'; CREATE SEQUENCE s; CREATE VIEW v AS SELECT 1 AS one; INSERT INTO "a b" VALUES (1), (2);
		SELECT lo_from_bytea(n, convert_to('object ' || n, 'UTF8')) FROM unnest('{4711, 4294967290}'::oid[]) n`)
	path := filepath.Join(t.TempDir(), "x")
	run(t, "pg_dump", "--format="+format, "--file="+path, url)
	return path
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	tools, err := pgtool.Find(t.Context(), pgtest.Major(t))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tools.Path(program), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

func read(t *testing.T, path string) *pgarchive.Archive {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	a, err := pgarchive.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEncode_GivesTheVeryBytesOfPgDump(t *testing.T) {
	for format, name := range map[string]string{"custom": "", "directory": "toc.dat"} {
		path := filepath.Join(dumped(t, format), name)
		a := read(t, path)
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := a.Encode()
		if len(got) > len(want) || !bytes.Equal(got, want[:len(got)]) {
			t.Errorf("%s: differs from what pg_dump wrote", format)
		}
		if len(a.Entries) < 8 || a.Header.Created.Year() != time.Now().Year() ||
			a.Header.Compression != pgarchive.Gzip || *a.Header.Server == "" {
			t.Errorf("%s: %d entries, %+v", format, len(a.Entries), a.Header)
		}
	}
}

// everyVersion is an archive that holds each kind of value.
func everyVersion(minor int, format pgarchive.Format) *pgarchive.Archive {
	header := pgarchive.Header{
		Minor: minor, Format: format, Compression: pgarchive.Gzip,
		Created:  time.Date(2026, 11, 27, 3, 4, 5, 0, time.UTC),
		Database: new("d"), Server: new("17.1"), Dumper: new(""),
	}
	full := &pgarchive.Entry{
		ID: 4, Catalog: 1259, OID: 4294967295, Tag: new("t"), Kind: "TABLE DATA", Section: pgarchive.Data,
		Definition: new(""),
		Drop:       new("DROP"), Copy: new("COPY"), Schema: new("ö"), Tablespace: new(""), AccessMethod: new("heap"),
		Owner:        new("me"),
		Dependencies: []int{1, 3}, HasData: true,
	}
	if format == pgarchive.Custom {
		full.Offset = 1<<40 + 5
	} else {
		full.File = "4.dat"
	}
	if minor >= 16 {
		full.RelKind = 'r'
	}
	return &pgarchive.Archive{
		Header:  header,
		Entries: []*pgarchive.Entry{full, {ID: 7, Kind: "COMMENT", Section: pgarchive.None}},
	}
}

func TestRead_ReturnsWhatWasEncodedInEachVersion(t *testing.T) {
	for _, format := range []pgarchive.Format{pgarchive.Custom, pgarchive.Directory} {
		for minor := 14; minor <= 16; minor++ {
			want := everyVersion(minor, format)
			got, err := pgarchive.Read(bytes.NewReader(want.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("1.%d: %s", minor, diff)
			}
			want.Entries[0].Offset++
			if len(want.Encode()) != len(got.Encode()) {
				t.Errorf("1.%d: the length depends on offsets", minor)
			}
		}
	}
}

func TestRead_RefusesWhatItDoesNotKnow(t *testing.T) {
	whole := everyVersion(15, pgarchive.Custom).Encode()
	for n := range whole {
		if _, err := pgarchive.Read(bytes.NewReader(whole[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	for minor, known := range map[byte]bool{0: false, 13: false, 17: false, 15: true} {
		whole[6] = minor
		_, err := pgarchive.Read(bytes.NewReader(whole))
		var version *pgarchive.VersionError
		if errors.As(err, &version) == known {
			t.Errorf("1.%d: %v", minor, err)
		}
	}
	if _, err := pgarchive.Read(bytes.NewReader([]byte("-- PostgreSQL database dump"))); err == nil {
		t.Error("a script was taken for an archive")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(everyVersion(14, pgarchive.Custom).Encode())
	f.Add(everyVersion(16, pgarchive.Directory).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := pgarchive.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := pgarchive.Read(bytes.NewReader(a.Encode()))
		if err != nil || len(again.Entries) != len(a.Entries) {
			t.Errorf("%v", err)
		}
	})
}
