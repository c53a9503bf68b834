package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/store"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/provision/wildcard"
)

func (p *Preview) acmeFields() []field {
	return append(p.authorityFields(&p.ACME.Authority), []field{
		{
			name: "dns", value: dnsProvider(&p.Wildcard.DNS),
			about: "who has the domain's DNS: `route53`, or `rfc2136`, a server that takes signed updates. " +
				"[One certificate](previews.md#certificates) for all names below the domain is then asked for, " +
				"and names are one label",
			absent: "each name has its own",
		},
		{
			name: "store", value: bucketFolder(&p.Wildcard.Store),
			about: "the folder of a bucket to keep that certificate in, encrypted with `OFFSHOOT_CERTIFICATE_KEY`: " +
				"`s3://bucket/folder`",
			absent: "none; it is needed with `dns`",
		},
		{name: "update", value: section(p.updateFields()), about: "the DNS server that takes updates, for `rfc2136`"},
		{
			name: "email", value: text(&p.ACME.Email),
			about: "where the authorities write to", absent: "none",
		},
		{
			name: "second", value: section(p.authorityFields(&p.ACME.Second)),
			about: "the authority to ask where the first refuses, such as when its limits are reached",
		},
	}...)
}

func (p *Preview) authorityFields(a *gateway.Authority) []field {
	first, profile := "Let's Encrypt", "`shortlived` at Let's Encrypt, none elsewhere"
	if a == &p.ACME.Second {
		first, profile = "none is asked", "none"
	}
	return []field{
		{
			name: "directory", value: directory(&a.Directory),
			about: "the certificate authority's directory, by https", absent: first,
		},
		{
			name: "roots", value: text(&a.Roots),
			about:  "certificates in PEM to check the authority's own server by",
			absent: "those that the system knows",
		},
		{
			name: "profile", value: text(&a.Profile),
			about: "the authority's profile of certificates for addresses: that it has one; " +
				"see [Certificates](previews.md#certificates)",
			absent: profile,
		},
		{
			name: "key_id", value: mayBeUnset(text(&a.KeyID), &p.EnvironmentUnset),
			about:  "the account that the authority binds ours to (external account binding), where it wants that",
			absent: "none",
		},
		{
			name: "key", value: mayBeUnset(text(&a.Key), &p.EnvironmentUnset),
			about: "the key of that account, in base64url; a secret", absent: "none",
		},
	}
}

// directory reads the address of a certificate authority, which is asked by
// HTTPS alone.
func directory(into *string) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		var address string
		text(&address).read(d, n, where)
		parsed, err := url.Parse(address)
		if address != "" && (err != nil || parsed.Scheme != "https" || parsed.Host == "") {
			d.problem(n, where+": not an https address", "write it like https://acme.example.com/directory")
			return
		}
		*into = address
	}}
}

func (p *Preview) updateFields() []field {
	u := &p.Wildcard.Update
	return []field{
		{name: "server", value: text(&u.Server), about: "its address, with a port other than 53", absent: "none"},
		{name: "key_name", value: text(&u.KeyName), about: "the name of the TSIG key", absent: "none"},
		{
			name: "key", value: mayBeUnset(text(&u.Key), &p.EnvironmentUnset),
			about: "the TSIG key, in base64; a secret", absent: "none",
		},
		{
			name: "algorithm", value: text(&u.Algorithm),
			about: "the algorithm of the TSIG key", absent: "`hmac-sha256`",
		},
	}
}

func dnsProvider(into *string) value {
	return value{schema: words(wildcard.Route53, wildcard.Update), read: func(d *decoder, n node, where string) {
		var name string
		text(&name).read(d, n, where)
		if name != "" && name != wildcard.Route53 && name != wildcard.Update {
			d.problem(n, fmt.Sprintf("%s: unknown provider of DNS %q", where, name),
				"use "+wildcard.Route53+" or "+wildcard.Update)
			return
		}
		*into = name
	}}
}

func bucketFolder(into *string) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		var folder string
		text(&folder).read(d, n, where)
		if _, err := store.Parse(strings.TrimSuffix(folder, "/") + "/x"); folder != "" && err != nil {
			d.problem(n, where+": not a folder of a bucket", "write it like s3://bucket/folder")
			return
		}
		*into = folder
	}}
}
