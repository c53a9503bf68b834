//go:build !linux

package pgtest

// ram is a file system in memory, where there is one by that name.
const ram = "/dev/shm"

// root returns where clusters are made.
func root() string { return disk }
