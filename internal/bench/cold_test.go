package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/bench"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// slow is a disk of a small server in a cloud.
var slow = bench.Disk{Reads: 3000, Bytes: 125 << 20}

const (
	cgroups = "/sys/fs/cgroup"
	blocks  = "/sys/dev/block"
)

// mayChill says why the cold steps have to be left out.
func mayChill() error {
	if os.Getenv("BENCH_SERVER") != "" {
		return fmt.Errorf("%w: the server of BENCH_SERVER is not ours to stop", bench.ErrNoThrottle)
	}
	throttle, err := throttled("/tmp") // where clusters are that are to be on a disk
	if err != nil {
		return err
	}
	return throttle.Close()
}

// throttled makes the cgroup that slows the disk of a folder down.
func throttled(dir string) (*bench.Throttle, error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(dir, &stat); err != nil {
		return nil, err
	}
	// As gnu_dev_major and gnu_dev_minor of glibc do.
	major, minor := stat.Dev>>8&0xfff|stat.Dev>>32&^0xfff, stat.Dev&0xff|stat.Dev>>12&^0xff
	device, err := bench.DiskOf(blocks, fmt.Sprintf("%d:%d", major, minor))
	if err != nil {
		return nil, err
	}
	return bench.NewThrottle(cgroups, device, slow)
}

// chill has the server started anew, with nothing of its data in any memory,
// on a slow disk.
func chill(b *testing.B, r *round) {
	b.Helper()
	s := r.server
	thaw(b, r)
	data := s.data(b)
	pgtest.Restart(b, func() {
		syscall.Sync()
		if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0o200); err != nil {
			b.Fatal(err)
		}
	})
	s.findPostmaster(b, data)
	var err error
	if s.throttle, err = throttled(data); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { thaw(b, r) })
	if err := s.throttle.Hold(s.postmaster); err != nil {
		b.Fatal(err)
	}
}

// thaw gives the server its disk back. What it has in memory by then is what
// the last step needed: a scan.
func thaw(b *testing.B, r *round) {
	b.Helper()
	if r.server.throttle == nil {
		return
	}
	if err := r.server.throttle.Close(); err != nil {
		b.Fatal(err)
	}
	r.server.throttle = nil
}

// data is the folder of the server's data.
func (s *server) data(b *testing.B) string {
	b.Helper()
	return pgtest.Value(b, s.url, "SHOW data_directory")
}

// findPostmaster learns which process is the server.
func (s *server) findPostmaster(b *testing.B, data string) {
	b.Helper()
	pid, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		b.Fatalf("the processes of the server cannot be seen: %v", err)
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	s.postmaster = int(number(b, first))
}

// reads is what the server asked its slow disk for so far.
func (s *server) reads(b *testing.B) int64 {
	b.Helper()
	if s.throttle == nil {
		return 0
	}
	n, err := s.throttle.Reads()
	if err != nil {
		b.Fatal(err)
	}
	return n
}
