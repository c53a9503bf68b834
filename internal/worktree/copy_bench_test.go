package worktree_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// BenchmarkCopy copies 20,000 files of 1 GB in all, in TMPDIR: by sharing blocks
// where its file system can.
func BenchmarkCopy(b *testing.B) {
	from, content := b.TempDir(), make([]byte, 50_000)
	_, _ = rand.Read(content)
	var paths []string
	for i := range 20_000 {
		name := fmt.Sprintf("folder-%d/%d", i/100, i)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(from, name)), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, name), content, 0o600); err != nil {
			b.Fatal(err)
		}
		paths = append(paths, name)
	}
	source, err := os.OpenRoot(from)
	if err != nil {
		b.Fatal(err)
	}
	defer source.Close()
	for b.Loop() {
		b.StopTimer()
		to := b.TempDir()
		target, err := os.OpenRoot(to)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		copied, err := worktree.Copy(source, target, worktree.Divide([]string{"."}, paths))
		if err != nil || copied.Files != 20_000 {
			b.Fatalf("%+v, %v", copied, err)
		}
		b.StopTimer()
		b.Logf("shared: %v", copied.Shared)
		_ = target.Close()
		if err := os.RemoveAll(to); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
