package scratch_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/scratch"
)

func TestWriteRelation_MakesLongFilesThatTakeNoRoom(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if err := os.Chmod(os.TempDir(), 0o711); err != nil {
		t.Fatal(err)
	}
	open(t, os.TempDir())
	s := start(t, scratch.Database{})
	defer func() { _ = s.Close() }()
	const size = 2<<30 + 3*8192
	if err := s.WriteRelation("base/1/99999", []byte("begin"), false, size); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(leftovers(t)[0], "data", "base", "1")
	for name, want := range map[string]int64{"99999": 1 << 30, "99999.1": 1 << 30, "99999.2": 3 * 8192} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if used := info.Sys().(*syscall.Stat_t).Blocks * 512; info.Size() != want || used > 1<<20 {
			t.Errorf("%s: %d bytes, %d of the disk; want %d", name, info.Size(), used, want)
		}
	}
	if err := s.WriteRelation("base/1/99999", nil, true, 8192); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "99999"))
	if err != nil || len(text) != 8192 || string(text[:5]) != "begin" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if err := s.WriteRelation("../../../planted", nil, false, 1); err == nil {
		t.Error("a file beside the server's is written")
	}
}
