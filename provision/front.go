package provision

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// A Front is how the previews of a machine are reached from other computers:
// by HTTPS, with certificates, and port 80 leading there. The zero value is not
// at all: they are shown on the loopback interface only.
//
// The gateway keeps its front until it is removed with its last preview: an Up
// without one leaves that which is there.
type Front struct {
	// Domain is what the names of previews end with: shop-pr-12.<Domain>. A
	// wildcard record in DNS has to lead to the machine. "{ip}" in it stands for
	// the Address, written 203-0-113-7.
	Domain string `json:"domain,omitempty"`
	// Address is the machine's public address. Where no Domain is given, names
	// are made of it: shop-pr-12.203-0-113-7.sslip.io, which DNS servers of
	// sslip.io resolve to the address in the name.
	Address netip.Addr `json:"address,omitzero"`
	// ByAddress leaves names out: the services of the machine's only preview are
	// at its Address, told apart by port. The first is at HTTPS.
	ByAddress bool `json:"by_address,omitempty"`
	// Ports is how many ports are published for services beyond the first, from
	// Further on; 0: from 8443 on. An Up sees to it that there are enough.
	Ports   int `json:"ports,omitempty"`
	Further int `json:"further,omitempty"`
	// OneLabel names all services right below the Domain, where the certificate
	// that Given holds is good for them: api--shop-pr-12.<Domain>.
	OneLabel bool `json:"one_label,omitempty"`
	// Given is a certificate for all names below the Domain, and its key. The
	// gateway keeps it; nobody can read it back from here.
	Given gateway.Given `json:"given,omitzero"`
	// HTTP and HTTPS are the ports that are published; 0: 80 and 443. A
	// certificate authority asks on those two.
	HTTP  int `json:"http,omitempty"`
	HTTPS int `json:"https,omitempty"`
	// Bind is the address of the machine that they are published on; the zero
	// value: all of them.
	Bind netip.Addr `json:"bind,omitzero"`
	// ACME says where certificates come from.
	ACME gateway.ACME `json:"acme,omitzero"`
}

// addressZone has names for all addresses: https://sslip.io
const addressZone = "{ip}.sslip.io"

// maxDomain leaves room for two labels in front of it.
const maxDomain = 253 - 2*64

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Check refuses a front that no name can be made for.
func (f Front) Check() error {
	if f == (Front{}) {
		return nil
	}
	if f.ByAddress && (!f.Address.IsValid() || f.Domain != "" || f.OneLabel) {
		return errors.New("previews are at an address, or at names of a domain")
	}
	if f.Given != (gateway.Given{}) {
		if err := f.Given.Check(); err != nil {
			return err
		}
	}
	if !f.Address.IsValid() && (f.Domain == "" || strings.Contains(f.Domain, "{ip}")) {
		return errors.New("the names of previews need a domain, or the machine's address")
	}
	if zone := f.zone(); !domainName.MatchString(zone) || len(zone) > maxDomain {
		return hint.Usage(fmt.Errorf("%q is not a domain for previews", f.Domain), "write it like previews.example.com")
	}
	return f.ACME.Check()
}

// zone is what the names of previews end with.
func (f Front) zone() string {
	domain := f.Domain
	if domain == "" {
		domain = addressZone
	}
	address := strings.NewReplacer(".", "-", ":", "-").Replace(f.Address.String())
	return strings.ReplaceAll(strings.ToLower(domain), "{ip}", address)
}

// shown is what everybody may see of it, which labels and comparisons are made
// of: no key.
func (f Front) shown() Front {
	f.Given, f.ACME = gateway.Given{}, f.ACME.Shown()
	return f
}

func (f Front) httpPort() int  { return cmp.Or(f.HTTP, 80) }
func (f Front) httpsPort() int { return cmp.Or(f.HTTPS, 443) }

// firstFurther is the port of the second service at an address: one that more
// networks let through than others.
const firstFurther = 8443

// port is that of a service at an address, by its place among those shown.
func (f Front) port(place int) int {
	if place == 0 {
		return f.httpsPort()
	}
	return cmp.Or(f.Further, firstFurther) + place - 1
}

// An entrance is where the gateway of a machine answers.
type entrance struct {
	front Front // the zero value: on the loopback interface only
	port  int   // there
}

// String names it in an error.
func (e entrance) String() string {
	switch {
	case e.front.ByAddress:
		return e.front.Address.String()
	case e.public():
		return e.front.zone()
	}
	return "port " + strconv.Itoa(e.port)
}

