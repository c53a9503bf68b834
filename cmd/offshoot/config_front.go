package main

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// front is how other computers reach the previews of a machine: where a domain
// is configured, or the machine has a public address.
func (c *Config) front(address netip.Addr) provision.Front {
	if c.Preview.Domain == "" && !address.IsValid() {
		return provision.Front{}
	}
	return provision.Front{Domain: c.Preview.Domain, Address: address, ACME: c.Preview.ACME}
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

// public reads whether everybody who can reach a preview may see it.
func (p *PreviewConfig) public(d *decoder, n node, where string) {
	if n.isNull() {
		return
	}
	var value bool
	yesNo(&value)(d, n, where)
	p.Public = &value
}

func acmeFields(acme *gateway.ACME) []field {
	return []field{
		{name: "directory", decode: directory(&acme.Directory)},
		{name: "email", decode: text(&acme.Email)},
		{name: "roots", decode: text(&acme.Roots)},
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
