package conninfo

import (
	"errors"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// unansweredFor ends connections on which what was sent is not acknowledged for
// so many milliseconds.
func unansweredFor(milliseconds int) func(network, address string, c syscall.RawConn) error {
	return func(network, _ string, c syscall.RawConn) error {
		if !strings.HasPrefix(network, "tcp") {
			return nil
		}
		var set error
		err := c.Control(func(fd uintptr) {
			set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, milliseconds)
		})
		return errors.Join(err, set)
	}
}
