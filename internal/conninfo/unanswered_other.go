//go:build !linux

package conninfo

import "syscall"

// unansweredFor does nothing where systems cannot do it, as libpq does.
func unansweredFor(int) func(network, address string, c syscall.RawConn) error { return nil }
