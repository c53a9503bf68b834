package config

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/gateway"
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
func domain(into *string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var name string
		text(&name)(d, n, where)
		front := provision.Front{Domain: name, Address: netip.IPv4Unspecified()} // whatever {ip} will be
		if err := front.Check(); name != "" && err != nil {
			d.problem(n, where+": "+err.Error(), strings.Join(hint.Of(err), "; "))
			return
		}
		*into = name
	}
}

// openToAll reads whether everybody who can reach a preview may see it.
func (p *Preview) openToAll(d *decoder, n node, where string) {
	if n.isNull() {
		return
	}
	var value bool
	yesNo(&value)(d, n, where)
	p.Public = &value
}

func (p *Preview) acmeFields() []field {
	return append(p.authorityFields(&p.ACME.Authority),
		field{name: "dns", decode: dnsProvider(&p.Wildcard.DNS)},
		field{name: "store", decode: bucketFolder(&p.Wildcard.Store)},
		field{name: "update", fields: p.updateFields()},
		field{name: "email", decode: text(&p.ACME.Email)},
		field{name: "second", fields: p.authorityFields(&p.ACME.Second)},
	)
}

func (p *Preview) authorityFields(a *gateway.Authority) []field {
	return []field{
		{name: "directory", decode: directory(&a.Directory)},
		{name: "roots", decode: text(&a.Roots)},
		{name: "profile", decode: text(&a.Profile)},
		{name: "key_id", decode: mayBeUnset(text(&a.KeyID), &p.EnvironmentUnset)},
		{name: "key", decode: mayBeUnset(text(&a.Key), &p.EnvironmentUnset)},
	}
}

// directory reads the address of a certificate authority, which is asked by
// HTTPS alone.
func directory(into *string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var address string
		text(&address)(d, n, where)
		if parsed, err := url.Parse(address); address != "" && (err != nil || parsed.Scheme != "https" || parsed.Host == "") {
			d.problem(n, where+": not an https address", "write it like https://acme.example.com/directory")
			return
		}
		*into = address
	}
}
