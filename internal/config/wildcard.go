package config

import (
	"net/netip"

	"github.com/offshoot-dev/offshoot/provision/wildcard"
)

// Wildcard is the part about one certificate for all names below the
// domain. The zero value: each name has its own.
type Wildcard struct {
	DNS    string // the provider
	Store  string // the folder of a bucket
	Update wildcard.UpdateServer
}

// wildcard tells whether the names of a machine are those of one certificate. A
// machine that a stranger has for itself is handed no key of others' names.
func (c *Config) wildcard(address netip.Addr) bool {
	return c.Preview.Wildcard.DNS != "" && (!c.Stranger || !address.IsValid())
}
