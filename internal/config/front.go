package config

import (
	"net/netip"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

// Front is how other computers reach the previews of a machine: where a domain
// is configured, or the machine has a public address.
func (c *Config) Front(address netip.Addr) provision.Front {
	if c.Preview.Domain == "" && !address.IsValid() {
		return provision.Front{}
	}
	front := provision.Front{Domain: c.Preview.Domain, Address: address, ACME: c.Preview.ACME}
	if c.Stranger && address.IsValid() { // a machine that is the stranger's, as far as one knows
		front.ACME = front.ACME.WithoutAccounts()
	}
	front.OneLabel = c.wildcard(address)
	front.ByAddress = c.Preview.Domain == "" && public(address) && front.ACME.Addresses()
	return front
}

// shared are the addresses that a network has for itself beside the private
// ones: https://www.rfc-editor.org/rfc/rfc6598
var shared = netip.MustParsePrefix("100.64.0.0/10")

// public tells whether an authority can reach an address, and so certify it.
func public(address netip.Addr) bool {
	address = address.Unmap()
	return address.IsGlobalUnicast() && !address.IsPrivate() && !shared.Contains(address)
}

// domain reads what the names of previews end with.
func domain(into *string) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		var name string
		text(&name).read(d, n, where)
		front := provision.Front{Domain: name, Address: netip.IPv4Unspecified()} // whatever {ip} will be
		if err := front.Check(); name != "" && err != nil {
			d.problem(n, where+": "+err.Error(), strings.Join(hint.Of(err), "; "))
			return
		}
		*into = name
	}}
}

// openToAll reads whether everybody who can reach a preview may see it.
func (p *Preview) openToAll() value {
	var open bool
	v := yesNo(&open)
	return value{schema: v.schema, read: func(d *decoder, n node, where string) {
		v.read(d, n, where)
		p.Public = &open
	}}
}
