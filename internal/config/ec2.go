package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// The providers of machines.
const (
	ProviderDocker = "docker"
	ProviderEC2    = "ec2"
)

// EC2 is the part about machines on EC2. What is not said is as
// ec2.Options says.
type EC2 struct {
	Region        string
	Types         []string
	Image         string
	Subnets       []string
	SecurityGroup string
	SSH           []netip.Prefix
	Connect       string
	Spot          bool
	Disk          int
	Profile       string
	Binary        string             // offshoot for the machines, where it is not this one
	Prices        map[string]float64 // per hour, by instance type
}

func (e *EC2) fields() []field {
	return slices.Concat(e.instanceFields(), e.networkFields(), []field{
		{name: "spot", value: yesNo(&e.Spot), about: "ask for spot capacity first", absent: "`false`"},
		{name: "disk", value: within(&e.Disk, 8, 16384), about: "gigabytes of the root volume", absent: "`30`"},
		{
			name: "profile", value: text(&e.Profile),
			about: "name of an instance profile", absent: "none; the machine has no rights at AWS",
		},
		{
			name: "binary", value: text(&e.Binary),
			about:  "path of offshoot for the machines, where they are of another platform; `up --binary` wins over it",
			absent: "this one, or `offshoot-linux-ARCH` beside it",
		},
		{
			name: "prices", value: entries("<type>", e.price),
			about:  "what an hour of an instance type costs, for `offshoot list`",
			absent: "none is shown",
		},
	})
}

func (e *EC2) instanceFields() []field {
	return []field{
		{name: "region", value: text(&e.Region), about: "such as `eu-west-1`", absent: "AWS's own configuration"},
		{
			name: "type", value: texts(&e.Types),
			about:  "instance types, all of one architecture; the first to be had is taken",
			absent: "`[t3.large, t3a.large, m6i.large]`",
		},
		{
			name: "image", value: text(&e.Image),
			about: "`ubuntu` (24.04), `amazon-linux` (2023), or the id of an AMI, such as `offshoot bake` " +
				"[makes one](ec2.md#images)",
			absent: "`ubuntu`",
		},
	}
}

func (e *EC2) networkFields() []field {
	return []field{
		{
			name: "subnets", value: texts(&e.Subnets),
			about: "ids of subnets, all of one VPC", absent: "those of the default VPC",
		},
		{
			name: "security_group", value: text(&e.SecurityGroup),
			about: "id of a security group to use as it is", absent: "one that all machines share",
		},
		{
			name: "ssh", value: networks(&e.SSH),
			about:  "networks that may reach SSH, such as `203.0.113.0/24`",
			absent: "the address of whoever connects, for as long as that takes",
		},
		{
			name: "connect", value: text(&e.Connect).as(words("public", "private", "instance-connect-endpoint")),
			about: "how machines are [reached](ec2.md#networks): `public`, `private` (over a VPN, or from inside the " +
				"VPC; " +
				"needs `ec2.ssh`) or `instance-connect-endpoint`, for which no port is open to the world",
			absent: "`public`",
		},
	}
}

func provider(into *string) value {
	return value{schema: words(ProviderDocker, ProviderEC2), read: func(d *decoder, n node, where string) {
		var name string
		text(&name).read(d, n, where)
		if err := CheckProvider(name); err != nil {
			d.wrap(n, err)
			return
		}
		*into = name
	}}
}

// CheckProvider refuses the name of no provider; none at all is docker.
func CheckProvider(name string) error {
	switch name {
	case "", ProviderDocker, ProviderEC2:
		return nil
	}
	return hint.Usage(fmt.Errorf("unknown provider %q", name), "use provider: docker or ec2, or remove the line")
}

// networks reads CIDRs, or one as a list of one.
func networks(into *[]netip.Prefix) value {
	return value{schema: refer("texts"), read: func(d *decoder, n node, where string) {
		var given []string
		texts(&given).read(d, n, where)
		for _, network := range given {
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				d.problem(n, fmt.Sprintf("%s: %q is no network", where, network),
					"write it like 203.0.113.0/24, and one address like 203.0.113.7/32")
				continue
			}
			*into = append(*into, prefix.Masked())
		}
	}}
}

// price reads what an hour of an instance type costs, in whatever currency.
func (e *EC2) price(typ string) value {
	known := orVariable(&schema{Type: "number", Minimum: bound(0.0), Maximum: bound(1e6)})
	return value{schema: known, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "a price per hour")
		if !ok {
			return
		}
		price, err := strconv.ParseFloat(value, 64)
		if err != nil || price < 0 || price > 1e6 {
			d.problem(n, where+": not a price per hour", "write it like 0.0912")
			return
		}
		if e.Prices == nil {
			e.Prices = map[string]float64{}
		}
		e.Prices[typ] = price
	}}
}
