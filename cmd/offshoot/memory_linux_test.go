package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// peak is the most memory that a program that has ended ever had, in kB.
func peak(p *process) int64 {
	return p.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

// forgetPeak has this process count its own peak anew: that of a child begins with its parent's.
// https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
func forgetPeak(t *testing.T) {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// TestSubset_HoldsALargeValueOnce: PostgreSQL sends a row of 100 MB as one
// message, for which there has to be room, but not for several of them.
func TestSubset_HoldsALargeValueOnce(t *testing.T) {
	const size, most = 100 << 20, 220 << 10 // bytes, kB
	source, target := pgtest.New(t), pgtest.New(t)
	pgtest.Exec(t, source,
		fmt.Sprintf("CREATE TABLE scan (id int PRIMARY KEY, body text); INSERT INTO scan VALUES (1, repeat('x', "+
			"%d)); ANALYZE", size))
	for _, to := range []string{target, filepath.Join(t.TempDir(), "out.sql.zst")} {
		forgetPeak(t)
		p := offshoot(t, t.TempDir(), 0, "subset", "--source", source, "--to", to)
		if got := peak(p); got > most {
			t.Errorf("%d MB at its peak, at most %d", got>>10, most>>10)
		}
	}
	if n := pgtest.Value(t, target, "SELECT length(body) FROM scan"); n != fmt.Sprint(size) {
		t.Errorf("a value of %s bytes, want %d", n, size)
	}
}
