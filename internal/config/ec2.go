package config

import (
	"fmt"
	"net/netip"
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
	return []field{
		{name: "region", decode: text(&e.Region)},
		{name: "type", decode: texts(&e.Types)},
		{name: "image", decode: text(&e.Image)},
		{name: "subnets", decode: texts(&e.Subnets)},
		{name: "security_group", decode: text(&e.SecurityGroup)},
		{name: "ssh", decode: networks(&e.SSH)},
		{name: "connect", decode: text(&e.Connect)},
		{name: "spot", decode: yesNo(&e.Spot)},
		{name: "disk", decode: within(&e.Disk, 8, 16384)},
		{name: "profile", decode: text(&e.Profile)},
		{name: "binary", decode: text(&e.Binary)},
		{name: "prices", decode: entries(func(name string) decodeFunc { return e.price(name) })},
	}
}

func provider(into *string) decodeFunc {
	return func(d *decoder, n node, where string) {
		var name string
		text(&name)(d, n, where)
		if err := CheckProvider(name); err != nil {
			d.wrap(n, err)
			return
		}
		*into = name
	}
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
func networks(into *[]netip.Prefix) decodeFunc {
	return func(d *decoder, n node, where string) {
		var given []string
		texts(&given)(d, n, where)
		for _, network := range given {
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				d.problem(n, fmt.Sprintf("%s: %q is no network", where, network),
					"write it like 203.0.113.0/24, and one address like 203.0.113.7/32")
				continue
			}
			*into = append(*into, prefix.Masked())
		}
	}
}

// price reads what an hour of an instance type costs, in whatever currency.
func (e *EC2) price(typ string) decodeFunc {
	return func(d *decoder, n node, where string) {
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
	}
}
