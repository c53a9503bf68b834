package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// dropPages gives back the pages of the program's own file. To initialize every
// package touches some thirty megabytes, of which a command needs a few, and of
// what it does need the kernel maps the surroundings. What is needed again comes
// back from the page cache. What is mapped to be written to is left alone.
func dropPages() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer func() { _ = maps.Close() }()
	pages, err := readOnly(maps, program)
	for _, p := range pages {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, p.from, p.to-p.from, unix.MADV_DONTNEED); errno != 0 {
			return errno
		}
	}
	return err
}

// span is a part of the address space, without its end.
type span struct{ from, to uintptr }

// readOnly finds where a file is mapped without the right to write, in lines
// as of proc_pid_maps(5):
//
//	00400000-031e9000 r-xp 00000000 fe:00 12714193    /usr/bin/offshoot
func readOnly(maps io.Reader, file string) ([]span, error) {
	var found []span
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		var s span
		var rights string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &s.from, &s.to, &rights); err != nil {
			return nil, fmt.Errorf("maps: %w", err)
		}
		if !strings.Contains(rights, "w") && strings.HasSuffix(lines.Text(), " "+file) {
			found = append(found, s)
		}
	}
	return found, lines.Err()
}