// public tells whether other computers can come in.
func (e entrance) public() bool { return e.front != (Front{}) }

// site is the name that all services of a preview are shown at or below; empty
// where their names have no more in common than those of other previews.
func (e entrance) site(p Preview) string {
	switch {
	case !e.public():
		return ""
	case e.front.ByAddress:
		return e.front.Address.String()
	}
	return p.ID + "." + e.front.zone()
}

// pass is what the links and passwords of a generation are made for. Where the
// names of previews are made of an address they end with it: when the machine
// has another one, somebody else has this one, and browsers send them there.
func (e entrance) pass(g generation) string {
	if !e.public() || !e.front.ByAddress && e.front.Domain != "" && !strings.Contains(e.front.Domain, "{ip}") {
		return g.Pass
	}
	return g.Pass + "@" + e.front.Address.String()
}

// host is the name of one service of a preview: the preview's own for the first.
func (e entrance) host(p Preview, service string, first bool) string {
	switch {
	case !e.public():
		return p.Host(service, first)
	case first || e.front.ByAddress:
		return e.site(p)
	case e.front.OneLabel:
		return oneLabel(slug(service, 63, nil), p.ID) + "." + e.front.zone()
	}
	return slug(service, 63, nil) + "." + e.site(p)
}

// oneLabel names a service and its preview, which a certificate for *.<domain>
// is good for. What is too long for a label keeps the beginnings of both.
func oneLabel(service, id string) string {
	label := service + "--" + id
	if len(label) <= 63 {
		return label
	}
	const mostService, mostID = 15, 63 - 15 - len("--") - len("-") - hashLength
	short := func(text string, most int) string { return strings.Trim(text[:min(len(text), most)], "-") }
	return short(service, mostService) + "--" + short(id, mostID) + "-" + hashOf(label)
}

// link is the address of one service of a preview, by its place among those
// that are shown.
func (e entrance) link(p Preview, service string, place int) string {
	scheme, number, standard := "http", e.port, 80
	if e.public() {
		scheme, number, standard = "https", e.front.httpsPort(), 443
	}
	if e.front.ByAddress {
		number = e.front.port(place)
	}
	host := e.host(p, service, place == 0)
	switch {
	case number != standard && number != 0:
		host = net.JoinHostPort(host, strconv.Itoa(number))
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return scheme + "://" + host + "/"
}

// ports are what the engine publishes of the gateway's container: nothing else
// of a preview is.
func (e entrance) ports() nat.PortMap {
	if !e.public() {
		return nat.PortMap{gatewayPort: {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(e.port)}}}
	}
	bind := ""
	if e.front.Bind.IsValid() {
		bind = e.front.Bind.String()
	}
	ports := nat.PortMap{
		gatewayPort: {{HostIP: bind, HostPort: strconv.Itoa(e.front.httpPort())}},
		gatewayTLS:  {{HostIP: bind, HostPort: strconv.Itoa(e.front.httpsPort())}},
	}
	for place := range e.front.Ports { // one port inside: browsers say by which they came
		ports[gatewayTLS] = append(ports[gatewayTLS],
			nat.PortBinding{HostIP: bind, HostPort: strconv.Itoa(e.front.port(place + 1))})
	}
	return ports
}

// label is how the gateway's container remembers its front.
func (e entrance) label() string {
	if !e.public() {
		return ""
	}
	text, _ := json.Marshal(e.front.shown())
	return string(text)
}

// entranceOf reads back where a gateway answers.
func entranceOf(c container.InspectResponse) entrance {
	e := entrance{port: publishedPort(c)}
	if c.Config != nil && json.Unmarshal([]byte(c.Config.Labels[labelFront]), &e.front) == nil && e.public() {
		e.port = 0
	}
	return e
}

// wantedEntrance is where the gateway is to answer: as told, else where it
// does, else the default.
func (e Engine) wantedEntrance(current container.InspectResponse) entrance {
	now := entranceOf(current)
	if e.Front != (Front{}) {
		front := e.Front.shown()
		if front.ByAddress && now.front.ByAddress { // they are the links of what serves
			front.Ports = max(front.Ports, now.front.Ports)
		}
		return entrance{front: front}
	}
	if now.public() {
		return now
	}
	return entrance{port: e.wantedPort(current)}
}
