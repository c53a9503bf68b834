package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
)

// commandResolver prints the address of the first DNS server in resolv.conf that
// is not on this host, or nothing. In a network of its own making the engine
// answers names itself, first of all those of containers; a container in the
// network "bridge" is told the servers of the machine.
func commandResolver(stdout io.Writer) error {
	file, err := os.Open("/etc/resolv.conf")
	if err != nil {
		return fmt.Errorf("gateway resolver: %w", err)
	}
	defer file.Close()
	server, err := firstServer(file)
	if err != nil {
		return fmt.Errorf("gateway resolver: %w", err)
	}
	_, err = fmt.Fprintln(stdout, server)
	return err
}

func firstServer(resolvConf io.Reader) (string, error) {
	lines := bufio.NewScanner(resolvConf)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if server, err := netip.ParseAddr(fields[1]); err == nil && !server.IsLoopback() {
			return netip.AddrPortFrom(server, 53).String(), nil
		}
	}
	return "", lines.Err()
}
