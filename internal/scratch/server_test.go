package scratch_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/internal/scratch"
)

func start(t *testing.T, like scratch.Database) *scratch.Server {
	t.Helper()
	s, err := scratch.Start(t.Context(), 13, like)
	if (errors.Is(err, scratch.ErrNoServer) || errors.Is(err, pgtool.ErrNoTools)) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := []byte(text)
	if strings.HasSuffix(name, ".zst") {
		encoder, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		data = encoder.EncodeAll(data, nil)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// leftovers lists the folders of servers.
func leftovers(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.TempDir(), "offshoot-scratch-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLoad_SaysWhatDoesNotLoadWithoutItsRows(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if err := os.Chmod(os.TempDir(), 0o711); err != nil { // the server's user has to get in
		t.Fatal(err)
	}
	open(t, os.TempDir())
	const nowhere = "xx_XX.UTF-8"
	s := start(t, scratch.Database{Encoding: "SQL_ASCII", Collate: nowhere, Ctype: nowhere})
	fine := `CREATE TABLE a (id int PRIMARY KEY, mail text);
COPY a FROM stdin;
1	jane@corp.test
\.
DO $$ BEGIN RAISE WARNING 'check constraint c of public.a added NOT VALID: kept rows break it'; END $$;
DO $$ BEGIN RAISE WARNING 'jane@corp.test'; END $$;
SET client_encoding = 'SQL_ASCII';
CREATE TABLE bytes (id int DEFAULT length('caf\xe9'));
`
	known := map[string]bool{"check constraint c of public.a added NOT VALID: kept rows break it": true}
	warnings, err := s.Load(t.Context(), write(t, "fine.sql.zst", fine), known)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "check constraint c") {
		t.Errorf("warnings %q", warnings)
	}
	const broken = "CREATE TABLE b (mail text UNIQUE);\nCOPY b FROM stdin;\njane@corp.test\njane@corp.test\n\\.\n"
	_, err = s.Load(t.Context(), write(t, "broken.sql", broken), nil)
	if err == nil || !strings.Contains(err.Error(), "duplicate key") || strings.Contains(err.Error(), "jane") {
		t.Errorf("error %v", err)
	}
	if _, err := s.Load(t.Context(), write(t, "not.dump", "nothing"), nil); err == nil {
		t.Error("a file that is no archive loads")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left := leftovers(t); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// open lets everybody pass through the folders down to one of the test's.
func open(t *testing.T, path string) {
	t.Helper()
	for dir := filepath.Dir(path); strings.HasPrefix(filepath.Base(dir), "Test"); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
}

func TestServer_IsGoneWithItsProcess(t *testing.T) {
	if os.Getenv("SCRATCH_CHILD") != "" {
		start(t, scratch.Database{})
		_, _ = os.Stdout.WriteString("up\n")
		time.Sleep(time.Minute)
		return
	}
	if err := start(t, scratch.Database{}).Close(); err != nil { // skips where there is none
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestServer_IsGoneWithItsProcess$", "-test.v")
	folder := t.TempDir()
	open(t, folder)
	if err := os.Chmod(folder, 0o777); err != nil { // as /tmp
		t.Fatal(err)
	}
	child.Env = append(os.Environ(), "SCRATCH_CHILD=1", "TMPDIR="+folder)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	buffer, said := make([]byte, 1024), ""
	for !strings.Contains(said, "up\n") {
		n, err := output.Read(buffer)
		if err != nil {
			t.Fatalf("the child ended: %q", said)
		}
		said += string(buffer[:n])
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		left, err := filepath.Glob(filepath.Join(folder, "offshoot-scratch-*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left %q", left)
		}
	}
}
