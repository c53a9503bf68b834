package main

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

// fileMemory is how much of files this process has in memory, in kilobytes.
func fileMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssFile:\s+([0-9]+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no RssFile in %s", status)
	}
	n, _ := strconv.Atoi(string(found[1]))
	return n
}

// populate brings all that dropPages would give back into memory.
func populate(t *testing.T) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	spans, err := readOnly(bytes.NewReader(maps), program)
	if err != nil || len(spans) == 0 {
		t.Fatalf("%v, maps\n%s", err, maps)
	}
	for _, s := range spans {
		// Linux before 5.14 cannot; then what the start needed has to do.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, s.from, s.to-s.from, unix.MADV_POPULATE_READ)
	}
}

func TestDropPages_GivesMemoryBack(t *testing.T) {
	populate(t) // another test may have given it back
	before := fileMemory(t)
	if err := dropPages(); err != nil {
		t.Fatal(err)
	}
	if after := fileMemory(t); after > before*3/4 {
		t.Errorf("%d kB of files are in memory, %d kB before", after, before)
	}
}

func TestReadOnly_IsOfTheFileAndNotWritable(t *testing.T) {
	got, err := readOnly(strings.NewReader(`00400000-031e9000 r-xp 00000000 fe:00 12714193                           /usr/bin/offshoot
031e9000-05a06000 r--p 02de9000 fe:00 12714193                           /usr/bin/offshoot
05a06000-05b38000 rw-p 05606000 fe:00 12714193                           /usr/bin/offshoot
05b38000-07b8e000 rw-p 00000000 00:00 0 
7fc719000000-7fc719100000 r-xp 00000000 fe:00 5                          /usr/lib/other
7fc719340000-7fc719700000 r--p 00000000 00:00 0                          [vvar]
`), "/usr/bin/offshoot")
	want := []span{{0x400000, 0x31e9000}, {0x31e9000, 0x5a06000}}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(span{})); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := readOnly(strings.NewReader("what is this\n"), "x"); err == nil {
		t.Error("no error for what is no map")
	}
}
