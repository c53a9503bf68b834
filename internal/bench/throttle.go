package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Throttle is a cgroup whose processes get no more of a disk than a slow one
// would give. It is version 1's where the kernel has that for disks, else
// version 2's.
//
// https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html
// https://docs.kernel.org/admin-guide/cgroup-v2.html#io
type Throttle struct {
	dir    string // of the cgroup
	device string // such as 254:0
	old    bool   // version 1
}

// Disk is what a slow disk gives in a second.
type Disk struct {
	Reads int64
	Bytes int64
}

// ErrNoThrottle says why no cgroup can slow a disk down here.
var ErrNoThrottle = errors.New("this kernel does not throttle the disk")

// NewThrottle makes a cgroup, below a folder such as /sys/fs/cgroup, that slows
// a device down.
func NewThrottle(root, device string, most Disk) (*Throttle, error) {
	t := &Throttle{device: device, old: true, dir: filepath.Join(root, "blkio", "offshoot-bench")}
	limits := map[string]string{
		"blkio.throttle.read_iops_device": fmt.Sprintf("%s %d", device, most.Reads),
		"blkio.throttle.read_bps_device":  fmt.Sprintf("%s %d", device, most.Bytes),
	}
	if _, err := os.Stat(filepath.Join(root, "blkio", "blkio.throttle.read_iops_device")); err != nil {
		t.old, t.dir = false, filepath.Join(root, "offshoot-bench")
		limits = map[string]string{"io.max": fmt.Sprintf("%s riops=%d rbps=%d", device, most.Reads, most.Bytes)}
		if err := delegate(root); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoThrottle, err)
	}
	for name, text := range limits {
		if err := os.WriteFile(filepath.Join(t.dir, name), []byte(text), 0o644); err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoThrottle, err), t.Close())
		}
	}
	return t, nil
}

// delegate has the cgroups below a root of version 2 know of disks.
func delegate(root string) error {
	controllers, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil || !strings.Contains(" "+strings.TrimSpace(string(controllers))+" ", " io ") {
		return fmt.Errorf("%w: no controller of disks below %s", ErrNoThrottle, root)
	}
	if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+io"), 0o644); err != nil {
		return fmt.Errorf("%w: %w", ErrNoThrottle, err)
	}
	return nil
}

// Hold puts a process into the cgroup, and with it the children it will have.
func (t *Throttle) Hold(pid int) error {
	return os.WriteFile(filepath.Join(t.dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
}

// Reads is what the processes have asked of the disk so far.
func (t *Throttle) Reads() (int64, error) {
	name, key := "io.stat", "rios="
	if t.old {
		name, key = "blkio.throttle.io_serviced", "Read "
	}
	text, err := os.ReadFile(filepath.Join(t.dir, name))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		rest, ours := strings.CutPrefix(line, t.device+" ")
		if _, n, ok := strings.Cut(rest, key); ours && ok {
			return strconv.ParseInt(strings.Fields(n)[0], 10, 64)
		}
	}
	return 0, nil // nothing was read yet
}

// Close lets the processes go, and removes the cgroup. What ends at that moment is in it for a little longer.
func (t *Throttle) Close() error {
	const patience, pause = 5 * time.Second, 20 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
		procs, err := os.ReadFile(filepath.Join(t.dir, "cgroup.procs"))
		for pid := range strings.FieldsSeq(string(procs)) {
			// It may have ended.
			_ = os.WriteFile(filepath.Join(filepath.Dir(t.dir), "cgroup.procs"), []byte(pid), 0o644)
		}
		if err = errors.Join(err, os.Remove(t.dir)); !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			return err
		}
	}
}

// DiskOf is the number of the disk that a block device, such as 254:1, is or is
// a part of, by what Linux says below /sys/dev/block.
func DiskOf(root, device string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Join(root, device))
	if err != nil {
		return "", fmt.Errorf("%w: %s is no block device", ErrNoThrottle, device)
	}
	if _, err := os.Stat(filepath.Join(dir, "partition")); err == nil {
		dir = filepath.Dir(dir)
	}
	number, err := os.ReadFile(filepath.Join(dir, "dev"))
	return strings.TrimSpace(string(number)), err
}
