package stall_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/stall"
)

// The kernel asks the other one four times in a minute; what a server does
// between two bytes is its own business.
func TestPatient_AsksForLifeWithinAMinute(t *testing.T) {
	c, err := stall.Patient().DialContext(t.Context(), "tcp", standing(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	value := func(level, option int) (n int) {
		if err := raw.Control(func(fd uintptr) { n, err = syscall.GetsockoptInt(int(fd), level, option) }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	on := value(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE)
	idle, interval, count := value(syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE), value(syscall.IPPROTO_TCP,
		syscall.TCP_KEEPINTVL), value(syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT)
	if on == 0 || time.Duration(idle+interval*count)*time.Second != stall.After {
		t.Errorf("on %d, after %d s, each %d s, %d times", on, idle, interval, count)
	}
}
