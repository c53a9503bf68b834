package machinetest_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/machine/machinetest"
)

var _ machine.Provider = (*machinetest.Memory)(nil)

func TestMemory_Conforms(t *testing.T) {
	machinetest.Conformance(t, func(*testing.T) machinetest.Subject {
		return machinetest.Subject{Provider: &machinetest.Memory{}}
	})
}
