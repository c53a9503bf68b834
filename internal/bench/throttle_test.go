package bench

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var slow = Disk{Reads: 3000, Bytes: 125 << 20}

func TestThrottle_LimitsADeviceByEitherVersion(t *testing.T) {
	for name, one := range map[string]struct {
		kernel, want map[string]string
		stat         string
	}{
		"version 1": {
			kernel: map[string]string{"blkio/blkio.throttle.read_iops_device": ""},
			want: map[string]string{
				"blkio/offshoot-bench/blkio.throttle.read_iops_device": "254:0 3000",
				"blkio/offshoot-bench/blkio.throttle.read_bps_device":  "254:0 131072000",
				"blkio/offshoot-bench/cgroup.procs":                    "77",
			},
			stat: "blkio/offshoot-bench/blkio.throttle.io_serviced:8:0 Read 1\n" +
				"254:0 Read 42\n254:0 Write 7\nTotal 50\n",
		},
		"version 2": {
			kernel: map[string]string{"cgroup.controllers": "cpu io memory\n"},
			want: map[string]string{
				"cgroup.subtree_control":      "+io",
				"offshoot-bench/io.max":       "254:0 riops=3000 rbps=131072000",
				"offshoot-bench/cgroup.procs": "77",
			},
			stat: "offshoot-bench/io.stat:8:0 rbytes=9 rios=1\n254:0 rbytes=4096 wbytes=0 rios=42 wios=7\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := proc(t, one.kernel).Dir
			throttle, err := NewThrottle(root, "254:0", slow)
			if err != nil {
				t.Fatal(err)
			}
			if err := throttle.Hold(77); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for path := range one.want {
				text, _ := os.ReadFile(filepath.Join(root, path))
				got[path] = string(text)
			}
			if diff := cmp.Diff(one.want, got); diff != "" {
				t.Error(diff)
			}
			wantReads(t, throttle, root, one.stat)
		})
	}
}

// wantReads has the kernel say how much was read.
func wantReads(t *testing.T, throttle *Throttle, root, stat string) {
	t.Helper()
	name, text, _ := strings.Cut(stat, ":")
	if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err := throttle.Reads(); err != nil || n != 42 {
		t.Errorf("%d reads, %v", n, err)
	}
}

func TestThrottle_SaysThatAKernelHasNone(t *testing.T) {
	for _, kernel := range []map[string]string{{}, {"cgroup.controllers": "cpu memory pids\n"}} {
		if _, err := NewThrottle(proc(t, kernel).Dir, "254:0", slow); !errors.Is(err, ErrNoThrottle) {
			t.Errorf("%v: %v", kernel, err)
		}
	}
}

func TestDiskOf_APartitionIsTheDisk(t *testing.T) {
	sys := proc(t, map[string]string{"vda/dev": "254:0\n", "vda/vda1/dev": "254:1\n", "vda/vda1/partition": "1\n"}).Dir
	for number, path := range map[string]string{"254:0": "vda", "254:1": "vda/vda1"} {
		if err := os.Symlink(filepath.Join(sys, path), filepath.Join(sys, number)); err != nil {
			t.Fatal(err)
		}
		if disk, err := DiskOf(sys, number); err != nil || disk != "254:0" {
			t.Errorf("%s: %s, %v", number, disk, err)
		}
	}
	if _, err := DiskOf(sys, "0:42"); !errors.Is(err, ErrNoThrottle) {
		t.Errorf("%v", err)
	}
}
