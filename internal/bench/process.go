package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Processes reads what Linux says about processes, below a folder such as
// /proc. See https://man7.org/linux/man-pages/man5/proc.5.html.
type Processes struct {
	Dir string
}

// tick is the unit of times in /proc/PID/stat. The kernel's own may differ,
// but to programs it has always said 100 a second on Linux.
const tick = 1.0 / 100

// CPU is how many CPU seconds a process and the children it had, dead or
// alive, have used. Grandchildren count once their parents are gone.
func (p Processes) CPU(pid int) (seconds float64, err error) {
	own, err := p.stat(pid)
	if err != nil {
		return 0, err
	}
	ticks := own.user + own.system + own.deadUser + own.deadSystem
	children, err := p.Children(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range children {
		if s, err := p.stat(child); err == nil { // else it has just ended
			ticks += s.user + s.system
		}
	}
	return float64(ticks) * tick, nil
}

// Children lists the living children of a process.
func (p Processes) Children(pid int) ([]int, error) {
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return nil, err
	}
	var children []int
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, err := p.stat(child); err == nil && s.parent == pid {
			children = append(children, child)
		}
	}
	slices.Sort(children)
	return children, nil
}

// Peak is the most memory, in bytes, that a process has had in RAM since it
// began to run its program.
func (p Processes) Peak(pid int) (int64, error) {
	status, err := os.ReadFile(filepath.Join(p.Dir, strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	return kilobytes(string(status), "VmHWM:")
}

// Name is the name of the program that a process runs, of which Linux keeps 15
// bytes.
func (p Processes) Name(pid int) (string, error) {
	name, err := os.ReadFile(filepath.Join(p.Dir, strconv.Itoa(pid), "comm"))
	return strings.TrimSuffix(string(name), "\n"), err
}

// stat is the part of /proc/PID/stat that matters here.
type stat struct {
	parent               int
	user, system         int64 // ticks
	deadUser, deadSystem int64 // of children that were waited for
}

func (p Processes) stat(pid int) (stat, error) {
	line, err := os.ReadFile(filepath.Join(p.Dir, strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(line))
}

var errStat = errors.New("unexpected line in /proc/PID/stat")

// parseStat reads a line such as "7 (my (odd) name) S 1 …": the name may hold
// anything, so the fields are counted from its last bracket.
func parseStat(line string) (stat, error) {
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	const parent, user = 1, 11 // fields 4 and 14 of the manual, which counts from 1 and the name in
	if len(fields) < user+4 {
		return stat{}, errStat
	}
	numbers := make([]int64, 5)
	for i, field := range append([]string{fields[parent]}, fields[user:user+4]...) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("%w: %w", errStat, err)
		}
		numbers[i] = n
	}
	return stat{
		parent: int(numbers[0]), user: numbers[1], system: numbers[2], deadUser: numbers[3],
		deadSystem: numbers[4],
	}, nil
}

// kilobytes reads a line such as "VmHWM:	  1024 kB" and returns bytes.
func kilobytes(text, label string) (int64, error) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, label); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n * 1024, err
		}
	}
	return 0, fmt.Errorf("no line %s", label)
}
