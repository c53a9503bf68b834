package compose

import (
	"crypto/sha256"
	"net/netip"

	"github.com/compose-spec/compose-go/v2/types"
)

// networks makes every network the generation's own, with an address range that
// the engine picks.
func networks(e *edit) {
	leaveBridge(e)
	for _, key := range e.NetworkNames() {
		n := e.Networks[key]
		switch {
		case bool(n.External):
			e.changed("", "network "+key+" is not the external "+n.Name+" but a new one",
				"a preview is cut off from what else runs on the machine")
			n = types.NetworkConfig{}
		case n.Name != "" && n.Name != e.Name+"_"+key:
			e.usual("", "network "+n.Name+" is "+e.ProjectName()+"_"+key, "generations run side by side")
		}
		n.Name = e.ProjectName() + "_" + key
		if len(n.Ipam.Config) > 0 {
			n.Ipam.Config = nil
			e.changed("", "network "+key+" has no fixed address range", "generations run side by side")
		}
		if n.EnableIPv6 != nil && *n.EnableIPv6 {
			n.Ipam.Config = []*types.IPAMPool{{Subnet: localRange(n.Name)}}
		}
		if _, fixed := n.DriverOpts["com.docker.network.bridge.name"]; fixed {
			delete(n.DriverOpts, "com.docker.network.bridge.name")
			e.usual("", "network "+key+" has no fixed bridge name", "generations run side by side")
		}
		e.Networks[key] = n
	}
	dropAddresses(e)
}

// localRange is a range of IPv6 addresses for the network alone: of those that
// anybody may choose at random (RFC 4193). Engines before 27 have none to give.
func localRange(network string) string {
	sum := sha256.Sum256([]byte(network))
	address := [16]byte{0xfd}
	copy(address[1:8], sum[:])
	return netip.PrefixFrom(netip.AddrFrom16(address), 64).String()
}

// leaveBridge moves services from the engine's default bridge, where they could
// reach other previews, to the project's own network.
func leaveBridge(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		if s.NetworkMode != "bridge" && s.NetworkMode != "default" {
			return
		}
		e.changed(s.Name, "network_mode "+s.NetworkMode+" is the project's default network",
			"other previews share the engine's bridge")
		s.NetworkMode = ""
		s.Networks = map[string]*types.ServiceNetworkConfig{"default": nil}
		if e.Networks == nil {
			e.Networks = types.Networks{}
		}
		if _, ok := e.Networks["default"]; !ok {
			e.Networks["default"] = types.NetworkConfig{}
		}
	})
}

func dropAddresses(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		for _, key := range sorted(s.Networks) {
			n := s.Networks[key]
			if n == nil || n.Ipv4Address == "" && n.Ipv6Address == "" {
				continue
			}
			n.Ipv4Address, n.Ipv6Address = "", ""
			e.changed(s.Name, "no fixed address in network "+key, "generations run side by side")
		}
	})
}
