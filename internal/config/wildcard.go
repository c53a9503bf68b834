package config

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/store"
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

func (p *Preview) updateFields() []field {
	u := &p.Wildcard.Update
	return []field{
		{name: "server", decode: text(&u.Server)},
		{name: "key_name", decode: text(&u.KeyName)},
		{name: "key", decode: mayBeUnset(text(&u.Key), &p.EnvironmentUnset)},
		{name: "algorithm", decode: text(&u.Algorithm)},
	}
}

func dnsProvider(into *string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var name string
		text(&name)(d, n, where)
		if name != "" && name != wildcard.Route53 && name != wildcard.Update {
			d.problem(n, fmt.Sprintf("%s: unknown provider of DNS %q", where, name), "use "+wildcard.Route53+" or "+wildcard.Update)
			return
		}
		*into = name
	}
}

func bucketFolder(into *string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var folder string
		text(&folder)(d, n, where)
		if _, err := store.Parse(strings.TrimSuffix(folder, "/") + "/x"); folder != "" && err != nil {
			d.problem(n, where+": not a folder of a bucket", "write it like s3://bucket/folder")
			return
		}
		*into = folder
	}
}
