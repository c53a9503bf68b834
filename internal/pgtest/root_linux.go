package pgtest

import "golang.org/x/sys/unix"

// ram is a file system in memory: clusters there neither make nor look for an inode on a disk, of which a database has
// three hundred.
const ram = "/dev/shm"

// enough is how many bytes must be free there: clusters of some packages at a time, and the rows of their largest
// tests.
const enough = 6 << 30

// root returns where clusters are made. A path of few bytes: that of a unix socket has a limit of about 100.
func root() string {
	var s unix.Statfs_t
	if unix.Statfs(ram, &s) == nil && s.Type == unix.TMPFS_MAGIC && s.Bavail*uint64(s.Bsize) >= enough {
		return ram
	}
	return disk
}
