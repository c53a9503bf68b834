//go:build !linux

package pgtool

import "net"

// fromUs lets every process of this computer in where its system does not say whose a
// connection is: the server still asks for the password.
func fromUs(net.Conn) bool { return true }
