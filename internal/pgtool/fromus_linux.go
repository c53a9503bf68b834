package pgtool

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// fromUs tells whether a connection to a door comes from a process of our user: any
// on this computer can connect to its ports. The kernel knows whose each is.
// https://docs.kernel.org/networking/proc_net_tcp.html
func fromUs(conn net.Conn) bool {
	from, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return true // a socket in a folder of ours
	}
	to := conn.LocalAddr().(*net.TCPAddr)
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return true // the server still asks for the password
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 7 && f[1] == kernels(from) && f[2] == kernels(to) {
			return f[7] == strconv.Itoa(os.Getuid())
		}
	}
	return false
}

// kernels writes an address as the kernel's table has it.
func kernels(a *net.TCPAddr) string {
	ip := a.IP.To4()
	return fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], a.Port)
}
