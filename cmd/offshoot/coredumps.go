package main

import (
	"errors"
	"syscall"
)

// forbidCoreDumps keeps what is in memory, rows of production among it, from
// being written to a disk when this process or one that it starts crashes.
func forbidCoreDumps() error {
	return errors.Join(syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}), undumpable())
}
